"""What the user can set for all they do here, and what each may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import HUMOURS
from recommender.errors import InvalidInput
from recommender.services.planning import MAX_MINUTES
from recommender.services.voice import checked_voice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from recommender.storage.protocol import Storage

PREFERENCES = {
    "minutes": "minutes a day that `today` fills; 5 unless set",
    "humour": "what new contacts consent to: none, clean or any; none unless set",
    "addresses": "your own mail addresses, by commas, for `touch import`",
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
    if key == "humour" and value and value not in HUMOURS:
        raise InvalidInput(f"humour is one of {', '.join(HUMOURS)}, not \u201c{value}\u201d")
    if key == "humour":
        return value
    if key == "addresses":
        return ",".join(part.strip().casefold() for part in value.split(",") if part.strip())
    if value and not (value.isdecimal() and 1 <= int(value) <= MAX_MINUTES):
        raise InvalidInput(f"minutes are between 1 and {MAX_MINUTES}, not \u201c{value}\u201d")
    return value


def set_preferences(
    storage: Storage, account_id: str, values: Mapping[str, str], *, now: datetime
) -> dict[str, str]:
    """Set some of them, all or nothing; returns them in their form.

    Raises:
        InvalidInput: There is no such key, or no such value of it.
    """
    checked = {key: checked_preference(key, value) for key, value in values.items()}
    with storage.transaction():
        for key, value in checked.items():
            storage.rhythm.put_preference(account_id, key, value, now=now)
    return checked
