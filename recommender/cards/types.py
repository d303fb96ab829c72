"""What an address book says of one person, whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recommender.domain import NO_PARTS, NameParts

__all__ = ["BadCard", "Card", "CardInterest", "NameParts"]


class CardInterest(NamedTuple):
    """An INTEREST, HOBBY or EXPERTISE (RFC 6715), or a phrase of a column of interests."""

    phrase: str
    weight: float = 1.0
    """In (0, 2]; from LEVEL, 1 where there is none."""


@dataclass(frozen=True, slots=True)
class Card:
    """One person of an address book. Texts are decoded, unescaped and without control characters.

    What the format can't say is empty.
    """

    name: str
    """As it is displayed; made of the parts, the organisation or the first e-mail if need be."""
    parts: NameParts = NO_PARTS
    uid: str = ""
    nicknames: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """One line each: street, town, region, code, country, by commas."""
    town: str = ""
    """The town of the home address, or else of the first."""
    organisation: str = ""
    role: str = ""
    sites: tuple[str, ...] = ()
    """Addresses of own pages."""
    feeds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """BCP 47, the preferred one first."""
    time_zone: str = ""
    """An IANA name; empty for anything else."""
    birthday: str = ""
    """"1984-02-29", or "--02-29" where the year is not known."""
    anniversary: str = ""
    groups: tuple[str, ...] = ()
    notes: str = ""
    interests: tuple[CardInterest, ...] = ()
    line: int = 0
    """Where it begins in the file, from 1."""


@dataclass(frozen=True, slots=True)
class BadCard:
    """A card or row that can't be used, with the reason in words."""

    line: int
    reason: str
