"""vCards of every version, as programs write them and as nobody should."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.cards.dates import read_day
from recommender.cards.types import BadCard, Card, CardInterest, NameParts
from recommender.cards.vcard import looks_like_vcard, read_vcards
from recommender.cards.writing import write_vcards


def read(*lines: str | bytes, end: bytes = b"\r\n") -> list[Card | BadCard]:
    body = end.join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return list(read_vcards(body))


def one(*lines: str | bytes, end: bytes = b"\r\n") -> Card:
    (card,) = read("BEGIN:VCARD", *lines, "END:VCARD", end=end)
    assert isinstance(card, Card)
    return card


def test_a_card_of_version_4_says_everything() -> None:
    card = one(
        "VERSION:4.0",
        "UID:urn:uuid:1",
        "FN:Dr. Aïcha Benali",
        "N:Benali;Aïcha;Maria;Dr.;MD",
        "NICKNAME:Ish,Ishy",
        "EMAIL;PREF=2:second@b.example",
        "EMAIL;PREF=1:mailto:first@b.example",
        "TEL;VALUE=uri:tel:+49-30-1234",
        "ADR;TYPE=work:;;Weg 1;Bonn;;53111;Germany",
        "ADR;TYPE=home:;;Platz 2\\, Hof;Berlin;;;",
        "ORG:Stadtwerk;Netz",
        "TITLE:baker",
        "URL:https://benali.example",
        "LANG;PREF=2:fr",
        "LANG;PREF=1:de",
        "TZ:Europe/Berlin",
        "BDAY:--0229",
        "ANNIVERSARY:20100501",
        "CATEGORIES:Choir,Friends",
        "NOTE:one\\ntwo\\; three",
        "INTEREST;LEVEL=high:fly fishing",
        "HOBBY;LEVEL=low:jazz",
        "EXPERTISE;LEVEL=expert:bees",
    )
    assert card == Card(
        name="Dr. Aïcha Benali",
        parts=NameParts("Benali", "Aïcha", "Maria", "Dr.", "MD"),
        uid="urn:uuid:1",
        nicknames=("Ish", "Ishy"),
        emails=("first@b.example", "second@b.example"),
        phones=("+49-30-1234",),
        addresses=("Weg 1, Bonn, 53111, Germany", "Platz 2, Hof, Berlin"),
        town="Berlin",
        organisation="Stadtwerk",
        role="baker",
        sites=("https://benali.example",),
        languages=("de", "fr"),
        time_zone="Europe/Berlin",
        birthday="--02-29",
        anniversary="2010-05-01",
        groups=("Choir", "Friends"),
        notes="one\ntwo; three",
        interests=(
            CardInterest("bees", 1.5),
            CardInterest("jazz", 0.5),
            CardInterest("fly fishing", 1.5),
        ),
        line=1,
    )


def test_version_2_has_quoted_printable_charsets_and_bare_parameters() -> None:
    card = one(
        "VERSION:2.1",
        b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg",
        b"FN;CHARSET=windows-1252:J\xf6rg M\xfcller",
        "TEL;HOME;VOICE:030 1234",
        "EMAIL;INTERNET:joerg@m.example",
        "NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:eins=0D=0A=",
        "zwei =E2=82=AC",
        "PHOTO;ENCODING=BASE64;JPEG:",
        "  /9j/4AAQSkZJRgABAQ",
        "  AAAQABAAD/4QBYRXhpZg==",
        "",
        "BDAY:19840229",
    )
    assert card.name == "Jörg Müller"
    assert card.parts == NameParts("Müller", "Jörg")
    assert card.notes == "eins\nzwei €"
    assert card.birthday == "1984-02-29"
    assert (card.phones, card.emails) == (("030 1234",), ("joerg@m.example",))


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_lines_are_folded_and_end_in_any_way(end: bytes) -> None:
    card = one("FN:Joe", " Ferraro", "NOTE:a long", "  note", "\tgoes on", end=end)
    assert card.name == "JoeFerraro"
    assert card.notes == "a long notegoes on"


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "cp1252"),
    ],
)
def test_files_come_in_many_encodings(bom: bytes, encoding: str) -> None:
    body = bom + "BEGIN:VCARD\nFN:Jörg\nEND:VCARD\n".encode(encoding)
    assert looks_like_vcard(body)
    (card,) = read_vcards(body)
    assert isinstance(card, Card)
    assert card.name == "Jörg"


def test_apples_groups_labels_and_years() -> None:
    card = one(
        "FN:Ann",
        "item1.EMAIL;type=INTERNET:ann@e.example",
        "item1.X-ABLabel:_$!<Other>!$_",
        "BDAY;X-APPLE-OMIT-YEAR=1604;VALUE=date:1604-02-29",
        "item2.X-ABDATE:20110611",
        "item2.X-ABLabel:_$!<Anniversary>!$_",
    )
    assert card.emails == ("ann@e.example",)
    assert (card.birthday, card.anniversary) == ("--02-29", "2011-06-11")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["N:Ferraro;Joe;;;"], "Joe Ferraro"),
        (["NICKNAME:Joey"], "Joey"),
        (["ORG:Harbour Lights"], "Harbour Lights"),
        (["EMAIL:joe@e.example"], "joe@e.example"),
        (["TEL:030 1"], "030 1"),
    ],
)
def test_a_name_is_made_of_what_there_is(lines: list[str], name: str) -> None:
    assert one("FN:", *lines).name == name


def test_each_card_gives_one_answer() -> None:
    found = read(
        "BEGIN:VCARD", "VERSION:3.0", "PHOTO:x", "END:VCARD",
        "BEGIN:VCARD", "FN:Team", "KIND:group", "END:VCARD",
        "BEGIN:VCARD", "FN:Boss", "AGENT:", "BEGIN:VCARD", "FN:Aide", "END:VCARD",
        "TEL:1234567", "END:VCARD",
        "BEGIN:VCARD", "FN:Cut short",
        "BEGIN:VCARD", "FN:Last",
    )  # fmt: skip
    assert [getattr(card, "name", None) or getattr(card, "reason", "") for card in found] == [
        "it has no name, address or number",
        "a group, not a person",
        "Boss",
        "Cut short",
        "Last",
    ]
    assert [card.line for card in found] == [1, 5, 9, 17, 19]
    assert found[2].phones == ("1234567",)  # type: ignore[union-attr]


def test_what_is_no_address_is_not_lost() -> None:
    card = one("FN:Joe", "EMAIL:joe at home", "EMAIL:joe@e.example")
    assert card.emails == ("joe@e.example",)
    assert card.notes == "E-mail: joe at home"


def test_control_characters_and_steering_are_taken_out() -> None:
    card = one("FN:Joe\x00\x1b[31m \u202eFerraro", "NOTE:a\tb")
    assert card.name == "Joe[31m Ferraro"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1984-02-29", "1984-02-29"),
        ("19840229T101500Z", "1984-02-29"),
        ("1983-02-29", ""),
        ("--0229", "--02-29"),
        ("--02-30", ""),
        ("0000-12-24", "--12-24"),
        ("24.12.1970", "1970-12-24"),
        ("circa 1800", ""),
        ("February 29, 1984", "1984-02-29"),
        ("29 Feb 1984", "1984-02-29"),
        ("29. Februar 1984", "1984-02-29"),
        ("24 Dez", "--12-24"),
        ("Mai 1984", ""),
        ("29 Foo 1984", ""),
        ("3 March 3 1984", ""),
        ("", ""),
    ],
)
def test_days(text: str, day: str) -> None:
    assert read_day(text) == day


@given(st.binary(max_size=400))
def test_nothing_raises(body: bytes) -> None:
    list(read_vcards(b"BEGIN:VCARD\r\n" + body + b"\r\nEND:VCARD\r\n"))


@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCARD\nFN:x\nNOTE:" + b"a" * 20_000_000,
        b"BEGIN:VCARD\n" * 200_000,
        b"BEGIN:VCARD\nFN:x\nNOTE:y\n" + b" z\n" * 2_000_000,
        b"BEGIN:VCARD\nFN:x\nPHOTO;ENCODING=b:\n" + b" " + b"QUJD" * 5_000_000,
        b"BEGIN:VCARD\nFN:x\nNOTE;ENCODING=QUOTED-PRINTABLE:" + b"=\n" * 2_000_000,
        b"BEGIN:VCARD\nFN:x\nN:" + b"\\;" * 5_000_000,
        b"BEGIN:VCARD\nFN:x\nX" + b";A=B" * 2_000_000 + b":y",
    ],
    ids=["long", "begins", "folds", "photo", "soft breaks", "escapes", "parameters"],
)
def test_hostile_files_are_read_in_a_moment(body: bytes) -> None:
    # No measure of speed: what is not linear here takes hours.
    started = time.monotonic()
    assert len(list(read_vcards(body))) >= 1
    assert time.monotonic() - started < 120


def clean(limit: int) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Zs"))
    words = st.lists(st.text(letters, min_size=1, max_size=12), min_size=1, max_size=4)
    return words.map(" ".join).filter(lambda text: len(text) <= limit and text.strip() == text)


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=3, unique_by=str.casefold).map(tuple)


emails = st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.[a-z]{2,3}", fullmatch=True)
interests = st.lists(
    st.builds(
        CardInterest,
        clean(60).filter(lambda text: any(c.isalnum() for c in text)),
        st.sampled_from([0.5, 1.0, 1.5, 0.3, 1.25, 2.0]),
    ),
    max_size=3,
    unique_by=lambda interest: interest.phrase.casefold(),
).map(tuple)
cards = st.builds(
    Card,
    name=clean(80),
    parts=st.builds(NameParts, *[clean(30) | st.just("")] * 5),
    uid=clean(30) | st.just(""),
    nicknames=some(clean(30)),
    emails=some(emails),
    phones=some(st.from_regex(r"\+?[0-9]{5,12}", fullmatch=True)),
    addresses=some(st.lists(clean(20), min_size=1, max_size=4).map(", ".join)),
    town=clean(30) | st.just(""),
    organisation=clean(50) | st.just(""),
    role=clean(50) | st.just(""),
    sites=some(st.from_regex(r"https://[a-z]{1,9}\.example/[a-z;,]{0,9}", fullmatch=True)),
    feeds=some(st.from_regex(r"https://[a-z]{1,9}\.example/feed", fullmatch=True)),
    languages=some(st.sampled_from(["de", "fr", "en-GB"])),
    time_zone=st.sampled_from(["", "Europe/Berlin", "Pacific/Apia"]),
    birthday=st.sampled_from(["", "1984-02-29", "--02-29", "0984-01-01"]),
    anniversary=st.sampled_from(["", "2010-05-01", "--05-01"]),
    groups=some(clean(30)),
    notes=st.lists(clean(200), max_size=3).map("\n".join),
    interests=interests,
)


@given(st.lists(cards, max_size=3))
def test_what_is_written_is_read_again(written: list[Card]) -> None:
    text = write_vcards(written)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = list(read_vcards(text.encode()))
    unplaced = [
        Card(**{name: getattr(c, name) for name in Card.__slots__ if name != "line"})
        for c in found
        if isinstance(c, Card)
    ]
    assert unplaced == written
