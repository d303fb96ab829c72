"""The health of a network as a picture: one line a person, a dot for each touch. SVG.

The filled dot is the user's, the hollow one theirs; the stretch since the last touch is red where
it is longer than usual. A table with the same facts stands beside it wherever it is shown.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from recommender.services.standing import Person, Standing

WIDTH = 760
ROW = 34
NAME_WIDTH = 190
TOP = 86
MARGIN = 24
MOST_ROWS = 60
YEAR = 365
PAPER, INK, QUIET, TEAL, RED = "#faf7f1", "#23282b", "#8b8578", "#1f6f6b", "#b4472f"


def rhythm_svg(standing: Standing) -> str:
    """A picture of the last twelve months, the latest people first, at most sixty of them."""
    people = standing.people[:MOST_ROWS]
    height = TOP + ROW * max(1, len(people)) + MARGIN
    lines = [_line(n, person, standing.day) for n, person in enumerate(people)]
    title = f"{round(100 * standing.gauge.share)} % of {standing.gauge.people} people"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' width="{WIDTH}" height="{height}" role="img" aria-labelledby="t"'
            ' font-family="system-ui, sans-serif" font-size="14">',
            f'<title id="t">{title} heard from you within twelve months</title>',
            f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
            f'<text x="{MARGIN}" y="36" font-size="20" fill="{INK}">{title}'
            " heard from you within twelve months</text>",
            _gauge(standing.gauge.share),
            *lines,
            "</svg>",
            "",
        ]
    )


def _gauge(share: float) -> str:
    width = WIDTH - 2 * MARGIN
    return (
        f'<rect x="{MARGIN}" y="52" width="{width}" height="8" rx="4" fill="{QUIET}"'
        ' opacity="0.25"/>'
        f'<rect x="{MARGIN}" y="52" width="{round(width * share, 1)}" height="8" rx="4"'
        f' fill="{TEAL}"/>'
    )


def _line(n: int, person: Person, today: date) -> str:
    y = TOP + ROW * n + ROW // 2
    start, end = MARGIN + NAME_WIDTH, WIDTH - MARGIN
    since = person.last or today - timedelta(days=YEAR)
    colour = RED if person.late_days > 0 else TEAL
    dots = [
        f'<circle cx="{_x(day, today)}" cy="{y}" r="4.5" fill="{TEAL if out else PAPER}"'
        f' stroke="{TEAL}" stroke-width="1.5"/>'
        for day, direction in person.touches
        for out in (direction == "out",)
    ]
    return "".join(
        [
            f'<text x="{MARGIN}" y="{y + 5}" fill="{INK}">{escape(_short(person.contact.name))}'
            "</text>",
            f'<line x1="{start}" x2="{end}" y1="{y}" y2="{y}" stroke="{QUIET}" opacity="0.4"/>',
            f'<line x1="{_x(since, today)}" x2="{end}" y1="{y}" y2="{y}" stroke="{colour}"'
            ' stroke-width="2"/>',
            *dots,
        ]
    )


def _x(day: date, today: date) -> float:
    start, end = MARGIN + NAME_WIDTH, WIDTH - MARGIN
    back = min(YEAR, max(0, (today - day).days))
    return round(end - (end - start) * back / YEAR, 1)


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "\u2026"
