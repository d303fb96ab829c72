"""Digests to render: a full week, one person, nothing at all, and one that strangers wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from recommender.mail.view import Call, DigestView, Envelope, Occasion, Person, Pick

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
HOME = "http://127.0.0.1:8765"
BREAKS_OUT = (
    "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
    "</style><style>*{background:url(//evil.example)}</style>{{ 7 * 7 }}"
)
TURNED = "\u202egnp.exe\u202c\u2066"
ENDLESS = "Donaudampfschiff" * 700
HEADER = "Joe\r\nBcc: evil@evil.example\u2028Cc: evil\x85To: evil\n\n<html>"
ENCODED = "=?utf-8?q?J=0D=0ABcc:e@e.example?="
SCRIPT = "javascript:alert(4)"


def make_pick(n: int = 1, **fields: Any) -> Pick:
    """An article for Joe."""
    made = Pick(
        is_joke=False,
        title="The lighthouse keepers who kept the Atlantic’s weather diary",
        text="",
        url=f"https://open-water.example/lighthouse-{n}",
        source="Open Water, Open Road",
        reason="Joe is interested in weather history, and this article says: “In weather history it"
        " stands as the year without a summer.”",
        span="In weather history it stands as the year without a summer.",
        write_url="mailto:joe@mail.example?subject=The%20lighthouse%20keepers&body=Hi%20Joe%2C%0D%0A"
        "%0D%0A%0D%0A%0D%0Asaw%20this%20and%20thought%20of%20you%3A%0D%0A"
        f"https%3A%2F%2Fopen-water.example%2Flighthouse-{n}",
        outcome_url=f"{HOME}/go/WyJtZSIsImRydjB1YXJwNDIyIl0.{n}.Zx81k-qW3aGVsbG8td29ybGQ",
    )
    return replace(made, **fields)


def make_joke(n: int = 2, **fields: Any) -> Pick:
    """A joke of three lines, whose title is its beginning."""
    text = "A man walks into a library and asks for books on paranoia.\n\nThe librarian whispers:\n"
    made = make_pick(
        n,
        is_joke=True,
        title="A man walks into a library and…",
        text=text + "“They’re right behind you.”",
        url=None,
        source="Jokes without harm",
        reason="Joe takes clean jokes now and then; the last one was in August.",
        span="",
    )
    return replace(made, **fields)


def make_person(name: str = "Joe Ferraro", *picks: Pick, **fields: Any) -> Person:
    """Somebody who is due, with one article unless told otherwise."""
    first_name = name.split(maxsplit=1)[0]
    made = Person(name, first_name, "You last wrote 6 weeks ago", True, picks or (make_pick(),))
    return replace(made, **fields)


def make_view(*people: Person, **fields: Any) -> DigestView:
    """A digest of these people and nothing else."""
    made = DigestView(
        week="2026-W48",
        day="Thursday 26 November 2026",
        people=people,
        calls=(),
        occasions=(),
        came_back=(),
        gauge=(),
        n_without=0,
        minutes=0,
        today_url=f"{HOME}/",
        settings_url=f"{HOME}/settings",
        unsubscribe_url=f"{HOME}/digest/unsubscribe?token=bWU.Zx81k-qW3",
    )
    return replace(made, **fields)


def rich() -> DigestView:
    """Seven people and everything a week can hold."""
    aicha = make_pick(
        3,
        title="Cities that listen: what a square sounds like after the cars have gone",
        source="The Kerb",
        reason="Aïcha is interested in urbanism and in jazz.",
        span="Stand in the middle of the old market at seven, and you will hear a trumpet from"
        " three streets away.",
    )
    hebrew = make_pick(
        4, title="מגדלור ישן על קצה הים", source="ים פתוח", span="", reason="Of the sea."
    )
    chinese = make_pick(5, title="大西洋的灯塔看守人与他们的天气日记", source="海洋", span="")
    unlinked = make_pick(6, url=None, write_url=f"{HOME}/suggestions/drv0uarp422", span="")
    return make_view(
        make_person("Joe Ferraro", make_pick(), make_joke()),
        make_person("Aïcha Benali", aicha, last_contact="You last wrote 12 days ago"),
        make_person("Noa Levi", hebrew, last_contact="You last spoke 3 months ago"),
        make_person("李 明", chinese, last_contact="You met 2 months ago"),
        make_person("Grace Whitcombe", unlinked, last_contact="You have not written yet"),
        make_person("Göran Ström", make_pick(7, span=""), is_due=False),
        make_person("Sam Adeyemi", make_joke(8), make_pick(9), is_due=False),
        calls=(
            Call(
                "Ann O’Brien",
                "Ann",
                "+49 30 901820",
                "tel:+4930901820",
                "You last spoke a year ago",
                ("Her move to Lisbon", "Chess", "What became of the boat"),
            ),
        ),
        occasions=(
            Occasion(
                "Sam Adeyemi",
                "Sam",
                "Saturday 28 November",
                "birthday: 40",
                "mailto:sam@mail.example?subject=Happy%20birthday",
            ),
            Occasion("Esra Farah", "Esra", "Tuesday 1 December", "anniversary", ""),
        ),
        came_back=("Joe answered on Monday.", "Hana called on Tuesday."),
        gauge=(
            "You have been in touch with 31 of 40 people this year.",
            "12 calls, 3 of them yearly.",
        ),
        n_without=4,
        minutes=5,
    )


def hostile() -> DigestView:
    """Strangers' words wherever there can be some, each in its own way."""
    bad = f"{BREAKS_OUT} {TURNED} {HEADER}"
    pick = make_pick(1, title=bad, source=bad, reason=bad, span=bad, url=SCRIPT)
    pick = replace(pick, write_url="data:text/html,<script>", outcome_url=f" {SCRIPT}")
    joke = make_joke(2, title=ENDLESS, text=f"{bad}\n{ENDLESS}", url="//evil.example/x")
    wide = make_pick(3, title=ENDLESS, source=ENDLESS, reason=ENDLESS, span=ENDLESS[:300])
    quoted = make_pick(4, title=ENCODED, url="https://e.example/\"onmouseover='alert(5)' \u202e<b>")
    return make_view(
        Person(bad, HEADER, bad, True, (pick, joke)),
        Person(ENDLESS, ENDLESS, ENDLESS, False, (wide,)),
        Person(ENCODED, ENCODED, "", True, (quoted,)),
        calls=(Call(bad, HEADER, bad, SCRIPT, bad, (bad, ENDLESS)),),
        occasions=(Occasion(ENDLESS, bad, bad, bad, SCRIPT),),
        came_back=(bad, ENDLESS),
        gauge=(bad,),
        day=bad,
        week=bad,
        n_without=1,
        minutes=1,
        today_url=SCRIPT,
    )


VIEWS = {
    "rich": rich(),
    "one": make_view(make_person(), minutes=1),
    "nothing": make_view(n_without=4),
    "hostile": hostile(),
}


def make_envelope(**fields: Any) -> Envelope:
    """To the user of a service that can be reached by mail services."""
    made = Envelope(
        sender="sawthis@box.example",
        recipient="you@mail.example",
        at=NOW,
        message_id="<2026-w48.me.4f1d2c@sawthis.invalid>",
        list_id="digest.me.sawthis.invalid",
        unsubscribe_url="https://box.example/digest/unsubscribe?token=bWU.Zx81k-qW3"
        + "abcdef" * 15,
        one_click=True,
    )
    return replace(made, **fields)
