"""A full disk under the database is said and loses nothing; with room again, it goes on."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recommender.errors import StorageError
from recommender.storage.postgres import open_postgres
from recommender.testing import make_contact
from tests.conftest import Sawthis
from tests.postgres import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_MB = 160


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory."""
    # Not in pytest's folder: others can't pass through that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    options = ["-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(["mount", *options], capture_output=True, check=False)
    if done.returncode:
        folder.rmdir()
        pytest.skip("a small disk can't be mounted by this user: the full disk is not tried")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_is_said_and_outlived(tmp_path: Path, model_cache: Path) -> None:
    with (
        small_disk() as disk,
        Server.make(tmp_path, base=disk, max_wal_size="48MB", min_wal_size="32MB") as server,
    ):
        url = server.create()
        storage = open_postgres(url)
        storage.people.add_contact("me", make_contact())
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 2**16)
            except OSError:
                pass
        n_added = _add_until_full(storage.people.add_contact)
        assert storage.check() is not None
        assert "full" in str(storage.check())
        home = tmp_path / "home"
        home.mkdir()
        (home / "models").symlink_to(model_cache)
        library = Sawthis(home, {"SAWTHIS_DATABASE": url})
        findings = json.loads(library.run("doctor", "--json").stdout)["findings"]
        (database,) = [one for one in findings if one["name"] == "database"]
        assert database["state"] == "fault"
        assert "is full" in database["detail"]
        assert "export" not in database["advice"]
        assert len(storage.people.contacts("me")) == 1 + n_added  # reading goes on

        ballast.unlink()
        storage.people.add_contact("me", make_contact("after", slug="after"))
        assert len(storage.people.contacts("me")) == 2 + n_added
        assert storage.check() is None
        storage.close()


def _add_until_full(add: object) -> int:
    """How many could be added before the disk was full; the one that could not is not there."""
    notes = "x" * 7_000
    for number in range(20_000):
        contact = make_contact(f"c-{number}", slug=f"c-{number}", notes=f"{number} {notes}")
        try:
            add("me", contact)  # type: ignore[operator]
        except StorageError as error:
            assert "is full" in str(error), error
            return number
    raise AssertionError("the disk is never full")
