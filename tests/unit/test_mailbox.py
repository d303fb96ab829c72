"""Mail on disk: who wrote to whom, when; whatever strangers put into headers and files."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import InvalidInput
from recommender.mail.dates import read_date, written_at
from recommender.mail.fields import addresses
from recommender.mail.letters import read_letter
from recommender.mail.mailbox import BadLetter, Letter, read_letters
from recommender.mail.mbox import (
    MAX_HEADER_BYTES,
    Block,
    is_mbox,
    is_postmark,
    mbox_blocks,
    single_block,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
DATE = "Mon, 2 Mar 2026 08:00:00 +0100"
POSTMARK = b"From joe@example.org Mon Mar  2 07:00:00 2026\n"


def eml(*extra: str, date: str | None = DATE, sender: str = "Joe <joe@example.org>") -> bytes:
    lines = [f"From: {sender}", "To: ann@example.net", "Subject: a secret", *extra]
    if date is not None:
        lines.append(f"Date: {date}")
    return "\n".join([*lines, "", "The secret's body, to eve@example.com.", ""]).encode()


def read(path: Path) -> list[Letter | BadLetter]:
    return list(read_letters(path, now=NOW))


def letters(path: Path) -> list[Letter]:
    found = read(path)
    assert all(isinstance(one, Letter) for one in found), found
    return [one for one in found if isinstance(one, Letter)]


def one_of(body: bytes) -> Letter | BadLetter:
    return read_letter(single_block(io.BytesIO(body)), "here", now=NOW)


def letter(body: bytes) -> Letter:
    found = one_of(body)
    assert isinstance(found, Letter), found
    return found


def reason(body: bytes) -> str:
    found = one_of(body)
    assert isinstance(found, BadLetter), found
    return found.reason


def test_an_eml_file(tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(eml("Message-ID: <1@example.org>", "Cc: Bob <BOB@Example.NET>"))
    assert read(path) == [
        Letter(
            "1@example.org", AT, "joe@example.org", ("ann@example.net", "bob@example.net"), False
        )
    ]


def test_neither_subject_nor_body_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "box"
    path.write_bytes(POSTMARK + eml())
    assert "secret" not in repr(read(path))
    assert "eve" not in repr(read(path))


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_an_mbox(tmp_path: Path, newline: bytes) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(
        b"\n".join(
            [
                POSTMARK + eml("Message-ID: <1@x>"),
                b"From - Mon Mar  2 07:00:00 2026\n" + eml("Message-ID: <2@x>"),
                b"From 18@xxx Mon Mar 02 07:00:00 +0000 2026\n" + eml("Message-ID: <3@x>"),
                b"From \n" + eml("Message-ID: <4@x>"),
                b"From joe@example.org\n" + eml("Message-ID: <5@x>"),
            ]
        ).replace(b"\n", newline)
    )
    assert [one.message_id for one in letters(path)] == ["1@x", "2@x", "3@x", "4@x", "5@x"]


def test_what_looks_like_a_postmark_in_a_body_is_none(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    body = (
        b"\nFrom now on we meet on Mondays.\n"
        b"\nFrom Peter\n"
        b"\n>From joe@example.org Mon Mar  2 07:00:00 2026\nFrom: eve@example.com\n"
        b"\n>>From joe@example.org Mon Mar  2 07:00:00 2026\nFrom: eve@example.com\n"
        b"and no blank line before\nFrom eve@example.com Mon Mar  2 07:00:00 2026\n"
        b"\n From eve@example.com Mon Mar  2 07:00:00 2026\n"
    )
    path.write_bytes(POSTMARK + eml() + body + b"\n" + POSTMARK + eml(sender="bob@example.org"))
    assert [one.sender for one in letters(path)] == ["joe@example.org", "bob@example.org"]


def test_a_long_line_in_a_body_hides_nothing_and_shows_nothing(tmp_path: Path) -> None:
    # The line is read in pieces; none of them begins a line, whatever it begins with.
    path = tmp_path / "inbox"
    piece = b"\n" + b"x" * (64 * 1024) + POSTMARK + b"\n" + b"y" * (64 * 1024 - 1) + b"\n\n"
    path.write_bytes(POSTMARK + eml() + piece + POSTMARK + eml(sender="bob@example.org"))
    assert [one.sender for one in letters(path)] == ["joe@example.org", "bob@example.org"]


def test_a_large_mbox_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    with path.open("wb") as file:
        for number in range(8):
            file.write(POSTMARK + eml(f"Message-ID: <{number}@x>"))
            file.write((b"QUJD" * 19 + b"\n") * 60_000 + b"\n")
    assert path.stat().st_size > 36_000_000
    tracemalloc.start()
    assert sum(1 for _ in read_letters(path, now=NOW)) == 8
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_an_empty_mbox_has_no_letters(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(b"")
    assert read(path) == []
    path.write_bytes(b"\n\r\n")
    assert read(path) == []


def test_bad_letters_say_where_and_why(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(POSTMARK + eml() + b"\n" + POSTMARK + b"To: ann@example.net\n\nHello\n")
    bad = read(path)[1]
    assert isinstance(bad, BadLetter)
    assert bad == BadLetter(f"{path}, letter 2", "it has no sender that can be read")
    assert "no mail" in reason(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert "no mail" in reason(b"")
    assert "no mail" in reason(b"Hello Joe,\n\nhow are you?\n")


def test_a_single_letter_may_have_a_postmark_or_a_mark_before_it() -> None:
    assert letter(b"\xef\xbb\xbf" + eml()).at == AT
    assert letter(b"\n\n" + eml()).at == AT
    assert letter(POSTMARK + eml(date=None)).at == AT
    assert letter(eml().replace(b"\n", b"\r")).sender == "joe@example.org"


def test_a_folder(tmp_path: Path) -> None:
    def put(name: str, sender: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(eml(sender=f"{sender}@example.org"))

    put("a.eml", "a")
    put("sub/deep/B.EML", "b")
    put("notes.txt", "text")
    put(".hidden.eml", "hidden")
    put(".cache/c.eml", "cache")
    put("new/photo", "photo")
    put("Mail/cur/17.host:2,S", "cur")
    put("Mail/new/18.host", "new")
    put("Mail/tmp/19.host", "tmp")
    put("Mail/cur/.nfs", "nfs")
    put("Mail/.Sent/cur/20.host:2,S", "sent")
    (tmp_path / "Mail/.Sent/new").mkdir()
    (tmp_path / "z.mbox").write_bytes(POSTMARK + eml(sender="z@example.org"))
    names = [one.sender.partition("@")[0] for one in letters(tmp_path)]
    assert sorted(names) == ["a", "b", "cur", "new", "sent", "z"]
    inner = [one.sender.partition("@")[0] for one in letters(tmp_path / "Mail/cur")]
    assert inner == ["cur"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.eml").write_bytes(eml())
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file.eml").symlink_to(outside / "x.eml")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    os.mkfifo(inside / "pipe.eml")
    assert read(inside) == []
    (tmp_path / "named").symlink_to(outside)
    assert len(read(tmp_path / "named")) == 1  # the user's own word


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path / "a\0b", Path("/dev/null")):
        with pytest.raises(InvalidInput, match=r"can't be read .*name an mbox") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_one_unreadable_file_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.eml").write_bytes(eml(sender=f"{name}@example.org"))
    (tmp_path / "c").mkdir()
    plain_open, plain_scan = Path.open, os.scandir

    def open_(path: Path, mode: str) -> object:
        if path.name == "a.eml":
            raise PermissionError(13, "Permission denied")
        return plain_open(path, mode)

    def scan(path: Path) -> object:
        if path.name == "c":
            raise PermissionError(13, "Permission denied")
        return plain_scan(path)

    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(os, "scandir", scan)
    first, second, third = read(tmp_path)
    assert first == BadLetter("a.eml", "can't be read (Permission denied)")
    assert isinstance(second, Letter)
    assert third == BadLetter("c", "can't be read (Permission denied)")
    with pytest.raises(InvalidInput, match="Permission denied"):
        read(tmp_path / "c")
    with pytest.raises(InvalidInput, match="Permission denied"):
        read(tmp_path / "a.eml")


def test_what_may_not_be_entered_is_no_maildir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".Sent/cur").mkdir(parents=True)
    (tmp_path / ".Sent/new").mkdir()
    (tmp_path / ".Sent/cur/1").write_bytes(eml())
    assert len(read(tmp_path)) == 1

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert read(tmp_path) == []


def test_the_same_message_is_given_once(tmp_path: Path) -> None:
    for name, date in (("a", "never"), ("b", DATE), ("c", DATE)):
        (tmp_path / f"{name}.eml").write_bytes(eml("Message-ID: <1@x>", date=date))
    for name in ("d", "e"):
        (tmp_path / f"{name}.eml").write_bytes(eml())
    found = read(tmp_path)
    assert [type(one) for one in found] == [BadLetter, Letter, Letter, Letter]
    assert [one.message_id for one in found if isinstance(one, Letter)] == ["1@x", "", ""]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Message-ID: <a@b>", "a@b"),
        ("Message-Id:\n <a@b>", "a@b"),
        ("Message-ID: a@b", "a@b"),
        ("Message-ID : <a@b> (added by gate)", "a@b"),
        ("Message-ID: <a\n @b>", "a@b"),
        ("Message-ID: <>\nMessage-ID: <c@d>", "c@d"),
        ("Message-ID: <a\x00@b>", ""),
        ("Message-ID:", ""),
        ("X-Message-ID: <a@b>", ""),
    ],
)
def test_message_ids(line: str, expected: str) -> None:
    assert letter(eml(line)).message_id == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("joe@example.org", ["joe@example.org"]),
        ("Joe <JOE@Example.ORG>, joe@example.org", ["joe@example.org"]),
        ('"Doe, Joe" <joe@example.org>, ann@x.net', ["joe@example.org", "ann@x.net"]),
        ('"Doe \\"Joe\\" <eve@x.com>" <joe@example.org>', ["joe@example.org"]),
        ("joe@example.org (Joe, (the) <eve@x.com>)", ["joe@example.org"]),
        ("=?utf-8?q?J=C3=B6?= =?utf-8?q?_<eve=40x.com>?= <joe@example.org>", ["joe@example.org"]),
        ("=?utf-8?B?Sm9lIDxqb2VAZXhhbXBsZS5vcmc+?=", ["joe@example.org"]),
        ("=?utf-8?B?Sm9l!?=", []),
        ("=?utf-8?B?A?=", []),
        ("undisclosed-recipients:;", []),
        ("Friends: joe@example.org, Ann <ann@x.net>; bob@x.net", [
            "joe@example.org", "ann@x.net", "bob@x.net",
        ]),
        ("joe@example.org; ann@x.net", ["joe@example.org", "ann@x.net"]),
        ("<@relay,@gate:joe@example.org>", ["joe@example.org"]),
        ("<mailto:joe@example.org>", ["joe@example.org"]),
        ("'joe@example.org'", ["joe@example.org"]),
        ("Joe joe@example.org", ["joe@example.org"]),
        ("joe @ example.org", ["joe@example.org"]),
        ('"joe doe"@example.org', ['"joe doe"@example.org']),
        ('<"joe doe"@example.org>', ['"joe doe"@example.org']),
        ('"Joe <joe@example.org>, ann@x.net', ["joe@example.org", "ann@x.net"]),
        ("Joe (at home <joe@example.org>, ann@x.net", ["joe@example.org", "ann@x.net"]),
        ("Joe <joe@example.org, Ann <ann@x.net>", ["joe@example.org", "ann@x.net"]),
        ("Jö <jö@exämple.org>", ["jö@exämple.org"]),
        ("joe@example.org, joe@", ["joe@example.org"]),
        ("joe, @example.org, <>, a@b@c, a b@c d@e, \u202ejoe@x.org, " + "a" * 400 + "@x.org", []),
        ("Joe <nick> <joe@example.org>", ["joe@example.org"]),
        ("joe@example.org </O=ORG/CN=JOE>", ["joe@example.org"]),
        ("</O=ORG/OU=FIRST/CN=JOE>", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses(value: str, expected: list[str]) -> None:
    assert list(addresses([value])) == expected


def test_headers_in_any_state() -> None:
    body = (
        b"From nobody\n>From joe@example.org Mon Mar  2 07:00:00 2026\n a line that follows nothing"
        b"\nReceived: from a\n\tby b; not a date\nno field at all\nFROM : J\xf6rg\n"
        b"\t<joe@example.org>\nFrom: second@example.org\nTo: a@x.org\nto: b@x.org\nBcc: A@x.org\n"
        b"Date: " + DATE.encode() + b"\nDate: Tue, 3 Mar 2026 08:00:00 +0100\n\nFrom: eve@x.org\n"
    )
    found = letter(body)
    assert (found.sender, found.at) == ("joe@example.org", AT)
    assert found.recipients == ("a@x.org", "b@x.org")


def test_the_sender_stands_in_for_a_broken_from() -> None:
    assert letter(eml("Sender: ann@x.org", sender="Joe")).sender == "ann@x.org"
    assert "no sender" in reason(eml(sender="Joe"))


def test_a_header_is_cut_at_a_whole_line() -> None:
    many = ", ".join(f"p{n}@example.org" for n in range(5000))
    found = letter(eml().replace(b"\n\n", b"\nCc: " + many.encode() + b"\n\n", 1))
    assert found.recipients == ("ann@example.net",)
    folded = many.replace(", ", ",\n ").encode()
    found = letter(eml().replace(b"\n\n", b"\nCc: " + folded + b"\n\n", 1))
    assert 2000 < len(found.recipients) < 5001
    assert all(one.endswith(("@example.org", "@example.net")) for one in found.recipients)
    block = single_block(io.BytesIO(b"X: " + b"y" * 1_000_000 + b"\nFrom: a@x.org\n\n"))
    assert len(block.header) <= MAX_HEADER_BYTES


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), False),
        (("List-Id: Friends <friends.example.org>",), True),
        (("List-Unsubscribe: <mailto:off@example.org>",), True),
        (("Precedence: Bulk",), True),
        (("precedence: list",), True),
        (("Precedence: first-class",), False),
        (("Auto-Submitted: auto-replied; owner-email=x",), True),
        (("Auto-Submitted: no",), False),
        (("Auto-Submitted: No (really)",), False),
        (("Auto-Submitted:",), False),
        (("Auto-Submitted: no", "Auto-Submitted: auto-generated"), True),
    ],
)
def test_automatic_mail(lines: tuple[str, ...], expected: bool) -> None:
    assert letter(eml(*lines)).is_list is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DATE, AT),
        ("2 Mar 2026 07:00 GMT", AT),
        ("Mon, 02 Mar 2026 07:00:00 -0000", AT),
        ("Mon, 02 Mar 26 07:00:00 GMT", AT),
        ("Mon, 02 Mar 126 07:00:00 GMT", AT),
        ("Mon, 02 Mar 2026 07:00:00 +9900", AT),
        ("Mon, 02 Mar 2026 07:00:00 NOWHERE", AT),
        ("Mon, 02 Mar 2026 02:00:00 EST", AT),
        ("Mon, 2 Mar 2026 08:00:00 +0100 (MEZ)", AT),
        ("Mon, 2 Mar 2026 06:59:60 GMT", AT.replace(hour=6, minute=59, second=59)),
        ("Mon Mar  2 07:00:00 2026", AT),
        ("2026-03-02T08:00:00+01:00", AT),
        ("2026-03-02 07:00:00", AT),
        ("02 Mar 99 07:00:00 GMT", datetime(1999, 3, 2, 7, tzinfo=UTC)),
        ("Mon, 31 Feb 2026 07:00:00 GMT", None),
        ("Mon, 2 Mar 99999 07:00:00 GMT", None),
        ("31 Dec 9999 23:59:59 -1200", None),
        ("0001-01-01T00:00:00+12:00", None),
        ("yesterday", None),
        (",", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: datetime | None) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    "date", [None, "soon", "Tue, 10 Mar 2026 12:00:01 GMT", "Sun, 31 Dec 1989 23:59:59 GMT"]
)
def test_received_says_better(date: str | None) -> None:
    received = (
        "Received: from a by b;\n Sat, 01 Jan 2050 00:00:00 GMT",
        "Received: from c by d (x; y);\n Mon, 2 Mar 2026 08:00:00 +0100",
        "Received: from e by f; Sun, 1 Mar 2026 08:00:00 +0100",
    )
    assert letter(eml(*received, date=date)).at == AT
    assert "no date, or one before 1990 or in the future" in reason(eml(date=date))


def test_the_postmark_is_the_last_resort() -> None:
    for postmark in (
        "From joe@example.org Mon Mar  2 07:00:00 2026",
        "From 18@xxx Mon Mar 02 07:00:00 +0000 2026",
        "From joe@example.org 2026-03-02T07:00:00Z",
    ):
        assert written_at([], [], postmark, now=NOW) == AT
    assert written_at([], [], "From -", now=NOW) is None
    assert written_at([DATE], ["x; 1 Mar 2026 07:00:00 GMT"], "", now=NOW) == AT


def test_postmarks() -> None:
    assert is_postmark(b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011\n")
    assert is_postmark(b"From MAILER-DAEMON\r\n")
    assert not is_postmark(b"From: joe@example.org\n")
    assert not is_postmark(b"From 10:30 until 12:00 we are at home\n")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"From: " + b"(" * n,
        lambda n: b"From: " + b'"\\' * n,
        lambda n: b"From: " + b'<"\\' * n,
        lambda n: b"From: " + b'<"' * n,
        lambda n: b"From: " + b"<" * n,
        lambda n: b"From: " + b"a@" * n,
        lambda n: b"From: a" + b" " * n + b"@",
        lambda n: b"From: " + b"a:b;," * n,
        lambda n: b"From: " + b"=?a?q?" * n,
        lambda n: b"From: a@b\nDate: " + b"1 Mar, " * n,
        lambda n: b"From: a@b\nMessage-ID: " + b"<" * n,
        lambda n: b"From: a@b\n" + b"Received: ;\n" * n,
        lambda n: b"From: a@b\nTo: a\n" + b" ,\n" * n,
        lambda n: b"From a jan" + b" jan" * n,
        lambda n: b"From a Mon" + b" Mon" * n,
    ],
)
def test_hostile_headers_take_no_time(make: Callable[[int], bytes]) -> None:
    body = make(60_000)[: MAX_HEADER_BYTES - 10] + b"\n\n"
    start = time.monotonic()
    one_of(body)
    list(mbox_blocks(io.BytesIO(body)))
    assert time.monotonic() - start < 2


BITS = st.sampled_from(
    [b"From ", POSTMARK, b"\n", b"\r\n", b"\n\n", b"\r", b"From: ", b"To: ", b"Date: ", b"@", b"<",
     b'"', b"(", b")", b">", b",", b":", b";", b"\\", b"=?utf-8?q?", b"=?x?b?", b"?=", b"a@b.c",
     DATE.encode(), b"Received: ", b"Message-ID: ", b"\xff", b"\xe2\x80\xae", b"\0", b" ", b"\t"]
)  # fmt: skip
BODIES = st.binary() | st.lists(BITS | st.binary(max_size=4), max_size=40).map(b"".join)


@given(BODIES)
def test_no_bytes_are_too_strange(body: bytes) -> None:
    for block in (single_block(io.BytesIO(body)), *mbox_blocks(io.BytesIO(body))):
        check(read_letter(block, "here", now=NOW))
    is_mbox(io.BytesIO(body))


@given(BODIES)
def test_no_header_is_too_strange(body: bytes) -> None:
    check(read_letter(Block(b"", b"From: a@b.c\n" + body), "here", now=NOW))
    check(read_letter(Block(body, b"From: a@b.c\nTo: " + body), "here", now=NOW))
    check(read_letter(Block(b"", b"From: a@b.c\nDate: " + body), "here", now=NOW))
    check(read_letter(Block(POSTMARK, b"From: " + body), "here", now=NOW))


@given(st.text())
def test_no_date_is_too_strange(text: str) -> None:
    read_date(text)


def check(found: Letter | BadLetter) -> None:
    if isinstance(found, BadLetter):
        assert found.reason
        return
    assert datetime(1990, 1, 1, tzinfo=UTC) <= found.at <= NOW
    assert found.at.tzinfo is UTC
    assert found.message_id == "".join(found.message_id.split())
    assert len(set(found.recipients)) == len(found.recipients)
    for address in (found.sender, *found.recipients):
        assert address == address.casefold()
        assert address.count("@") >= 1
        assert address.isprintable()
