"""What vCards must not do to the cards after them, to names, or to the machine."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from recommender.cards.dates import read_day
from recommender.cards.types import BadCard, Card, CardInterest
from recommender.cards.vcard import read_vcards
from recommender.cards.writing import write_vcards

NEXT = ("BEGIN:VCARD", "FN:Next", "END:VCARD")


def read(*lines: str) -> list[Card | BadCard]:
    return list(read_vcards("\r\n".join([*lines, ""]).encode()))


def one(*lines: str) -> Card:
    (card,) = read("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD")
    assert isinstance(card, Card)
    return card


@pytest.mark.parametrize(
    "lines",
    [
        ["NOTE;ENCODING=QUOTED-PRINTABLE:", *["x" * 75 + "="] * 2000, "end"],
        ["NOTE;QUOTED-PRINTABLE:cut short="],
        ["PHOTO;QUOTED-PRINTABLE:=FF=", "=D8=", "=00"],
    ],
    ids=["too long", "never ended", "photo"],
)
def test_soft_line_breaks_swallow_no_other_card(lines: list[str]) -> None:
    lines[0] += "=" if lines[0].endswith(":") else ""
    found = read("BEGIN:VCARD", "FN:Joe", *lines, "END:VCARD", *NEXT)
    assert [card.name for card in found if isinstance(card, Card)] == ["Joe", "Next"]


def test_what_comes_after_a_photo_in_quoted_printable_is_kept() -> None:
    card = one("FN:Joe", "PHOTO;QUOTED-PRINTABLE:=FF=", "=D8=", "=00", "EMAIL:joe@e.example")
    assert card.emails == ("joe@e.example",)


@pytest.mark.parametrize(
    "lines",
    [
        ["BEGIN:VCARD", "what is this", "FN:Joe", "END:VCARD"],
        [" BEGIN:VCARD", " FN:Joe", " END:VCARD"],
        ["BEGIN:VCARD", "  VERSION:3.0", "  FN:Joe", "END:VCARD"],
    ],
    ids=["stray line", "indented", "indented within"],
)
def test_no_card_is_passed_over(lines: list[str]) -> None:
    found = read(*lines, *NEXT)
    assert [card.name for card in found if isinstance(card, Card)] == ["Joe", "Next"]


def test_a_line_that_says_nothing_is_no_part_of_a_name() -> None:
    assert one("FN:Joe", "EMAIL", "TEL:12345").name == "Joe"


def test_a_folded_value_in_quoted_printable_has_no_more_line_breaks() -> None:
    assert one("FN:Joe", "NOTE;QUOTED-PRINTABLE:one=20", " two").notes == "one two"


def test_the_number_of_an_agent_is_not_the_own_one() -> None:
    card, after = read(
        "BEGIN:VCARD", "FN:Boss", "AGENT:BEGIN:VCARD", "FN:Aide", "TEL:999", "END:VCARD",
        "TEL:111", "END:VCARD", *NEXT,
    )  # fmt: skip
    assert isinstance(card, Card)
    assert isinstance(after, Card)
    assert (card.name, card.phones, after.name) == ("Boss", ("111",), "Next")


def test_half_characters_and_invisible_names_go_no_further() -> None:
    card = one("FN;CHARSET=utf-7:+2AA-Joe", "NOTE;CHARSET=unicode_escape:a\\ud83d")
    assert (card.name, card.notes) == ("Joe", "a")
    assert one("FN:\u2060", "EMAIL:joe@e.example").name == "joe@e.example"


def test_addresses_are_found_in_what_is_written_around_them() -> None:
    card = one(
        "FN:Joe", "EMAIL:Joe <a@e.example>", "EMAIL:b@e.example;", "EMAIL:c@e.example, d@e.de"
    )
    assert card.emails == ("a@e.example", "b@e.example", "c@e.example", "d@e.de")
    assert "Joe <a@e.example>" in card.notes


def test_a_birthday_said_in_words_is_none() -> None:
    assert one("FN:Joe", "BDAY;VALUE=text:1980-01-01 or so").birthday == ""
    assert [read_day(text) for text in ("1984-2-9", "1984/02/30")] == ["1984-02-09", ""]


def test_any_time_zone_that_has_a_name_will_do() -> None:
    assert one("FN:Joe", "TZ:-0500", "TZ:America/New_York").time_zone == "America/New_York"


@pytest.mark.parametrize("weight", [1 / 3, 0.00001, 1.99999])
def test_every_weight_is_read_as_it_was_written(weight: float) -> None:
    text = write_vcards([Card("Joe", interests=(CardInterest("bees", weight),))])
    (card,) = read_vcards(text.encode())
    assert isinstance(card, Card)
    assert card.interests == (CardInterest("bees", weight),)


def test_a_card_of_many_addresses_is_read_in_a_moment() -> None:
    lines = "".join(f"EMAIL:a{n}@e.example\n" for n in range(100_000))
    started = time.monotonic()
    assert len(list(read_vcards(f"BEGIN:VCARD\n{lines}END:VCARD\n".encode()))) == 1
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("line", [b"A:1\n", b"NOTE:1\n", b" z\n"])
def test_a_file_takes_little_more_room_than_it_has(line: bytes) -> None:
    body = b"BEGIN:VCARD\nFN:x\n" + line * 200_000
    tracemalloc.start()
    try:
        assert len(list(read_vcards(body))) == 1
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
