"""vCard 2.1, 3.0 and 4.0 (RFC 2426, 6350, 6715) into cards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recommender.cards.dates import read_day
from recommender.cards.fields import read_fields, split, unescaped
from recommender.cards.types import BadCard, Card, CardInterest, NameParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from recommender.cards.fields import Field

MAX_NAME = 200
MAX_LINE = 1000
MAX_NOTES = 10_000
MAX_VALUES = 100
"""Of one kind in one card."""
MAX_FIELDS = 10_000
"""In one card."""
LEVELS = {"high": 1.5, "expert": 1.5, "medium": 1.0, "average": 1.0, "low": 0.5, "beginner": 0.5}
EMAIL = re.compile(r"[^@\s<>,;:]+@[^@\s<>,;:?.]+(?:\.[^@\s<>,;:?.]+)+")
_BEGIN = re.compile(rb"(?im)^[\s\xef\xbb\xbf\xfe\xff]*BEGIN[ \t]*:[ \t]*VCARD")
_INTERESTS = frozenset(
    {"INTEREST", "HOBBY", "EXPERTISE", "X-INTEREST", "X-INTERESTS", "X-HOBBY", "X-HOBBIES"}
)
_ANNIVERSARIES = frozenset(
    {"ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-MS-ANNIVERSARY"}
)


def looks_like_vcard(body: bytes) -> bool:
    """Whether a file holds vCards."""
    return bool(_BEGIN.search(body[:65536].replace(b"\0", b"")))


def read_vcards(body: bytes) -> Iterator[Card | BadCard]:
    """One card, or what is wrong with it, for each vCard of a file."""
    for line, fields in _divided(read_fields(body)):
        yield _card(fields, line)


def _divided(fields: Iterable[Field]) -> Iterator[tuple[int, list[Field]]]:
    """(line, fields) of each card. A card within a card is an AGENT's, and is left out."""
    own: list[Field] = []
    depth, begun, last = 0, 0, ""
    for field in fields:
        mark = f"{field.name}:{field.value.strip().upper()}"
        if mark in ("BEGIN:VCARD", "AGENT:BEGIN:VCARD"):
            # Any other card within a card means that the last was not closed.
            if depth == 1 and "AGENT" not in (last, field.name):
                yield begun, own
                depth = 0
            depth += 1
            begun, own = (field.line, []) if depth == 1 else (begun, own)
        elif mark == "END:VCARD":
            depth -= bool(depth)
            if not depth and begun:
                yield begun, own
                begun, own = 0, []
        elif depth == 1 and len(own) < MAX_FIELDS:
            own.append(field)
        last = field.name
    if begun:
        yield begun, own


def _card(fields: Sequence[Field], line: int) -> Card | BadCard:
    by_name: dict[str, list[Field]] = {}
    for field in fields:
        if field.value.strip():
            by_name.setdefault(field.name, []).append(field)
    kind = _first(by_name, "KIND") or _first(by_name, "X-ADDRESSBOOKSERVER-KIND")
    if kind.casefold() == "group":
        return BadCard(line, "a group, not a person")
    parts = _parts(by_name)
    emails, no_emails = _emails(by_name.get("EMAIL", ()))
    phones = unique(_phone(field.value) for field in by_name.get("TEL", ()))
    nicknames = _listed(by_name, "NICKNAME")
    organisation = _component(by_name, "ORG")
    spoken = " ".join(
        part
        for part in (parts.prefix, parts.given, parts.additional, parts.family, parts.suffix)
        if part
    )
    names = (_first(by_name, "FN"), spoken, *nicknames, organisation, *emails, *phones)
    name = next((one_line(text, MAX_NAME) for text in names if text.strip()), "")
    if not name:
        return BadCard(line, "it has no name, address or number")
    addresses, town = _addresses(by_name.get("ADR", ()))
    return Card(
        name=name,
        parts=parts,
        uid=one_line(_first(by_name, "UID"), MAX_LINE),
        nicknames=nicknames,
        emails=emails,
        phones=phones,
        addresses=addresses,
        town=one_line(_first(by_name, "X-SAWTHIS-TOWN") or town, MAX_NAME),
        organisation=organisation,
        role=one_line(_first(by_name, "TITLE") or _first(by_name, "ROLE"), MAX_NAME),
        sites=_urls(by_name.get("URL", ()), feeds=False),
        feeds=_urls(by_name.get("URL", ()), feeds=True),
        languages=_languages(by_name.get("LANG", ())),
        time_zone=next(filter(None, map(_zone, _texts(by_name, "TZ"))), ""),
        birthday=_day(by_name.get("BDAY", ())),
        anniversary=_anniversary(by_name),
        groups=_listed(by_name, "CATEGORIES"),
        notes="\n\n".join(
            [unescaped(field.value) for field in by_name.get("NOTE", ())]
            + [f"E-mail: {text}" for text in no_emails]
        )[:MAX_NOTES].strip(),
        interests=_interests(by_name),
        line=line,
    )


def one_line(text: str, limit: int) -> str:
    """A text on one line, cut."""
    return " ".join(text.split())[:limit].strip()


def _texts(by_name: dict[str, list[Field]], name: str) -> Iterator[str]:
    """Values of a property that say something, the preferred one first."""
    found = sorted(by_name.get(name, ()), key=lambda field: field.rank())
    return (text for field in found if (text := unescaped(field.value)))


def _first(by_name: dict[str, list[Field]], name: str) -> str:
    return next(_texts(by_name, name), "")


def unique(values: Iterable[str], limit: int = MAX_NAME) -> tuple[str, ...]:
    """Values on one line each, each once, without the empty ones."""
    lines = (one_line(value, limit) for value in values)
    return tuple(dict.fromkeys(line for line in lines if line))[:MAX_VALUES]


def _listed(by_name: dict[str, list[Field]], name: str) -> tuple[str, ...]:
    return unique(
        unescaped(value) for field in by_name.get(name, ()) for value in split(field.value, ",")
    )


def _component(by_name: dict[str, list[Field]], name: str) -> str:
    """The first part of a structured value that says something."""
    parts = (part for field in by_name.get(name, ()) for part in split(field.value, ";"))
    return next((text for part in parts if (text := one_line(unescaped(part), MAX_NAME))), "")


def _parts(by_name: dict[str, list[Field]]) -> NameParts:
    for field in by_name.get("N", ()):
        parts = [
            one_line(" ".join(unescaped(one) for one in split(part, ",")), MAX_NAME)
            for part in split(field.value, ";")[:5]
        ]
        if any(parts):
            return NameParts(*parts)
    return NameParts()


def _emails(fields: Iterable[Field]) -> tuple[tuple[str, ...], list[str]]:
    """(addresses, what is none)."""
    good: list[str] = []
    strays: dict[str, None] = {}
    for field in sorted(fields, key=lambda field: field.rank()):
        text = one_line(re.sub(r"(?i)^mailto:", "", unescaped(field.value)), MAX_LINE)
        # Also "Ann <ann@example.org>", and several in one.
        found = EMAIL.findall(text)
        good += found
        if text and found != [text]:
            strays[text] = None
    return unique(good), list(strays)[:MAX_VALUES]


def _phone(value: str) -> str:
    return re.sub(r"(?i)^tel:", "", unescaped(value))


def _addresses(fields: Iterable[Field]) -> tuple[tuple[str, ...], str]:
    """(addresses on one line each, the town of the one at home or else of the first)."""
    found: list[str] = []
    towns: list[tuple[bool, int, str]] = []
    for field in fields:
        parts = [
            one_line(", ".join(filter(None, map(unescaped, split(part, ",")))), MAX_LINE)
            for part in split(field.value, ";")
        ]
        found.append(", ".join(part for part in parts if part))
        if len(parts) > 3 and parts[3]:
            towns.append(("home" not in field.types(), len(towns), parts[3]))
    return unique(found, MAX_LINE), min(towns)[2] if towns else ""


def _urls(fields: Iterable[Field], *, feeds: bool) -> tuple[str, ...]:
    return unique(
        (
            unescaped(field.value)
            for field in fields
            if feeds == bool(field.types() & {"feed", "x-feed", "rss", "atom"})
        ),
        2000,
    )


def _languages(fields: Iterable[Field]) -> tuple[str, ...]:
    return unique(unescaped(f.value) for f in sorted(fields, key=lambda field: field.rank()))


def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    if "/" not in text:
        return ""
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):
        return ""


def _day(fields: Iterable[Field]) -> str:
    for field in fields:
        if "text" in {kind.casefold() for kind in field.parameters.get("VALUE", ())}:
            continue
        day = read_day(unescaped(field.value))
        if day:
            omitted = (field.parameters.get("X-APPLE-OMIT-YEAR") or [""])[0]
            return f"-{day[4:]}" if omitted and day.startswith(omitted) else day
    return ""


def _anniversary(by_name: dict[str, list[Field]]) -> str:
    named = [field for name in sorted(_ANNIVERSARIES) for field in by_name.get(name, ())]
    # Apple's: item1.X-ABDATE beside item1.X-ABLabel:_$!<Anniversary>!$_
    labels = {field.group: field.value for field in by_name.get("X-ABLABEL", ())}
    named += [
        field
        for field in by_name.get("X-ABDATE", ())
        if "anniversary" in labels.get(field.group, "").casefold()
    ]
    return _day(named)


def _interests(by_name: dict[str, list[Field]]) -> tuple[CardInterest, ...]:
    found: dict[str, CardInterest] = {}
    for name in sorted(_INTERESTS):
        for field in by_name.get(name, ()):
            for value in split(field.value, ","):
                phrase = one_line(unescaped(value), MAX_NAME)
                if any(character.isalnum() for character in phrase):
                    found.setdefault(phrase.casefold(), CardInterest(phrase, _weight(field)))
    return tuple(found.values())[:MAX_VALUES]


def _weight(field: Field) -> float:
    try:
        exact = float((field.parameters.get("X-WEIGHT") or [""])[0])
    except ValueError:
        exact = 0.0
    if 0 < exact <= 2:
        return exact
    return LEVELS.get((field.parameters.get("LEVEL") or [""])[0].casefold(), 1.0)
