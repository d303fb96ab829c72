"""`sawthis extension`: the browser extension where a browser can load it from."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from recommender.services.unpacking import shipped
from tests.conftest import Sawthis

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cli(tmp_path: Path) -> Sawthis:
    """The command line, with no library: the extension needs none."""
    return Sawthis(tmp_path / "no library")


def held(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_unpacks_and_says_what_comes_next(cli: Sawthis, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "extension ü"
    done = cli.run("extension", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}\n"
    for step in ("chrome://extensions", "Load unpacked", "about:debugging", "sawthis pair"):
        assert step in done.stderr
    assert held(folder) == shipped()
    assert not cli.data_dir.exists()


def test_replaces_its_own_earlier_copy(cli: Sawthis, tmp_path: Path) -> None:
    folder = tmp_path / "extension"
    cli.ok("extension", "--out", str(folder))
    (folder / "popup.js").write_text("of an older version")
    (folder / "gone.js").write_text("of an older version")
    told = json.loads(cli.ok("extension", "--out", str(folder), "--json"))
    assert told == {"path": str(folder), "files": len(shipped())}
    assert held(folder) == shipped()


def test_finishes_a_copy_that_was_interrupted(cli: Sawthis, tmp_path: Path) -> None:
    (name, content), *_ = shipped().items()
    (tmp_path / name).write_bytes(content)
    cli.ok("extension", "--out", str(tmp_path))
    assert held(tmp_path) == shipped()


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"manifest_version": 3}'])
def test_leaves_what_is_somebody_elses(cli: Sawthis, tmp_path: Path, manifest: str) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    assert "holds something else" in cli.fails("extension", "--out", str(folder))
    assert held(folder) == {"manifest.json": manifest.encode()}


def test_leaves_a_file_that_was_put_into_a_copy(cli: Sawthis, tmp_path: Path) -> None:
    cli.ok("extension", "--out", str(tmp_path))
    (tmp_path / "diary.txt").write_text("mine")
    assert "diary.txt" in cli.fails("extension", "--out", str(tmp_path))
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_packs_the_same_bytes_each_time(cli: Sawthis, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "deeper" / "second.zip"
    for file in (first, second, second):
        cli.ok("extension", "--zip", str(file))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == shipped()
    assert [path.name for path in second.parent.iterdir()] == ["second.zip"]


def test_packs_over_nothing_but_a_copy(cli: Sawthis, tmp_path: Path) -> None:
    file = tmp_path / "thesis.zip"
    file.write_bytes(b"four years of work")
    assert "something else" in cli.fails("extension", "--zip", str(file))
    assert file.read_bytes() == b"four years of work"


def test_says_what_it_cannot_write(cli: Sawthis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for option in ("--out", "--zip"):
        said = cli.fails("extension", option, str(tmp_path / "file" / "below"))
        assert "can't be written" in said


def test_wants_one_place(cli: Sawthis, tmp_path: Path) -> None:
    both = ("--out", str(tmp_path / "a"), "--zip", str(tmp_path / "b.zip"))
    for args in ((), both):
        assert "--out DIR or --zip FILE" in cli.fails("extension", *args, code=2)
