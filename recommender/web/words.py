"""Words and small values for templates: times, initials, what may be a link."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from recommender.rhythm import ago, days_ago
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.domain import Contact

N_TONES = 6
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_HINT = re.compile(r"[\s:;,.\u2014-]*(?:\(|\bwith )?`sawthis\b.*", re.DOTALL)


def initials(name: str) -> str:
    """Two letters for an avatar: of the first and the last word."""
    words = ["".join(letter for letter in word if letter.isalnum()) for word in name.split()]
    words = [word for word in words if word] or [name.strip() or "?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def tone(contact: Contact) -> int:
    """Which of the soft colours somebody has, the same for life."""
    return crc32(contact.id.encode()) % N_TONES


def link(url: str | None) -> str:
    """An address that may be made a link; empty for every other."""
    return url if url and url.startswith(("http://", "https://")) else ""


def host(url: str | None) -> str:
    """The host of an address, for people to read."""
    return (url or "").partition("://")[2].partition("/")[0].removeprefix("www.")


def number(n: int) -> str:
    """A small number as a word."""
    return _NUMBERS[n] if 0 <= n < len(_NUMBERS) else f"{n:,}"


def count(n: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 person", "3 people"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def plainly(text: str) -> str:
    """A line of a service without what to type in a terminal."""
    return _HINT.sub("", text).rstrip()


def sentence(text: str) -> str:
    """A line as a sentence: with a capital and a full stop."""
    text = plainly(text).strip()
    if not text:
        return ""
    ended = text if text[-1] in ".!?\u201d\u2026" else f"{text}."
    return ended[0].upper() + ended[1:]


def when(at: datetime | None) -> str:
    """A time ago in words; empty for none."""
    return ago(at, utc_now()) if isinstance(at, datetime) else ""


def long_date(at: Any) -> str:  # noqa: ANN401  (a date or a datetime)
    """A day as people write it: "23 November 2026"."""
    return f"{at.day} {at:%B %Y}" if at else ""


def headline(n: int, *, done: int = 0) -> str:
    """One human sentence for n reasons."""
    if n == 0:
        return "All done for today" if done else "Nobody to write to today, and that is fine"
    return f"{number(n).capitalize()} good reason{'s' if n > 1 else ''} to write today"


def beginning(n: int) -> str:
    """The sentence of the first days, when it is nobody's turn yet."""
    return f"{number(n).capitalize()} idea{'s' if n > 1 else ''} to begin with"


FILTERS: dict[str, Callable[..., object]] = {
    "initials": initials,
    "tone": tone,
    "link": link,
    "host": host,
    "number": number,
    "count": count,
    "plainly": plainly,
    "sentence": sentence,
    "when": when,
    "long_date": long_date,
    "days_ago": days_ago,
}
