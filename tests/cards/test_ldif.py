"""LDIF as address books write it, and as nobody should."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recommender.cards import ldif
from recommender.cards.ldif import looks_like_ldif, read_ldif
from recommender.cards.types import BadCard, Card, NameParts
from recommender.errors import InvalidInput

PERSON = """\
version: 1

# Exported by hand,
  and folded.
dn: cn=Ann Lee,mail=ann@example.org
objectclass: top
objectclass: person
objectclass: mozillaAbPersonAlpha
cn: Ann L
 ee
givenName: Ann
sn;lang-en: Lee
sn;lang-de: Leh
mail: ann@example.org
mozillaSecondEmail: lee@example.org
mozillaNickname: Annie
facsimileTelephoneNumber: +44 9
telephoneNumber: +44 1
homePhone: +44 2
mobile: +44 3
o: Acme
title: Cook
mozillaHomeStreet: 2 Short Rd
mozillaHomeLocalityName: York
street: 1 Long Rd
l: Leeds
birthyear: 1984
birthmonth: 2
birthday: 29
labeledURI: https://ann.example My pages
categories: Chess, Friends
description:: SMO2bGxvLAp0aGVyZQ==
jpegPhoto:< file:///etc/photo.jpg
modifytimestamp: 0Z
"""


def one(text: str) -> Card:
    (card,) = read_ldif(text)
    assert isinstance(card, Card)
    return card


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_a_person_of_thunderbird(line_break: str) -> None:
    text = PERSON.replace("\n", line_break)
    assert looks_like_ldif(text)
    card = one(text)
    assert card.name == "Ann Lee"
    assert card.parts == NameParts("Lee", "Ann")
    assert card.nicknames == ("Annie",)
    assert card.emails == ("ann@example.org", "lee@example.org")
    assert card.phones == ("+44 1", "+44 2", "+44 3", "+44 9")
    assert card.addresses == ("2 Short Rd, York", "1 Long Rd, Leeds")
    assert (card.town, card.organisation, card.role) == ("York", "Acme", "Cook")
    assert (card.birthday, card.sites) == ("1984-02-29", ("https://ann.example",))
    assert (card.groups, card.notes) == (("Chess", "Friends"), "Höllo,\nthere")
    assert card.line == 5


@pytest.mark.parametrize(
    ("lines", "birthday"),
    [
        ("birthyear: 0\nbirthmonth: 12\nbirthday: 24", "--12-24"),
        ("birthmonth: 02\nbirthday: 29", "--02-29"),
        ("birthyear: 1984", ""),
        ("birthyear: 1983\nbirthmonth: 2\nbirthday: 29", ""),
        ("birthDate: 1984-02-29", "1984-02-29"),
        ("birthday: 1984-02-29", "1984-02-29"),
    ],
)
def test_birthdays(lines: str, birthday: str) -> None:
    assert one(f"dn: cn=Ann\ncn: Ann\n{lines}\n").birthday == birthday


def test_an_old_charset_in_base64() -> None:
    assert one("dn: x\ncn:: " + base64.b64encode("Jörg".encode("cp1252")).decode()).name == "Jörg"


def test_addresses_of_directories() -> None:
    card = one("dn: x\ncn: Ann\npostalAddress: 1 Long Rd $ Leeds $ UK\nl: Leeds\n")
    assert card.addresses == ("1 Long Rd, Leeds, UK",)
    assert card.town == "Leeds"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("dn: ou=people\nobjectClass: organizationalUnit\nou: people", "not a person"),
        ("dn: cn=all\nobjectClass: groupOfNames\ncn: all\nmember: cn=Ann", "not a person"),
        ("dn: o=acme\nobjectClass: organization\no: Acme", "not a person"),
        ("dn: cn=Ann\nchangetype: modify\nreplace: mail\nmail: a@example.org\n-", "a change"),
        ("dn: cn=Ann\nchangetype: delete", "a change"),
        ("dn: cn=Ann\nchangetype:: ZGVsZXRl", "a change"),
        ("dn: cn=Ann\nobjectClass: person", "no name"),
        ("dn: cn=Ann\ncn:: !!!!!\n", "no name"),
        ("dn: cn=Ann\ncn:: \u00e4\n", "no name"),
    ],
)
def test_what_is_no_person(entry: str, reason: str) -> None:
    (bad, good) = read_ldif(f"{entry}\n\ndn: cn=Bo\nchangetype: add\ncn: Bo\n")
    assert isinstance(bad, BadCard)
    assert reason in bad.reason
    assert bad.line == 1
    assert isinstance(good, Card)
    assert good.name == "Bo"


def test_a_missing_empty_line_makes_no_mixture() -> None:
    cards = read_ldif("dn: cn=Ann\ncn: Ann\ndn: cn=Bo\ncn: Bo\n")
    assert [card.name for card in cards if isinstance(card, Card)] == ["Ann", "Bo"]


@pytest.mark.parametrize(
    ("text", "is_ldif"),
    [
        ("dn: cn=Ann\n", True),
        ("dn:: Y249QW5u\n", True),
        ("# by hand\n\nversion: 1\n", True),
        ("", False),
        ("dn,cn\nx,Ann\n", False),
        ("Name,E-mail\nAnn,\n", False),
        ("BEGIN:VCARD\n", False),
    ],
)
def test_what_looks_like_ldif(text: str, is_ldif: bool) -> None:
    assert looks_like_ldif(text) is is_ldif


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldif, "MAX_ROWS", 3)
    assert len(list(read_ldif("dn: x\ncn: Ann\n\n" * 3))) == 3
    with pytest.raises(InvalidInput, match="more than 3 entries"):
        list(read_ldif("dn: x\ncn: Ann\n\n" * 4))


@given(st.text(st.characters() | st.sampled_from("\n :;#"), max_size=200))
@example("\n:")
@example(" \n :x")
@example("mail:: =")
@example("birthday: ²")
@example("birthmonth: ²\nbirthday: 1")
def test_no_text_breaks_it(text: str) -> None:
    looks_like_ldif(text)
    for whole in (text, f"dn: cn=Ann\ncn: {text}\nbirthday: {text}\nmail:: {text}"):
        assert all(isinstance(card, BadCard) or card.name for card in read_ldif(whole))


@pytest.mark.parametrize(
    "text",
    [
        "dn: x\ncn: Ann\n" + " a\n" * 500_000,
        "dn: x\ncn: Ann\n" + "mail: a@example.org\n" * 200_000,
        "dn: x\ncn: Ann\nmail: " + "a@" * 1_000_000,
        "dn: x\ncn: Ann\nmail: " + "a" * 2_000_000,
        "dn: x\ncn: Ann\npostalAddress: a" + " " * 2_000_000 + "b",
        "dn:\n" * 90_000,
        "\n" * 1_000_000,
        "dn: x\ncn: Ann\njpegPhoto:: " + "A" * 4_000_000,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    began = time.monotonic()
    list(read_ldif(text))
    assert time.monotonic() - began < 5
