"""Dates as feeds write them. What can't be read is None, never "now"."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_CHARACTERS = 100
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
NEWEST_YEAR = 2100
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_NO_YEAR = re.compile(r"\b0\d{3}\b(?!:)(?=\s+\d\d:)")
_HAS_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def parse_date(text: str) -> datetime | None:
    """The moment a date names, in UTC; a time without a zone is taken as UTC.

    ISO 8601 and RFC 822 are tried first, then the oddities feedparser knows, then other
    languages (dateparser), which must name day, month and year.
    """
    value = " ".join(text.split())[:MAX_CHARACTERS]
    if not value:
        return None
    for read in (_iso, _rfc822, _odd, _other_language):
        found = read(value)
        if found is not None:
            return sane(found)
    return None


def sane(at: datetime) -> datetime | None:
    """Aware UTC, or None for a date before the web or far ahead: nobody set those."""
    try:
        utc = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return utc if utc >= OLDEST and utc.year < NEWEST_YEAR else None


def _iso(text: str) -> datetime | None:
    if not text[:4].isdecimal() or "W" in text:
        return None
    try:
        return datetime.fromisoformat(_LONG_FRACTION.sub(r"\1", text))
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    if _NO_YEAR.search(text):
        return None  # "01 Jan 0001", which the standard library takes for 2001
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _odd(text: str) -> datetime | None:
    from recommender_feeds.syndication import odd_date

    return odd_date(text)


def _other_language(text: str) -> datetime | None:
    if not _HAS_YEAR.search(text):
        return None  # "yesterday" means nothing in a document of unknown age
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dateparser's own dependencies
        import dateparser

        try:
            found: datetime | None = dateparser.parse(
                text, settings={"REQUIRE_PARTS": ["day", "month", "year"], "TIMEZONE": "UTC"}
            )
        except Exception:  # a date is never worth a feed; its parsers raise widely
            return None
    return found
