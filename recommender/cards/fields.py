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

SKIPPED = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "X-MS-CARDPICTURE", "X-MS-OL-DESIGN"})
"""Large, and of no use here: they are not even put together."""
MAX_VALUE_BYTES = 100_000
MAX_HEAD_BYTES = 2000
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"})
CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_BREAK = re.compile(rb"\r\n|\n|\r")


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


def _unfolded(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(line number, logical line), with folded and softly broken lines put together."""
    start, pieces, size, skipped = 0, [b""], 0, False
    for number, line in enumerate(_BREAK.split(body), start=1):
        is_soft = pieces[-1].endswith(b"=") and _is_quoted_printable(pieces[0])
        if is_soft or _goes_on(line, pieces[0]):
            if not skipped and size < MAX_VALUE_BYTES:
                pieces.append(line if is_soft else line[1:] if line[:1] in b" \t" else line)
                size += len(line)
            continue
        if start and not skipped:
            yield start, _put_together(pieces)
        start, pieces, size = number, [line[:MAX_VALUE_BYTES]], 0
        skipped = _name(line) in SKIPPED
        if skipped:
            pieces = [line[:100]]
    if start and not skipped:
        yield start, _put_together(pieces)


def _goes_on(line: bytes, first: bytes) -> bool:
    """Whether a line continues the property before it."""
    if not first:
        return False
    # A line without a colon begins no property: base64 or a note that was not folded.
    return line[:1] in (b" ", b"\t") or (bool(line.strip()) and b":" not in line)


def _put_together(pieces: list[bytes]) -> bytes:
    if _is_quoted_printable(pieces[0]):
        return b"\r\n".join(pieces)
    return b"".join(pieces)


def _is_quoted_printable(line: bytes) -> bool:
    return b"QUOTED-PRINTABLE" in line.partition(b":")[0].upper()


def _name(line: bytes) -> str:
    head = re.split(rb"[;:]", line[:100], maxsplit=1)[0]
    return head.rpartition(b".")[2].strip().decode("ascii", "replace").upper()


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
