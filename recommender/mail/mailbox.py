"""Letters out of the mail a person has on disk: an mbox, an .eml file, or a folder of them.

Only headers are read, so a large mailbox is read quickly and nothing private is held. The caller
logs touches from what comes out.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from recommender.errors import InvalidInput
from recommender.mail.letters import BadLetter, Letter, read_letter
from recommender.mail.mbox import is_mbox, mbox_blocks, single_block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from recommender.mail.mbox import Block

__all__ = ["BadLetter", "Letter", "read_letters"]


def read_letters(path: Path, *, now: datetime) -> Iterator[Letter | BadLetter]:
    """The letters of a file or a folder, those with the same Message-ID once.

    Args:
        path: An mbox, a file with one letter, or a folder, searched for .eml and .mbox files and
            for Maildirs at any depth. Links in a folder are not followed; hidden files are
            skipped, and hidden folders too unless they are Maildirs (".Sent").
        now: Aware; a letter can't be from later.

    Yields:
        In the order of the file, or of the names in a folder. What can't be read in a folder is a
        BadLetter, and the others go on.

    Raises:
        InvalidInput: Nothing there can be read; raised when the first letter is asked for.
    """
    seen: set[str] = set()
    for one in _all_letters(path, now):
        if isinstance(one, Letter) and one.message_id:
            if one.message_id in seen:
                continue
            seen.add(one.message_id)
        yield one


def _all_letters(path: Path, now: datetime) -> Iterator[Letter | BadLetter]:
    try:
        if _is_folder(path):
            yield from _of_folder(path, now)
        else:
            yield from _of_file(path, _shown(path), now)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _is_folder(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a zero byte in the name
        raise _unreadable(path, str(error)) from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise _unreadable(path, "it is neither a file nor a folder")
    return stat.S_ISDIR(mode)


def _unreadable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{_shown(path)} can't be read ({reason}); name an mbox, an .eml file or a folder of them"
    )


def _of_folder(root: Path, now: datetime) -> Iterator[Letter | BadLetter]:
    os.scandir(root).close()  # the folder itself must be readable; one inside it need not be
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield BadLetter(_shown(folder.relative_to(root)), f"can't be read ({error.strerror})")
            continue
        is_maildir = _is_maildir_part(folder)
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(folder / entry.name)
            elif entry.is_file(follow_symlinks=False) and _is_letter(entry.name, is_maildir):
                yield from _of_member(folder / entry.name, root, now)
        waiting.extend(one for one in reversed(folders) if _is_searched(one))


def _of_member(path: Path, root: Path, now: datetime) -> Iterator[Letter | BadLetter]:
    where = _shown(path.relative_to(root))
    try:
        yield from _of_file(path, where, now)
    except OSError as error:  # a mail program moves files while they are read
        yield BadLetter(where, f"can't be read ({error.strerror})")


def _of_file(path: Path, where: str, now: datetime) -> Iterator[Letter | BadLetter]:
    with path.open("rb") as file:
        for place, block in _blocks(file, path.suffix.casefold() == ".eml"):
            yield read_letter(block, f"{where}{place}", now=now)


def _blocks(file: BinaryIO, is_single: bool) -> Iterator[tuple[str, Block]]:
    """Each header with its place in the file, in words."""
    if is_single or not is_mbox(file):
        file.seek(0)
        yield "", single_block(file)
        return
    file.seek(0)
    for number, block in enumerate(mbox_blocks(file), start=1):
        yield f", letter {number}", block


def _is_letter(name: str, is_maildir: bool) -> bool:
    if name.startswith("."):
        return False
    folded = name.casefold()
    return is_maildir or folded.endswith((".eml", ".mbox")) or folded == "mbox"


def _is_maildir_part(folder: Path) -> bool:
    return folder.name in {"cur", "new"} and _is_maildir(folder.parent)


def _is_maildir(folder: Path) -> bool:
    try:
        return (folder / "cur").is_dir() and (folder / "new").is_dir()
    except OSError:
        return False


def _is_searched(folder: Path) -> bool:
    return not folder.name.startswith(".") or _is_maildir(folder)


def _shown(path: Path) -> str:
    """A path that can be printed, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "replace")
