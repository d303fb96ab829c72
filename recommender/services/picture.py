"""The health of a network as a picture: one line a person, a dot for each touch. SVG.

The filled dot is the user's, the hollow one theirs; the stretch since the last touch is red where
it is longer than usual. A table with the same facts stands beside it wherever it is shown.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from recommender.rhythm import days_ago

if TYPE_CHECKING:
    from datetime import date

    from recommender.services.standing import Person, Standing

WIDTH = 860
ROW = 38
NAME_WIDTH = 190
LAST_WIDTH = 150
TOP = 104
MARGIN = 24
MOST_ROWS = 60
YEAR = 365
PAPER, INK, QUIET, TEAL, RED = "#faf7f1", "#23282b", "#8b8578", "#1f6f6b", "#b4472f"


def rhythm_svg(standing: Standing, *, most: int = MOST_ROWS) -> str:
    """A picture of the last twelve months, the latest people first.

    Args:
        standing: What there is to show.
        most: Lines that are drawn.
    """
    people = standing.people[:most]
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
            _legend(),
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


def _legend() -> str:
    y, x = TOP - 18, WIDTH - MARGIN - 330
    return (
        f'<g font-size="12" fill="{QUIET}">'
        f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{TEAL}"/>'
        f'<text x="{x + 10}" y="{y}">you wrote</text>'
        f'<circle cx="{x + 92}" cy="{y - 4}" r="4" fill="{PAPER}" stroke="{TEAL}"'
        ' stroke-width="1.5"/>'
        f'<text x="{x + 102}" y="{y}">they wrote</text>'
        f'<line x1="{x + 186}" x2="{x + 206}" y1="{y - 4}" y2="{y - 4}" stroke="{RED}"'
        ' stroke-width="2"/>'
        f'<text x="{x + 212}" y="{y}">longer than usual</text></g>'
    )


def _line(n: int, person: Person, today: date) -> str:
    y = TOP + ROW * n + ROW // 2
    start, end = MARGIN + NAME_WIDTH, WIDTH - MARGIN - LAST_WIDTH
    is_late = person.late_days > 0
    # Red from where the cadence ran out, not from the touch: so far all was well.
    late_from = today - timedelta(days=min(YEAR, max(0, person.late_days)))
    if person.last is None:
        late_from = today - timedelta(days=YEAR)
    said = days_ago(person.last, today) if person.last else "not yet"
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
            f'<line x1="{_x(late_from, today)}" x2="{end}" y1="{y}" y2="{y}" stroke="{RED}"'
            ' stroke-width="2"/>'
            if is_late
            else "",
            *dots,
            f'<text x="{WIDTH - MARGIN}" y="{y}" text-anchor="end"'
            f' fill="{RED if is_late else INK}">{said}</text>',
            f'<text x="{WIDTH - MARGIN}" y="{y + 14}" text-anchor="end" font-size="11"'
            f' fill="{QUIET}">usually every {person.cadence} days</text>',
        ]
    )


def _x(day: date, today: date) -> float:
    start, end = MARGIN + NAME_WIDTH, WIDTH - MARGIN - LAST_WIDTH
    back = min(YEAR, max(0, (today - day).days))
    return round(end - (end - start) * back / YEAR, 1)


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "\u2026"
