"""Cards as vCard 4.0 (RFC 6350), with their interests (RFC 6715)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.cards.vcard import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recommender.cards.types import Card, CardInterest

MAX_OCTETS = 75


def write_vcards(cards: Iterable[Card]) -> str:
    """Cards as a vCard file; read again, they are the same."""
    return "".join(
        folded(line) for card in cards for line in ("BEGIN:VCARD", *_lines(card), "END:VCARD")
    )


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, never within a character, with its end."""
    pieces, piece, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > MAX_OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += octets
    return "\r\n".join([*pieces, piece]) + "\r\n"


def _lines(card: Card) -> Iterator[str]:
    """The properties of a card, without what it does not have."""
    yield "VERSION:4.0"
    if any(card.parts):
        yield "N:" + ";".join(map(_escaped, card.parts))
    for name, values in _lists(card):
        if values:
            yield f"{name}:" + ",".join(map(_escaped, values))
    for name, value in _values(card):
        if value:
            yield f"{name}:{_escaped(value)}"
    yield from _addresses(card)
    for interest in card.interests:
        yield f"INTEREST{_level(interest)}:{_escaped(interest.phrase)}"


def _lists(card: Card) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Properties whose values stand in one line."""
    yield "NICKNAME", card.nicknames
    yield "CATEGORIES", card.groups


def _values(card: Card) -> Iterator[tuple[str, str]]:
    """Properties of one value each."""
    yield "UID", card.uid
    yield "FN", card.name
    for name, values in (
        ("EMAIL", card.emails),
        ("TEL", card.phones),
        ("URL", card.sites),
        ("URL;TYPE=x-feed", card.feeds),
    ):
        yield from ((name, value) for value in values)
    for rank, value in enumerate(card.languages, start=1):
        yield f"LANG;PREF={rank}", value
    yield "ORG", card.organisation
    yield "TITLE", card.role
    yield "TZ", card.time_zone
    yield "BDAY", _day(card.birthday)
    yield "ANNIVERSARY", _day(card.anniversary)
    yield "NOTE", card.notes


def _day(text: str) -> str:
    """As vCard 4 writes it: 19840229, or --0229."""
    start = 2 if text.startswith("--") else 0
    return text[:start] + text[start:].replace("-", "")


def _addresses(card: Card) -> Iterator[str]:
    """Addresses with the town in its place, where it is a part of the first that has it."""
    is_placed = not card.town
    for address in card.addresses:
        parts = address.split(", ")
        if not is_placed and card.town in parts:
            is_placed = True
            at = parts.index(card.town)
            street, rest = ", ".join(parts[:at]), ", ".join(parts[at + 1 :])
            places = ["", "", street, card.town, rest, "", ""]
        else:
            places = ["", "", address, "", "", "", ""]
        yield "ADR:" + ";".join(map(_escaped, places))
    if not is_placed:
        yield f"X-SAWTHIS-TOWN:{_escaped(card.town)}"


def _level(interest: CardInterest) -> str:
    if interest.weight == 1.0:
        return ""
    level = "high" if interest.weight > 1 else "low"
    exact = "" if LEVELS[level] == interest.weight else f";X-WEIGHT={interest.weight!r}"
    return f";LEVEL={level}{exact}"


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
