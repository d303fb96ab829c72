"""The browser extension that lies in this package, unpacked to where a browser loads it from.

A copy may be unpacked over its elder; whatever else is in the way stays.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile, ZipInfo

from recommender.errors import ConflictError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

MANIFEST = "manifest.json"
EXTENSION_ID = "extension@sawthis.example"
SUFFIXES = frozenset({".js", ".html", ".css", ".json", ".png", ".svg", ".md"})
"""What an extension of ours consists of; anything else in a folder is somebody's own."""
OLDEST = (1980, 1, 1, 0, 0, 0)


def shipped() -> dict[str, bytes]:
    """The extension's files by their names, the manifest first: what a copy is known by."""
    root = files("recommender") / "extension"
    found = dict(sorted(_walk(root, "")))
    return {MANIFEST: found.pop(MANIFEST), **found}


def unpack(folder: Path) -> int:
    """Unpack the extension; the number of its files.

    The manifest is written first, so that a copy that was interrupted is known and replaced.

    Raises:
        ConflictError: The folder holds something else.
        InvalidInput: It can't be written.
    """
    wanted = shipped()
    try:
        stale = _known_files(folder) - set(wanted)
        for name, content in wanted.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name in stale:
            (folder / name).unlink()
    except OSError as error:
        raise InvalidInput(f"{folder} can't be written: {error.strerror}") from error
    return len(wanted)


def pack(file: Path) -> int:
    """Write the extension as a zip file, the same to the byte each time; the number of its files.

    Raises:
        ConflictError: The file is something else.
        InvalidInput: It can't be written.
    """
    wanted = shipped()
    try:
        if file.exists() and not _is_ours(_manifest_in(file)):
            raise ConflictError(f"{file} is something else; name a file that is not there yet")
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        # Stored, not deflated: how well a library packs is its own affair.
        with ZipFile(part, "w") as archive:
            for name, content in wanted.items():
                info = ZipInfo(name, OLDEST)
                info.external_attr = 0o644 << 16
                archive.writestr(info, content)
        part.replace(file)
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from error
    return len(wanted)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif Path(entry.name).suffix in SUFFIXES:
            yield prefix + entry.name, entry.read_bytes()


def _known_files(folder: Path) -> set[str]:
    """The files of an earlier copy."""
    if not folder.exists():
        return set()
    manifest = folder / MANIFEST
    if not (manifest.is_file() and _is_ours(manifest.read_bytes())):
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} holds something else; name an empty folder")
        return set()
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    for name in sorted(names):
        if Path(name).suffix not in SUFFIXES:
            raise ConflictError(f"{folder} also holds {name}; put that elsewhere")
    return names


def _manifest_in(file: Path) -> bytes:
    try:
        with ZipFile(file) as archive:
            return archive.read(MANIFEST)
    except (BadZipFile, KeyError):
        return b""


def _is_ours(manifest: bytes) -> bool:
    try:
        told = json.loads(manifest)
        return bool(told["browser_specific_settings"]["gecko"]["id"] == EXTENSION_ID)
    except (ValueError, KeyError, TypeError):
        return False
