"""Compiles a sentence-transformers model of the BERT kind to int8 ONNX, once.

The work is done in a child process, so that torch's memory goes back to the system. What it
makes is moved into place in one step; a folder that is half-written or was tampered with is
recognised by its hashes and made anew.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from recommender_models.errors import CompileError
from recommender_models.manifest import max_tokens, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1
FILES = ("model.onnx", "tokenizer.json")
TIME_LIMIT_S = 900


def is_compiled(folder: Path) -> bool:
    """Whether a folder holds a whole compilation, hash for hash."""
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        return meta["format"] == FORMAT and all(
            meta["sha256"][name] == sha256(folder / name) for name in FILES
        )
    except Exception as error:  # whatever is wrong with it, it is no compilation
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return False


def compile_once(source: Path, folder: Path, notice: Callable[[str], None]) -> None:
    """Make `folder` hold the compiled model of `source`, if it does not yet.

    Two processes may call this at once: one works, the other waits.

    Raises:
        CompileError: It failed (also a full disk); nothing half-written is left.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_compiled(folder):
                notice("Compiling the model; this happens once and takes about half a minute …")
                _compile(source, folder)
    except OSError as error:
        raise CompileError(
            f"the compiled model can't be kept in {folder.parent}: {error.strerror or error}"
        ) from error


def _compile(source: Path, folder: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    try:
        _run_child(source, work)
        hashes = {name: sha256(work / name) for name in FILES}
        meta = {"format": FORMAT, "sha256": hashes, "max_tokens": max_tokens(source)}
        (work / "meta.json").write_text(json.dumps(meta, indent=2), "utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run_child(source: Path, work: Path) -> None:
    command = [sys.executable, "-m", "recommender_models.onnx_export", str(source), str(work)]
    try:
        done = subprocess.run(  # noqa: S603  (our own module, no shell)
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CompileError("compiling the model took longer than 15 minutes") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        last = lines[-1] if lines else f"the process ended with {done.returncode}"
        raise CompileError(f"the model could not be compiled: {last}")
