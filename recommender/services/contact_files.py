"""Contacts from a file: JSON or JSON Lines, as `sawthis contacts list --json` writes them.

vCard and CSV come with the people issue; this is their room.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recommender.errors import InvalidInput, RecommenderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from recommender.services.people import People

MAX_BYTES = 20 * 1024 * 1024
_FIELDS = ("employer", "notes", "humour", "cadence_days", "town")


@dataclass(slots=True)
class ContactImport:
    """What an import came to; created + skipped + failed is the number of rows."""

    created: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    """One line a failed row: its number and the reason."""


def import_contacts(people: People, body: bytes, *, now: datetime) -> ContactImport:
    """Add the contacts of a file; those whose e-mail or name is known already are skipped.

    Raises:
        InvalidInput: The file is in no format known here.
    """
    if len(body) > MAX_BYTES:
        raise InvalidInput(f"the file is larger than {MAX_BYTES // 2**20} MB")
    outcome = ContactImport()
    known = {ref for contact in people.all() for ref in _refs(contact.name, contact.emails)}
    for number, row in enumerate(_rows(body), start=1):
        try:
            name, emails, values = _values(row)
            refs = _refs(name, emails)
            if known & refs:
                outcome.skipped += 1
                continue
            people.add(name, now=now, emails=emails, **values)
        except (RecommenderError, TypeError) as error:
            outcome.failures.append(f"row {number}: {error}")
            continue
        known |= refs
        outcome.created += 1
    return outcome


def _refs(name: str, emails: tuple[str, ...]) -> set[str]:
    # With an e-mail, that decides: two people may share a name.
    return {email.casefold() for email in emails} or {name.casefold()}


def _rows(body: bytes) -> Iterator[Any]:
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip().startswith("["):
            yield from json.loads(text)
        else:
            yield from [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InvalidInput(
            "the file is neither JSON nor JSON Lines (vCard and CSV are not read yet)"
        ) from error


def _values(row: Any) -> tuple[str, tuple[str, ...], dict[str, Any]]:  # noqa: ANN401  (JSON)
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise InvalidInput("a contact is an object with a name")
    values = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    phrases = [one["phrase"] if isinstance(one, dict) else one for one in _texts(row, "interests")]
    if not all(isinstance(value, str) for value in (*phrases, *_texts(row, "emails"))):
        raise InvalidInput("e-mails and interests are lists of texts")
    return (
        row["name"],
        tuple(_texts(row, "emails")),
        {
            **values,
            "interests": phrases,
            **{name: _texts(row, name) for name in ("own_sites", "reads", "taboo")},
        },
    )


def _texts(row: dict[str, Any], name: str) -> list[Any]:
    found = row.get(name) or []
    if not isinstance(found, list):
        raise InvalidInput(f"{name} is a list")
    return found
