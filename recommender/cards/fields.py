"""The lines of vCards: unfolded, decoded, divided into name, parameters and value.

Written for what programs really export, which is not always what a standard says: any charset
beside any other, soft line breaks, base64 that is not folded, parameters without a name. Nothing
here raises; what can't be read is passed over.
"""

from __future__ import annotations

import binascii
import quopri
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

USED = frozenset(
    {
        "BEGIN", "END", "AGENT", "KIND", "X-ADDRESSBOOKSERVER-KIND", "UID", "FN", "N", "NICKNAME",
        "EMAIL", "TEL", "ADR", "X-SAWTHIS-TOWN", "ORG", "TITLE", "ROLE", "URL", "LANG", "TZ",
        "BDAY", "ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-MS-ANNIVERSARY",
        "X-ABDATE", "X-ABLABEL", "CATEGORIES", "NOTE", "INTEREST", "HOBBY", "EXPERTISE",
        "X-INTEREST", "X-INTERESTS", "X-HOBBY", "X-HOBBIES",
    }
)  # fmt: skip
"""Others, photos above all, are not even put together."""
MAX_VALUE_BYTES = 100_000
MAX_HEAD_BYTES = 2000
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"})
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Also half characters: some charsets decode to them, and nothing can be done with them."""
_BREAK = re.compile(rb"\r\n|\n|\r")
_FRAME = re.compile(rb"[ \t]*(?:BEGIN|END)[ \t]*:[ \t]*VCARD\s*", re.IGNORECASE)
_LONG = frozenset({"NOTE", "ADR"})
"""What some programs wrap without marking the lines that go on."""


class Field(NamedTuple):
    """One property of a card."""

    name: str
    """In capitals, without its group."""
    group: str
    parameters: dict[str, list[str]]
    """By name in capitals; values as written."""
    value: str
    """Decoded, still escaped."""
    line: int
    """Where it begins, from 1."""

    def types(self) -> set[str]:
        """Values of TYPE, in small letters."""
        return {value.casefold() for value in self.parameters.get("TYPE", ())}

    def rank(self) -> int:
        """Its PREF, 1 first; 100 without one, 1 for TYPE=pref."""
        if "pref" in self.types():
            return 1
        first = (self.parameters.get("PREF") or [""])[0]
        return int(first) if first.isdecimal() and len(first) < 4 else 100


def read_fields(body: bytes) -> Iterator[Field]:
    """The properties of a file in order; BEGIN and END are among them."""
    for number, raw in _unfolded(_one_encoding(body)):
        head, colon, value = _divided(raw)
        if not colon:
            continue
        names = _split_quoted(head[:MAX_HEAD_BYTES].decode("utf-8", "replace"), ";")
        group, _, name = names[0].strip().rpartition(".")
        parameters = _parameters(names[1:])
        yield Field(name.strip().upper(), group, parameters, _decoded(value, parameters), number)


def _one_encoding(body: bytes) -> bytes:
    """UTF-16 becomes UTF-8; anything else stays, for its lines may differ among themselves."""
    for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(bom):
            return body[2:].decode(encoding, "replace").encode()
    if body[1:20:2].count(0) > 5:
        return body.decode("utf-16-le", "replace").encode()
    if body[0:20:2].count(0) > 5:
        return body.decode("utf-16-be", "replace").encode()
    return body.removeprefix(b"\xef\xbb\xbf")


def _lines(body: bytes) -> Iterator[bytes]:
    """One at a time: a list of them takes many times the room of the file."""
    start = 0
    for match in _BREAK.finditer(body):
        yield body[start : match.start()]
        start = match.end()
    yield body[start:]


def _unfolded(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(line number, logical line), with folded and softly broken lines put together."""
    open_line = _Line(0, b"")
    for number, line in enumerate(_lines(body), start=1):
        if open_line.goes_on_with(line):
            open_line.add(line)
            continue
        if open_line.number and not open_line.is_skipped:
            yield open_line.number, b"".join(open_line.pieces)
        open_line = _Line(number, line)
    if open_line.number and not open_line.is_skipped:
        yield open_line.number, b"".join(open_line.pieces)


class _Line:
    """A logical line while it is put together."""

    def __init__(self, number: int, first: bytes) -> None:
        self.number = number
        head = first[:MAX_HEAD_BYTES].partition(b":")[0].upper()
        name = _name(head)
        self.is_skipped = name not in USED
        # Nothing goes on with an empty line either.
        self.is_closed = name in ("", "BEGIN", "END", "VERSION")
        self.is_quoted = b"QUOTED-PRINTABLE" in head
        self.is_loose = self.is_skipped or name in _LONG or self.is_quoted or b"=B" in head
        self.pieces: list[bytes] = []
        self.n_bytes = 0
        self.is_soft = False
        self._put(first)

    def goes_on_with(self, line: bytes) -> bool:
        """Whether a line of the file is more of this one."""
        # What is cut short must not swallow the cards after it.
        if self.is_closed or _FRAME.fullmatch(line, 0, 100):
            return False
        if self.is_soft or line[:1] in (b" ", b"\t"):
            return True
        # A line without a colon begins no property: base64 or a note that was not folded.
        return self.is_loose and bool(line.strip()) and b":" not in line

    def add(self, line: bytes) -> None:
        """Take it in, as far as there is room; whether more is to come is always noted."""
        self._put(line[1:] if not self.is_soft and line[:1] in (b" ", b"\t") else line)

    def _put(self, piece: bytes) -> None:
        self.is_soft = self.is_quoted and piece.endswith(b"=")
        room = MAX_VALUE_BYTES - self.n_bytes
        if room > 0 and not self.is_skipped:
            self.pieces.append(piece[: min(room, len(piece) - self.is_soft)])
            self.n_bytes += len(piece) + 1


def _name(head: bytes) -> str:
    """The name in front of a value, in capitals, without its group."""
    name = head.partition(b";")[0]
    return name.rpartition(b".")[2].strip().decode("ascii", "replace")


def _divided(line: bytes) -> tuple[bytes, bytes, bytes]:
    """(head, colon, value): at the first colon that is not within quotes."""
    quoted = False
    for at, byte in enumerate(line[:MAX_HEAD_BYTES]):
        if byte == 0x22:
            quoted = not quoted
        elif byte == 0x3A and not quoted:
            return line[:at], b":", line[at + 1 :]
    return line.partition(b":")


def _split_quoted(text: str, at: str) -> list[str]:
    parts, quoted = [""], False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == at and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _parameters(parts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts[:50]:
        name, equals, values = part.partition("=")
        if not equals:
            name, values = ("ENCODING" if part.upper() in _ENCODINGS else "TYPE"), part
        found.setdefault(name.strip().upper(), []).extend(
            value.strip() for value in values.split(",") if value.strip()
        )
    return found


def _decoded(value: bytes, parameters: dict[str, list[str]]) -> str:
    encoding = (parameters.get("ENCODING") or [""])[0].upper()
    if encoding == "QUOTED-PRINTABLE":
        value = quopri.decodestring(value)
    elif encoding in ("BASE64", "B"):
        try:
            value = binascii.a2b_base64(value)
        except binascii.Error:
            return ""
    charset = (parameters.get("CHARSET") or ["utf-8"])[0]
    return CONTROL.sub("", _text(value, charset))


def _text(value: bytes, charset: str) -> str:
    for encoding in (charset, "utf-8", "cp1252"):
        try:
            return value.decode(encoding)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return value.decode("latin-1")


def split(value: str, at: str) -> list[str]:
    """A value divided at a character that is not escaped; the parts stay escaped."""
    parts, start, here = [], 0, 0
    while here < len(value):
        if value[here] == "\\":
            here += 2
            continue
        if value[here] == at:
            parts.append(value[start:here])
            start = here + 1
        here += 1
    return [*parts, value[start:]]


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def unescaped(value: str) -> str:
    r"""A value as it was meant: \n is a line break, any other escaped character itself."""
    text = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
