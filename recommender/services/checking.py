"""What a contact or an interest may hold: brought into form, or refused in one line."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from recommender.domain import (
    CHANNELS,
    CONTACT_STATES,
    HUMOURS,
    POLARITIES,
    TOPICS,
    NameParts,
)
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommender.domain import Contact, Details, Interest

MAX_NAME_CHARACTERS = 200
MAX_PHRASE_CHARACTERS = 200
MAX_NOTES_CHARACTERS = 10_000
MAX_MAILBOX_CHARACTERS = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def new_id() -> str:
    """An id nobody can guess or mistake for another."""
    import secrets

    return secrets.token_hex(8)


def one_line(text: str, *, what: str, limit: int) -> str:
    """A user's text without control characters, on one line; InvalidInput if empty or too long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if not line:
        raise InvalidInput(f"{what} is empty")
    if len(line) > limit:
        raise InvalidInput(f"{what} is longer than {limit} characters")
    return line


def checked(contact: Contact) -> Contact:
    """A contact with its fields brought into form, or InvalidInput."""
    _check_words(contact)
    emails = tuple(dict.fromkeys(email.strip() for email in contact.emails if email.strip()))
    for email in emails:
        if not _EMAIL.fullmatch(email) or _CONTROL.search(email):
            raise InvalidInput(f"“{email}” is no e-mail address")
    days = contact.cadence_days
    if days is not None and (type(days) is not int or not 1 <= days <= 3650):
        raise InvalidInput("the cadence is between 1 and 3650 days")
    if len(contact.notes) > MAX_NOTES_CHARACTERS:
        raise InvalidInput(f"the notes are longer than {MAX_NOTES_CHARACTERS} characters")
    return replace(
        contact,
        notes=_text(contact.notes),
        name=one_line(contact.name, what="the name", limit=MAX_NAME_CHARACTERS),
        emails=emails,
        employer=" ".join(_CONTROL.sub(" ", contact.employer).split())[:MAX_NAME_CHARACTERS],
        own_sites=_hosts(contact.own_sites),
        town=" ".join(_CONTROL.sub(" ", contact.town).split())[:MAX_NAME_CHARACTERS],
        reads=_hosts(contact.reads),
        groups=_lines(contact.groups, what="a group"),
        birthday=checked_day(contact.birthday, what="a birthday"),
        details=_checked_details(contact.details),
    )


def checked_mailbox(address: str) -> str:
    """One address that mail can be sent to, or InvalidInput."""
    # ASCII: few servers take the others, and none has to (RFC 6531).
    if not _MAILBOX.fullmatch(address) or len(address) > MAX_MAILBOX_CHARACTERS:
        shown = " ".join(_CONTROL.sub(" ", address).split())[:80]
        raise InvalidInput(f"“{shown}” is no e-mail address that mail can be sent to")
    return address


def _text(text: str) -> str:
    """A text of several lines, without control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_CONTROL.sub(" ", line.replace("\t", " ")).rstrip() for line in lines).strip()


def _checked_details(details: Details) -> Details:
    if details.channel is not None and details.channel not in CHANNELS:
        raise InvalidInput(f"a channel is one of {', '.join(CHANNELS)}, not “{details.channel}”")
    return replace(
        details,
        parts=NameParts(*(" ".join(_CONTROL.sub(" ", part).split()) for part in details.parts)),
        nicknames=_lines(details.nicknames, what="a nickname"),
        phones=_lines(details.phones, what="a phone number"),
        addresses=_lines(details.addresses, what="an address", limit=1000),
        role=" ".join(_CONTROL.sub(" ", details.role).split())[:MAX_NAME_CHARACTERS],
        feeds=_lines(details.feeds, what="a feed", limit=2000),
        languages=_lines(details.languages, what="a language"),
        anniversary=checked_day(details.anniversary, what="an anniversary"),
        time_zone=_zone(details.time_zone),
        uids=_lines(details.uids, what="a uid", limit=1000),
    )


def _zone(name: str) -> str:
    if name:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError) as error:
            raise InvalidInput(f"there is no time zone “{name}”; one is Europe/Berlin") from error
    return name


def _lines(
    values: Iterable[str], *, what: str, limit: int = MAX_NAME_CHARACTERS
) -> tuple[str, ...]:
    lines = (one_line(value, what=what, limit=limit) for value in values if value.strip())
    return tuple(dict.fromkeys(lines))


def checked_day(text: str, *, what: str) -> str:
    """A day of every year, as "1984-02-29" or "--02-29"; InvalidInput if it is none."""
    from datetime import date

    match = re.fullmatch(r"([0-9]{4}|-)-([0-9]{2})-([0-9]{2})", text)
    if not text:
        return ""
    try:
        if match is None:
            raise ValueError(text)
        # 2000 has a 29 February.
        date(2000 if match[1] == "-" else int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise InvalidInput(f"{what} is like 1984-02-29 or --02-29, not “{text}”") from error
    return text


def _check_words(contact: Contact) -> None:
    """InvalidInput where a field holds none of the words it may hold."""
    for value, known, what in (
        (contact.humour, HUMOURS, "humour"),
        (contact.state, CONTACT_STATES, "state"),
        *((topic, TOPICS, "a taboo") for topic in contact.taboo),
    ):
        if value not in known:
            raise InvalidInput(f"{what} is one of {', '.join(known)}, not “{value}”")


def _hosts(sites: Iterable[str]) -> tuple[str, ...]:
    """Hosts, as they are or out of addresses."""
    folded = (site.strip().casefold() for site in sites)
    hosts = (re.sub(r"^[a-z]+://|[/?#].*$", "", site).removeprefix("www.") for site in folded)
    return tuple(dict.fromkeys(host for host in hosts if host))


def checked_interest(interest: Interest) -> Interest:
    """An interest with its phrase on one line, or InvalidInput."""
    if interest.polarity not in POLARITIES:
        raise InvalidInput(f"polarity is one of {', '.join(POLARITIES)}")
    if not 0 < interest.weight <= 2:
        raise InvalidInput("the weight of an interest is above 0 and at most 2")
    phrase = one_line(interest.phrase, what="the interest", limit=MAX_PHRASE_CHARACTERS)
    if not any(character.isalnum() for character in phrase):
        raise InvalidInput(f"the interest “{phrase}” has no word in it")
    return replace(interest, phrase=phrase)
