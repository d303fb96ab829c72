"""How the command line prints: JSON, tables, notes, progress.

Rich is imported only for a terminal; piped output is plain.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recommender.services.progress import Progress


# What steers a terminal or the direction of a line, and JSON leaves as it is.
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HARMLESS = "\n\t\u00ad\u200c\u200d"
"""Line breaks, and what joins or may divide letters in many scripts."""


def emit_json(value: Any) -> None:  # noqa: ANN401  (anything JSON can say)
    """Print a value as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    print(_STEERING.sub(lambda match: f"\\u{ord(match.group()):04x}", text))


def say(text: str = "") -> None:
    """Print a line of data, without what could steer a terminal."""
    print(safe(text))


def note(text: str) -> None:
    """Print a message for the user, beside the data."""
    print(safe(text), file=sys.stderr, flush=True)


def safe(text: str) -> str:
    """A text without control characters: titles come from strangers, terminals obey escapes."""
    return "".join(c if c in _HARMLESS or c.isprintable() else " " for c in text)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows: a Rich table on a terminal, else columns divided by tabs."""
    cells = [["" if cell is None else safe(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        print("\t".join(columns))
        for row in cells:
            print("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)


def heading(text: str) -> None:
    """Print a line that stands out on a terminal."""
    line = safe(text)
    print(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on a terminal, plain lines (a few a stage) otherwise; both on stderr."""
    if sys.stderr.isatty():
        with _bars() as advance:
            yield advance
    else:
        yield _lines()


def progress_lines(stage: str, done: int, total: int) -> None:
    """Progress as a JSON line on stderr, for the program that started us."""
    print(json.dumps({"stage": stage, "done": done, "total": total}), file=sys.stderr, flush=True)


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield advance


def _lines() -> Progress:
    shown: dict[str, int] = {}

    def advance(stage: str, done: int, total: int) -> None:
        quarter = 4 * done // max(total, 1)
        if shown.get(stage) != quarter and (quarter > 0 or stage not in shown):
            shown[stage] = quarter
            note(f"{stage}: {done} of {total}")

    return advance
