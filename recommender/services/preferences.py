"""What the user can set for all they do here, and what each may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import HUMOURS
from recommender.errors import InvalidInput
from recommender.services.checking import checked_mailbox
from recommender.services.planning import MAX_MINUTES
from recommender.services.voice import checked_voice
from recommender.weekly import DAYS, weekly_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from recommender.storage.protocol import Storage

DIGEST_TURN = "digest.day", "digest.at"
DIGEST_SINCE = "digest.since"
"""When the digest was last asked for; set with the others, never by the user."""
PREFERENCES = {
    "minutes": "minutes a day that `today` fills; 5 unless set",
    "humour": "what new contacts consent to: none, clean or any; none unless set",
    "addresses": "your own mail addresses, by commas, for `touch import`",
    "digest.to": "your address for the weekly digest by mail",
    "digest.day": "day of the weekly digest, monday to sunday; none unless set",
    "digest.at": "time of the weekly digest, such as 18:00; 08:00 unless set",
    "voice.language": "language of drafts: en, de, fr or es",
    "voice.greeting": "first line of drafts, with {name}; such as \u201cDear {name},\u201d",
    "voice.sign_off": "last line of drafts",
}


def checked_preference(key: str, value: str) -> str:
    """A value in its form, empty for the usual; InvalidInput for no key, or no value of it."""
    if key not in PREFERENCES:
        raise InvalidInput(f"there is no \u201c{key}\u201d; there are {', '.join(PREFERENCES)}")
    if key.startswith("voice."):
        return checked_voice(key.removeprefix("voice."), value.strip())
    return _CHECKS[key](value.strip()) if value.strip() else ""


def _minutes(value: str) -> str:
    if value.isdecimal() and 1 <= int(value) <= MAX_MINUTES:
        return value
    raise InvalidInput(f"minutes are between 1 and {MAX_MINUTES}, not \u201c{value}\u201d")


def _humour(value: str) -> str:
    if value in HUMOURS:
        return value
    raise InvalidInput(f"humour is one of {', '.join(HUMOURS)}, not \u201c{value}\u201d")


def _addresses(value: str) -> str:
    return ",".join(part.strip().casefold() for part in value.split(",") if part.strip())


def _day(value: str) -> str:
    if value.casefold() in DAYS:
        return value.casefold()
    raise InvalidInput(f"a day is one of {', '.join(DAYS)}, not \u201c{value}\u201d")


def _at(value: str) -> str:
    try:
        weekly_of(DAYS[0], value)
    except ValueError as error:
        raise InvalidInput(f"a time is like 08:00 or 18:30, not \u201c{value}\u201d") from error
    return value


_CHECKS: dict[str, Callable[[str], str]] = {
    "minutes": _minutes,
    "humour": _humour,
    "addresses": _addresses,
    "digest.to": checked_mailbox,
    "digest.day": _day,
    "digest.at": _at,
}


def set_preferences(
    storage: Storage, account_id: str, values: Mapping[str, str], *, now: datetime
) -> dict[str, str]:
    """Set some of them, all or nothing; returns them in their form.

    Raises:
        InvalidInput: There is no such key, or no such value of it.
    """
    checked = {key: checked_preference(key, value) for key, value in values.items()}
    with storage.transaction():
        known = storage.rhythm.preferences(account_id)
        if any(checked.get(key, known.get(key, "")) != known.get(key, "") for key in DIGEST_TURN):
            # No turn from before it was asked for is due.
            storage.rhythm.put_preference(account_id, DIGEST_SINCE, now.isoformat(), now=now)
        for key, value in checked.items():
            storage.rhythm.put_preference(account_id, key, value, now=now)
    return checked
