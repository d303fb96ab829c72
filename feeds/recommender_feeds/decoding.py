"""Bytes to text, whatever they are declared as. Pure.

What is valid UTF-8 is UTF-8, whoever says otherwise: no other text passes for it by chance.
"""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How the first characters of XML or JSON lie in units of two and four bytes (XML 1.0, F.1).
_UNITS = (
    (re.compile(rb"[<{\s]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[<{\s]"), "utf-32-be"),
    (re.compile(rb"[<{\s]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[<{\s]\0[^\0]"), "utf-16-be"),
)
# What publishers call an encoding, and the larger one that they use.
_WIDER = {
    "iso-8859-1": "windows-1252", "iso8859-1": "windows-1252", "latin-1": "windows-1252",
    "latin1": "windows-1252", "us-ascii": "windows-1252", "ascii": "windows-1252",
    "iso-8859-9": "windows-1254", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "shift-jis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
    "tis-620": "cp874", "iso-8859-11": "cp874",
}  # fmt: skip
# Encodings that look like plain ASCII to those who do not know them.
_SEVEN_BIT = ("iso-2022-", "iso2022", "hz", "utf-7")
# What servers say of everything they send.
_SAID_OF_ALL = {"", "utf-8", "utf8", "us-ascii", "iso-8859-1", "windows-1252"}
MOSTLY = 2
"""So many times as many sound characters beyond ASCII as damaged bytes make it UTF-8 still."""
MAX_DAMAGED = 100_000
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def decoded(data: bytes, content_type: str | None) -> str:
    """The text of a document; never fails.

    Args:
        data: As it came.
        content_type: The header's value, which may lie.
    """
    unmistakable = _by_its_bytes(data)
    if unmistakable is not None:
        return unmistakable
    named = _named(data, content_type)
    seven_bit = [name for name in named if name.startswith(_SEVEN_BIT)]
    utf8 = None if seven_bit else _strictly(data, "utf-8")
    if utf8 is not None:
        return undoubled(utf8)
    read = (_strictly(data, name) for name in seven_bit or named)
    text = next((text for text in read if text is not None), None) or _mostly_utf8(data)
    return _windows(data) if text is None else text


def _by_its_bytes(data: bytes) -> str | None:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    for pattern, name in _UNITS:
        if pattern.match(data):
            return data.decode(name, "replace")
    return None


def _named(data: bytes, content_type: str | None) -> list[str]:
    """The encodings that header and declaration name, the better witness first.

    A header that says what the server says of everything knows less than the document.
    """
    charset = _CHARSET.search(content_type or "")
    declaration = _DECLARED.search(data[:400])
    by_header = charset.group(1).lower() if charset else ""
    by_document = declaration.group(1).decode().lower() if declaration else ""
    names = [by_header, by_document]
    if by_header in _SAID_OF_ALL:
        names.reverse()
    return [name for name in names if name and name not in {"utf-8", "utf8"}]


def _strictly(data: bytes, name: str) -> str | None:
    name = _WIDER.get(name, name)
    try:
        return _windows(data) if name == "windows-1252" else data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with some bytes of windows-1252 in it, as pages glued from several sources have."""
    sound = data.decode("utf-8", "ignore")
    n_sound = len(sound) - len(sound.encode("ascii", "ignore"))
    n_damaged = data.decode("utf-8", "replace").count("\ufffd") - data.count(b"\xef\xbf\xbd")
    if n_sound < MOSTLY * n_damaged or n_damaged > MAX_DAMAGED:
        return None
    return data.decode("utf-8", "sawthis-windows-1252")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return _windows(error.object[error.start : error.end]), error.end


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("sawthis-windows-1252", _as_windows)
codecs.register_error("sawthis-latin-1", _as_latin1)


def _windows(data: bytes) -> str:
    """Windows-1252 as browsers read it: its five unused bytes are control characters."""
    return data.decode("windows-1252", "sawthis-latin-1")


def undoubled(text: str) -> str:
    """Text that was encoded as UTF-8 twice ("actualitÃ©s") as it was meant.

    Only if all of it was: a page that quotes such an accident keeps it.
    """
    first = _BEYOND_ASCII.search(text)
    if first is None or _once_less(first.group()) is None:
        return text
    return _once_less(text) or text


def _once_less(text: str) -> str | None:
    """One encoding taken off, or None where the text was not encoded twice."""
    try:
        return b"".join(
            c.encode("latin-1") if c < "\u0100" else c.encode("windows-1252") for c in text
        ).decode("utf-8")
    except UnicodeError:
        return None
