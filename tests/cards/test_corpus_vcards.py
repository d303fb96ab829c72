"""Every vCard of the shared corpus goes in without loss of names, e-mails, phones, birthdays.

What should be there is taken from the files by crude means that share nothing with the reader.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

import pytest

from recommender.cards.types import BadCard, Card
from recommender.cards.vcard import looks_like_vcard, read_vcards
from tests.conftest import need_shared

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGINS = {
    "calcard": 78,
    "ez-vcard": 18,
    "folkerkinzel-vcards": 36,
    "horde-turba": 3,
    "roundcube": 11,
    "sabre-vobject": 2,
    "tine20": 14,
}
"""Archive -> how many vCard files it has at least, but for those that hold no card."""
NAMELESS = 13
"""Cards of the corpus without any name, address or number: made so by their authors."""
NO_DAYS = {
    "027.vcf": "circa 1800",
    "rfc.vcf": "several birthdays in one card, or circa 1800",
    "048.vcf": "several birthdays in one card",
    "063.vcf": "year 206; and a card without a name",
    "v4.vcf": "month 31",
    "052.vcf": "a card without a name",
    "053.vcf": "a card without a name",
}
NO_PHONES = {"v2_1.vcf": "a number of two digits in a value of several"}
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")


def files(origin: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(need_shared("corpus", f"{origin}.tar.gz")) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.name.endswith(".vcf") else None
            if handle is not None:
                yield member.name.rsplit("/", 1)[1], handle.read()


def crude(body: bytes) -> str:
    """A file as text with its folds undone."""
    encoding = "utf-8"
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in body[:20]:
        encoding = "utf-16-le" if body[1] == 0 else "utf-16-be"
    text = body.decode(encoding, "replace").removeprefix("\ufeff")
    return re.sub(r"=\r?\n", "", re.sub(r"\r?\n[ \t]", "", text))


def values(text: str, name: str) -> list[str]:
    found = re.findall(rf"(?im)^(?:[\w-]+\.)?{name}[^:\n]*:(.*)$", text)
    return [value.strip() for value in found if value.strip()]


def numbers(texts: list[str]) -> set[str]:
    return {re.sub(r"\D", "", text) for text in texts} - {""}


@pytest.mark.parametrize("origin", ORIGINS)
def test_nothing_is_lost(origin: str) -> None:
    n_files = 0
    for name, body in files(origin):
        if not looks_like_vcard(body):
            assert len(body) < 10, name  # an empty file
            continue
        n_files += 1
        text = crude(body)
        found = list(read_vcards(body))
        assert len(found) == len(re.findall(r"(?im)^\s*BEGIN\s*:\s*VCARD", text)), name
        cards = [card for card in found if isinstance(card, Card)]
        for value in values(text, "EMAIL"):
            for email in _EMAIL.findall(value):
                kept = {e.casefold() for c in cards for e in (*c.emails, *_EMAIL.findall(c.notes))}
                assert email.casefold() in kept, (name, email)
        if name not in NO_PHONES:
            kept_numbers = numbers([phone for card in cards for phone in card.phones])
            assert numbers(values(text, "TEL")) <= kept_numbers, name
        if name not in NO_DAYS:
            days = {re.sub(r"\D", "", day)[:8] for day in values(text, "BDAY")}
            assert len(days) <= len([card for card in cards if card.birthday]), (name, days)
        # A name in plain letters is there as it stands, unless it is a group's.
        n_groups = sum(isinstance(c, BadCard) and "group" in c.reason for c in found)
        names = {card.name for card in cards}
        plain = [v for v in values(text, "FN") if re.fullmatch(r"[A-Za-z .-]+", v)]
        assert sum(" ".join(v.split()) not in names for v in plain) <= n_groups, name
    assert n_files >= ORIGINS[origin] - 2


def test_what_is_refused_deserves_it() -> None:
    refused = [
        card.reason
        for origin in ORIGINS
        for _, body in files(origin)
        for card in read_vcards(body)
        if isinstance(card, BadCard)
    ]
    assert set(refused) == {"a group, not a person", "it has no name, address or number"}
    assert refused.count("it has no name, address or number") <= NAMELESS
