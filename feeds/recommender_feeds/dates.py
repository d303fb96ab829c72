"""Dates as feeds write them. What can't be read is None, never "now"."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

MAX_CHARACTERS = 100
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
NEWEST_YEAR = 2100
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_NO_YEAR = re.compile(r"\b0\d{3}\b(?!:)(?=\s+\d\d:)")
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
_HALF_DAY = re.compile(r"\d\s*[ap]\.?m\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
# Spellings of zones that RFC 822 does not know and feeds use.
_ZONE_COLON = re.compile(r"([+-]\d\d):(\d\d)\b")
_BEFORE_OFFSET = re.compile(r"\b(?:GMT|UTC?)(?=[+-]\d\d)|\s*\([A-Za-z ]{1,40}\)\s*$")
_ZONE_NAME = re.compile(r"\b[A-Z]{3,4}$")
_ZONES = {
    "WET": "+0000", "WEST": "+0100", "BST": "+0100", "CET": "+0100", "MEZ": "+0100",
    "CEST": "+0200", "MESZ": "+0200", "EET": "+0200", "EEST": "+0300", "MSK": "+0300",
    "SGT": "+0800", "HKT": "+0800", "JST": "+0900", "KST": "+0900", "AEST": "+1000",
    "AEDT": "+1100", "NZST": "+1200", "NZDT": "+1300",
}  # fmt: skip
_DOTTED = re.compile(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})(?:\D{1,5}(\d{1,2})[:.](\d{2}))?")
_TAIL_ZONE = re.compile(r"([+-]\d\d:?\d\d|[A-Z]{3,4})$")
_EPOCH = re.compile(r"(\d{10})(\d{3})?")
_EAST_ASIAN = re.compile(
    r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号]?"
    r"(?:\D*(\d{1,2})[:時时点시](\d{1,2}))?"
)
_DAY_OR_MONTH = re.compile(r"(\d{1,2})\s*[/-]\s*(\d{1,2})\s*[/-]\s*\d{4}\b")


def parse_date(text: str) -> datetime | None:
    """The moment a date names, in UTC; a time without a zone is taken as UTC.

    ISO 8601 and RFC 822 are tried first, then seconds since 1970, then other languages
    (dateparser), which must name day, month and year, then the oddities feedparser knows.
    "02/03/2026" names no day that all its readers would agree on.
    """
    value = " ".join(text.split())[:MAX_CHARACTERS]
    if not value.isascii():  # the digits of Arabic, Persian, Hindi and others
        value = "".join(str(int(c)) if c.isdecimal() else c for c in value)
    if not value:
        return None
    for read in (_iso, _rfc822, _epoch, _dotted, _east_asian, _other_language, _odd):
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
    if not text[:4].isdecimal():
        return None
    try:
        return datetime.fromisoformat(_LONG_FRACTION.sub(r"\1", text))
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    if _NO_YEAR.search(text) or _HALF_DAY.search(text):
        return None  # "01 Jan 0001" becomes 2001 in the standard library, and 5 pm becomes 5 am
    text = _ZONE_COLON.sub(r"\1\2", _BEFORE_OFFSET.sub("", text))
    text = _ZONE_NAME.sub(lambda match: _ZONES.get(match.group(), match.group()), text)
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(match.group(1)), UTC) if match else None


def _dotted(text: str) -> datetime | None:
    """Day, month and year with full stops, as German, Czech, Russian and others write them."""
    match = _DOTTED.match(text)
    if match is None:
        return None
    day, month, year, hour, minute = (int(part or 0) for part in match.groups())
    if _HALF_DAY.search(text):
        hour = hour % 12 + 12 * ("p" in text[match.end() :].lower()[:3])
    return _moment(year, month, day, hour, minute, text[match.end() :])


def _moment(  # the parts of a date, and what follows its time
    year: int, month: int, day: int, hour: int, minute: int, after: str
) -> datetime | None:
    zone = _TAIL_ZONE.search(after)
    offset = _ZONES.get(zone.group(1), zone.group(1)).replace(":", "") if zone else ""
    try:
        at = datetime(year, month, day, hour, minute, tzinfo=UTC)
        if not offset[1:].isdecimal():
            return at
        away = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        return at - away if offset[0] == "+" else at + away
    except (ValueError, OverflowError):
        return None


def _east_asian(text: str) -> datetime | None:
    match = _EAST_ASIAN.match(text)
    if match is None or "下午" in text or "午後" in text or "오후" in text:
        return None  # times of two halves are dateparser's affair
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    return _moment(year, month, day, hour, minute, text[match.end() :])


def _odd(text: str) -> datetime | None:
    if _is_ambiguous(text):
        return None
    from recommender_feeds.syndication import odd_date

    found = odd_date(text)
    return found if found is not None and _is_borne_out(found, text) else None


def _is_ambiguous(text: str) -> bool:
    match = _DAY_OR_MONTH.match(text)
    if match is None:
        return False
    first, second = int(match.group(1)), int(match.group(2))
    return first != second and first <= 12 and second <= 12


def _is_borne_out(found: datetime, text: str) -> bool:
    """Whether a guessed date has its year, month and day from the text, not from the guesser.

    A zone may move the day by one; a month may be a word; "20260302" is one number.
    """
    numbers = {int(digits) for digits in re.findall(r"\d+", text)}
    days = {found.day, found.day % 31 + 1, found.day - 1 or 31}
    has_month = bool(_LETTERS.search(text.replace("T", ""))) or found.month in numbers
    has_all = {found.year, found.year % 100} & numbers and days & numbers and has_month
    return bool(has_all) or any(number > 10**6 for number in numbers)


_misses: set[str] = set()
MAX_MISSES = 20


def forget_misses() -> None:
    """Begin a new document: guessing at what is no date is slow, and given up after a while."""
    _misses.clear()


def _other_language(text: str) -> datetime | None:
    if not _YEAR.search(text) or _is_ambiguous(text):
        return None  # "yesterday" means nothing in a document of unknown age
    shape = re.sub(r"\d", "0", text)
    if shape in _misses or len(_misses) >= MAX_MISSES:
        return None
    found = _guess(text)
    if found is None or not _is_borne_out(found, text):
        _misses.add(shape)
        return None
    return found


def _guess(text: str) -> datetime | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dateparser's own dependencies
        try:
            found: datetime | None = _guesser().get_date_data(text).date_obj
        except Exception:  # a date is never worth a feed; its parsers raise widely
            return None
    return found


@cache
def _guesser() -> Any:  # noqa: ANN401  (dateparser publishes no types)
    from dateparser.date import DateDataParser

    # Not by the languages of earlier dates: what a date means must not depend on the others.
    return DateDataParser(
        try_previous_locales=False,
        settings={"REQUIRE_PARTS": ["day", "month", "year"], "TIMEZONE": "UTC"},
    )
