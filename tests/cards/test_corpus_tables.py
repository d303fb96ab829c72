"""Every table and LDIF file of the shared corpus, without loss of names, e-mails, phones, days.

What should be there is taken from the files by crude means that share nothing with the readers;
for Roundcube's tables it is the vCards that Roundcube itself makes of them.
"""

from __future__ import annotations

import base64
import csv
import re
import tarfile
from typing import TYPE_CHECKING

import pytest

from recommender.cards.csv_book import looks_like_csv, read_csv
from recommender.cards.ldif import looks_like_ldif, read_ldif
from recommender.cards.types import BadCard, Card
from tests.conftest import need_shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TABLES = {"tine20": (13, 33), "roundcube": (5, 8)}
"""Archive -> how many CSV files and rows it has."""
DIRECTORIES = {"horde-turba": (4, 7)}
LEFT_OUT = {
    ("all.csv", "Assistant's Phone"): "someone else's number",
    ("append.csv", "Vorwahl_Tel"): "an area code without its number",
    ("mapundefined.csv", "Vorwahl_Tel"): "an area code without its number",
}
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?i)phone|tel|mobil|fax|pager")
_NO_PHONE = re.compile(r"(?i)type$")
_NAME = re.compile(r"(?i)first name|last name|given|family$|vorname|^name$|display name")
_NO_NAME = re.compile(r"(?i)yomi")


def files(origin: str, ending: str) -> Iterator[tuple[str, str]]:
    """(name, text) of an archive's files of a kind."""
    with tarfile.open(need_shared("corpus", f"{origin}.tar.gz")) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.name.endswith(ending) else None
            if handle is not None:
                body = handle.read()
                try:
                    text = body.decode("utf-8-sig")
                except UnicodeDecodeError:
                    text = body.decode("cp1252")
                yield member.name.rsplit("/", 1)[1], text


def crude_rows(text: str) -> tuple[list[str], list[list[str]]]:
    """Headers and rows, the delimiter being what the first line has more of."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    headers, *rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    return headers, [row for row in rows if any(row)]


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def everything(card: Card) -> str:
    return " ".join([card.name, *card.parts, *card.emails, *card.nicknames]).casefold()


def good(cards: Sequence[Card | BadCard], name: str) -> list[Card]:
    assert not [card for card in cards if isinstance(card, BadCard)], name
    return [card for card in cards if isinstance(card, Card)]


@pytest.mark.parametrize("origin", TABLES)
def test_no_row_of_a_table_loses_anything(origin: str) -> None:
    n_files = n_rows = n_emails = n_phones = n_names = 0
    used = set()
    for name, text in files(origin, ".csv"):
        headers, rows = crude_rows(text)
        assert looks_like_csv(text), name
        cards = good(list(read_csv(text)), name)
        assert len(cards) == len(rows), name
        n_files, n_rows = n_files + 1, n_rows + len(rows)
        for row, card in zip(rows, cards, strict=True):
            emails = {found for cell in row for found in _EMAIL.findall(cell)}
            assert emails == set(card.emails), (name, row)
            n_emails += len(emails)
            phones = {digits(phone) for phone in card.phones}
            for header, cell in zip(headers, row, strict=False):
                if (name, header) in LEFT_OUT:
                    used.add((name, header))
                    assert digits(cell) not in phones, (name, header)
                elif _PHONE.search(header) and not _NO_PHONE.search(header) and digits(cell):
                    n_phones += 1
                    assert digits(cell) in phones, (name, header, cell)
                elif _NAME.search(header) and not _NO_NAME.search(header):
                    n_names += bool(cell)
                    assert cell.casefold() in everything(card), (name, header, cell)
    assert (n_files, n_rows) == TABLES[origin]
    assert used == {key for key in LEFT_OUT if key[0] in dict(files(origin, ".csv"))}
    assert n_emails > 10, "the crude reader finds something"
    assert n_names > 6
    assert n_phones > 10


def test_roundcubes_tables_give_the_cards_that_roundcube_makes_of_them() -> None:
    wanted = dict(files("roundcube", ".vcf"))
    for name, text in files("roundcube", ".csv"):
        vcards = wanted[name.replace(".csv", ".vcf")].split("BEGIN:VCARD")[1:]
        for vcard, card in zip(vcards, good(list(read_csv(text)), name), strict=True):

            def of(start: str, vcard: str = vcard) -> list[str]:
                lines = re.findall(rf"(?m)^{start}(?:;[^:\n]*)?:(.+?)\r?$", vcard)
                return [line.replace("\\,", ",") for line in lines]

            assert [card.name] == of("FN")
            assert sorted(card.emails) == sorted(of("EMAIL"))
            left_out = {"333"}  # the assistant's
            assert sorted(card.phones) == sorted(set(of("TEL")) - left_out)
            assert list(card.nicknames) == of("NICKNAME")
            assert [card.birthday] == (of("BDAY") or [""])
            assert [card.anniversary] == (of("X-ANNIVERSARY") or [""])
            assert [card.organisation] == (of("ORG") or [""])
            assert [card.role] == (of("TITLE") or [""])
            assert sorted(card.sites) == sorted(of("URL"))
            assert len(card.addresses) == len(of("ADR"))
            assert [";".join(card.parts)] == of("N") or of("N") == [";;;;"]
            assert [card.town] == ([a.split(";")[3] for a in of("ADR;TYPE=home")] or [""])
            kept = [g for value in of("CATEGORIES") for g in value.split(",") if g[:3] != "My "]
            assert list(card.groups) == kept


def crude_entries(text: str) -> list[str]:
    """Entries with what is in base64 decoded."""
    plain = re.sub(
        r"(?m)^(\w+)::\s*(\S+)$",
        lambda found: f"{found[1]}: {base64.b64decode(found[2]).decode().strip()}",
        text.replace("\r", ""),
    )
    return [entry for entry in plain.split("\n\n") if entry.strip()]


@pytest.mark.parametrize("origin", DIRECTORIES)
def test_no_entry_of_a_directory_loses_anything(origin: str) -> None:
    n_files = n_entries = 0
    for name, text in files(origin, ".ldif"):
        assert looks_like_ldif(text), name
        entries = crude_entries(text)
        cards = good(list(read_ldif(text)), name)
        for entry, card in zip(entries, cards, strict=True):
            assert set(_EMAIL.findall(entry)) == set(card.emails), (name, entry)
            assert re.findall(r"(?m)^cn: (.+)", entry) == [card.name], name
            family_given = [card.parts.family, card.parts.given]
            for attribute, value in zip(("sn", "givenName"), family_given, strict=True):
                assert re.findall(rf"(?m)^{attribute}: (.+)", entry) == [value], name
            numbers = re.findall(r"(?m)^\w+: (\+\d[\d ]+)$", entry)
            assert sorted(numbers) == sorted(card.phones), (name, entry)
            assert set(re.findall(r"(?m)^\w+Url: (\S+)$", entry)) == set(card.sites), name
        n_files, n_entries = n_files + 1, n_entries + len(entries)
    assert (n_files, n_entries) == DIRECTORIES[origin]
