"""Days of every year as address books write them."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_LOOSE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_YEARLESS = re.compile(r"--(\d{2})-?(\d{2})(?!\d)")
_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_NAMED = re.compile(
    r"(?:(?P<d1>\d{1,2})\.?\s+)?(?P<month>[^\W\d_]{3,9})\.?,?"
    r"(?:\s+(?P<d2>\d{1,2})(?!\d),?)?(?:\s+(?P<year>\d{4}))?"
)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan",), ("feb",), ("mar", "mär", "mrz"), ("apr",), ("may", "mai"), ("jun",),
            ("jul",), ("aug",), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
"""The first three letters of months, English and German."""
NO_YEARS = frozenset({"0000", "0001", "1604"})
"""What programs write for "I don't know the year"; 1604 is Apple's, a leap year."""


def read_day(text: str) -> str:
    """A day as "1984-02-29", or "--02-29" without a year; empty for what is no such day."""
    text = text.strip()
    if match := _YEARLESS.match(text):
        return day_text("", match[1], match[2])
    if match := _ISO.match(text):
        return day_text("" if match[1] in NO_YEARS else match[1], match[2], match[3])
    if match := _LOOSE.match(text):
        return day_text("" if match[1] in NO_YEARS else match[1], match[3], match[4])
    if match := _GERMAN.fullmatch(text):
        return day_text(match[3], match[2], match[1])
    return _named_day(text)


def _named_day(text: str) -> str:
    """A day like "February 29, 1984", "29 Feb 1984", "29. Februar 1984" or "Feb 29"."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return ""
    month, day = MONTHS.get(match["month"][:3].casefold()), match["d1"] or match["d2"]
    if month is None or day is None or (match["d1"] and match["d2"]):
        return ""
    return day_text(match["year"] or "", str(month), day)


def day_text(year: str, month: str, day: str) -> str:
    """A day in our form, or empty if there is none such; an empty year is none."""
    try:
        # 2000 has a 29 February.
        found = date(int(year or 2000), int(month), int(day))
    except ValueError:
        return ""
    return found.isoformat() if year else f"-{found.isoformat()[4:]}"
