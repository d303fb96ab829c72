"""Days of every year as address books write them."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_LOOSE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_YEARLESS = re.compile(r"--(\d{2})-?(\d{2})(?!\d)")
_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
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
    return ""


def day_text(year: str, month: str, day: str) -> str:
    """A day in our form, or empty if there is none such; an empty year is none."""
    try:
        # 2000 has a 29 February.
        found = date(int(year or 2000), int(month), int(day))
    except ValueError:
        return ""
    return found.isoformat() if year else f"-{found.isoformat()[4:]}"
