"""Contacts out of files: address books as cards, JSON as `contacts list --json` writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from recommender.domain import Contact, Details, NameParts
from recommender.errors import InvalidInput, RecommenderError
from recommender.services.checking import checked, new_id
from recommender.storage.rows import contact_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from recommender.cards import Card

MAX_BYTES = 50 * 2**20
_TEXTS = ("employer", "notes", "town", "birthday")
_LISTS = ("emails", "own_sites", "reads", "taboo", "groups")
_TIMES = ("paused_until", "hard_at", "archived_at")
_DETAIL_LISTS = ("nicknames", "phones", "addresses", "feeds", "languages", "uids")
_DETAIL_TEXTS = ("role", "time_zone", "anniversary")


class Wanted(NamedTuple):
    """An interest that comes with a contact."""

    phrase: str
    weight: float = 1.0
    polarity: str = "like"


class Incoming(NamedTuple):
    """A contact as a file tells of it, checked, with an id of its own but no slug yet."""

    line: int
    contact: Contact
    interests: tuple[Wanted, ...]


class Rejected(NamedTuple):
    """A row or card that can't be used, with the reason in words."""

    line: int
    reason: str


def read_contacts(
    body: bytes, *, now: datetime, mapping: Mapping[str, str] | None = None
) -> Iterator[Incoming | Rejected]:
    """The contacts of a file, one for each card or row.

    Args:
        body: vCard, LDIF, CSV, or JSON (lines) as `sawthis contacts list --json` writes it.
        now: Aware time, at which they come in.
        mapping: Column -> field, for a CSV that nobody knows.

    Raises:
        InvalidInput: The file is in no format known here, or too large.
    """
    if len(body) > MAX_BYTES:
        raise InvalidInput(f"the file is larger than {MAX_BYTES // 2**20} MB")
    if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{"):
        for number, row in enumerate(_rows(body), start=1):
            yield _made(number, row, lambda row: _of_row(row, now))
        return
    from recommender.cards import BadCard, read_cards

    for card in read_cards(body, mapping=mapping):
        if isinstance(card, BadCard):
            yield Rejected(card.line, card.reason)
        else:
            yield _made(card.line, card, lambda card: _of_card(card, now))


def _made(line: int, source: Any, make: Any) -> Incoming | Rejected:  # noqa: ANN401
    try:
        contact, interests = make(source)
        contact = checked(contact)
        # What can't be stored (half a character, a time before year 1) is known only by trying.
        json.dumps(contact_row("", contact), ensure_ascii=False).encode()
        return Incoming(line, contact, interests)
    except RecommenderError as error:
        return Rejected(line, str(error))
    except (OverflowError, TypeError, ValueError, AttributeError):
        return Rejected(line, "a field holds something that it can't hold")


def _empty(name: str, now: datetime) -> Contact:
    nothing: dict[str, Any] = {"emails": (), "employer": "", "notes": "", "own_sites": ()}
    return Contact(
        id=new_id(),
        slug="",
        name=name,
        **nothing,
        humour="none",
        state="active",
        cadence_days=None,
        created_at=now,
        updated_at=now,
    )


def _of_card(card: Card, now: datetime) -> tuple[Contact, tuple[Wanted, ...]]:
    contact = replace(
        _empty(card.name, now),
        emails=card.emails,
        employer=card.organisation,
        notes=card.notes,
        own_sites=card.sites,
        town=card.town,
        groups=card.groups,
        birthday=card.birthday,
        details=Details(
            parts=card.parts,
            nicknames=card.nicknames,
            phones=card.phones,
            addresses=card.addresses,
            role=card.role,
            feeds=card.feeds,
            languages=card.languages,
            time_zone=card.time_zone,
            anniversary=card.anniversary,
            uids=(card.uid,) if card.uid else (),
        ),
    )
    return contact, tuple(Wanted(one.phrase, one.weight) for one in card.interests)


def _rows(body: bytes) -> list[Any]:
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip().startswith("["):
            rows: list[Any] = json.loads(text)
            return rows
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "the file looks like JSON, and is neither JSON nor JSON Lines"
        ) from error


def _of_row(row: Any, now: datetime) -> tuple[Contact, tuple[Wanted, ...]]:  # noqa: ANN401  (JSON)
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise InvalidInput("a contact is an object with a name")
    details = row.get("details") or {}
    if not isinstance(details, dict):
        raise InvalidInput("details are an object")
    fields: dict[str, Any] = {
        **{name: _text(row, name) for name in _TEXTS},
        **{name: _list(row, name) for name in _LISTS},
        **{name: _time(row.get(name)) for name in _TIMES},
    }
    more: dict[str, Any] = {
        **{name: _list(details, name) for name in _DETAIL_LISTS},
        **{name: _text(details, name) for name in _DETAIL_TEXTS},
    }
    contact = replace(
        _empty(row["name"], now),
        **fields,
        humour=row.get("humour") or "none",
        state=row.get("state") or "active",
        cadence_days=row.get("cadence_days"),
        details=Details(
            parts=_parts(details.get("parts")),
            channel=details.get("channel"),
            **more,
        ),
    )
    return contact, tuple(_wanted(one) for one in _values(row, "interests"))


def _wanted(one: Any) -> Wanted:  # noqa: ANN401  (JSON)
    if isinstance(one, str):
        return Wanted(one)
    if not isinstance(one, dict) or not isinstance(one.get("phrase"), str):
        raise InvalidInput("interests are phrases, or objects with a phrase")
    return Wanted(one["phrase"], float(one.get("weight", 1.0)), str(one.get("polarity", "like")))


def _parts(value: Any) -> NameParts:  # noqa: ANN401  (JSON)
    known = value if isinstance(value, dict) else {}
    return NameParts(**{name: str(known.get(name) or "") for name in NameParts._fields})


def _time(value: Any) -> datetime | None:  # noqa: ANN401  (JSON)
    from datetime import datetime

    at = datetime.fromisoformat(value) if value else None
    if at is not None and at.tzinfo is None:
        raise InvalidInput(f"“{value}” has no time zone")
    return at


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name) or ""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is a text")
    return value


def _list(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _values(row, name)
    if not all(isinstance(value, str) for value in found):
        raise InvalidInput(f"{name} is a list of texts")
    return tuple(found)


def _values(row: Mapping[str, Any], name: str) -> list[Any]:
    found = row.get(name) or []
    if not isinstance(found, list):
        raise InvalidInput(f"{name} is a list")
    return found
