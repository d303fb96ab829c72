"""Touches out of the mail the user keeps: who wrote to whom, and when. No text is read or kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import Touch
from recommender.errors import InvalidInput
from recommender.mail.mailbox import BadLetter, read_letters
from recommender.services.checking import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from recommender.mail.mailbox import Letter
    from recommender.storage.protocol import Storage

MOST_RECIPIENTS = 8
"""A letter to more people is a round robin, no touch."""
PREFERENCE = "addresses"


class LettersFound(NamedTuple):
    """What an import of letters came to."""

    letters: int
    logged: int
    """Touches; a letter to two contacts is two."""
    known: int
    strangers: int
    impersonal: int
    failed: int


def import_letters(
    storage: Storage,
    account_id: str,
    path: Path,
    *,
    me: Iterable[str],
    now: datetime,
    dry_run: bool = False,
) -> LettersFound:
    """Log the letters between the user and their contacts, each once however often it is read.

    Args:
        storage: The library.
        account_id: Whose.
        path: An mbox, an .eml or a folder.
        me: The user's own addresses; kept for the next time.
        now: Aware time.
        dry_run: Only count.

    Raises:
        InvalidInput: The path can't be read, or no own address is known.
    """
    kept = storage.rhythm.preferences(account_id).get(PREFERENCE, "")
    own = _own_addresses(me, kept)
    by_address: dict[str, list[str]] = defaultdict(list)
    for contact in storage.people.contacts(account_id):
        for email in contact.emails:
            by_address[email.casefold()].append(contact.id)
    known = {(t.contact_id, t.source) for t in storage.history.touches(account_id) if t.source}
    touches: dict[tuple[str, str], Touch] = {}
    n: Counter[str] = Counter()
    for letter in read_letters(path, now=now):
        found, kind = _sorted(letter, own, by_address)
        n[kind] += 1
        for touch in found:
            key = touch.contact_id, touch.source
            if key in known:
                n["known"] += 1
            else:
                touches[key] = touch
    if not dry_run:
        storage.history.put_touches(account_id, list(touches.values()))
        if own != set(kept.split(",")):
            storage.rhythm.put_preference(account_id, PREFERENCE, ",".join(sorted(own)), now=now)
    return LettersFound(
        letters=n.total() - n["known"] - n["failed"],
        logged=len(touches),
        **{kind: n[kind] for kind in ("known", "strangers", "impersonal", "failed")},
    )


def _sorted(
    letter: Letter | BadLetter, own: set[str], by_address: Mapping[str, Sequence[str]]
) -> tuple[list[Touch], str]:
    """(touches that a letter stands for, how it counts)."""
    if isinstance(letter, BadLetter):
        return [], "failed"
    if letter.is_list or len(letter.recipients) > MOST_RECIPIENTS:
        return [], "impersonal"
    found = list(_touches(letter, own, by_address))
    return found, "personal" if found else "strangers"


def _own_addresses(me: Iterable[str], kept: str) -> set[str]:
    own = {address.strip().casefold() for address in (*me, *kept.split(",")) if address.strip()}
    if not own:
        raise InvalidInput("which address is yours? say it with --me you@example.com")
    return own


def _touches(
    letter: Letter, own: set[str], by_address: Mapping[str, Sequence[str]]
) -> Iterable[Touch]:
    source = letter.message_id or f"{letter.at.isoformat()} {letter.sender}"
    if letter.sender in own:
        ids = [i for address in letter.recipients for i in by_address.get(address, ())]
        for contact_id in dict.fromkeys(ids):
            yield Touch(
                new_id(), contact_id, "sent", "out", letter.at, "", None, None, "mail", source
            )
    elif own.intersection(letter.recipients) or not letter.recipients:
        for contact_id in dict.fromkeys(by_address.get(letter.sender, ())):
            yield Touch(
                new_id(), contact_id, "received", "in", letter.at, "", None, None, "mail", source
            )
