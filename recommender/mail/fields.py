"""Header fields and the addresses in them, whatever state they are in.

The standard library's parsers give up at the first broken line, recurse into nested comments, or
take quadratic time; strangers write these headers, so here all of it is linear.
"""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WANTED = frozenset(
    (
        *("from", "sender", "to", "cc", "bcc", "date", "received", "message-id"),
        *("list-id", "list-unsubscribe", "precedence", "auto-submitted"),
    )
)
"""No other field is kept, least of all the subject."""

_MAX_ADDRESS = 320
_MAX_ENCODED = 2000
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"?'  # a quoted text, perhaps without its end
    r'|<(?:"(?:[^"\\]|\\.)*"|[^<>",;])*>?'  # what stands in angle brackets, perhaps without its end
    r"|\\.|[^\"<>(),:;\\]+|.",
    re.DOTALL,
)
_ADDRESS = re.compile(r'(?:[^\s@<>(),:;"\\]+|"[^"\\]*")@[^\s@<>(),:;"\\]+')


def wanted_fields(header: bytes) -> dict[str, list[str]]:
    """The wanted fields by name in lower case, unfolded, each as often as it is there.

    A line that is no field costs only itself.
    """
    found: dict[str, list[str]] = {}
    for name, value in _fields(header):
        if name in _WANTED:
            found.setdefault(name, []).append(_text(value))
    return found


def _fields(header: bytes) -> Iterator[tuple[str, bytes]]:
    """Each field's name in lower case and its unfolded value."""
    name, parts = "", [b""]
    # A lone CR ends a line too, and an empty line the header: old programs wrote such files.
    for line in header.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line[:1] in {b" ", b"\t"}:
            parts.append(line)
            continue
        yield name, b"".join(parts)
        if not line:
            return
        match = _NAME.match(line)
        name = match[1].decode("ascii").casefold() if match else ""
        parts = [line[match.end() :] if match else b""]
    yield name, b"".join(parts)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def addresses(values: Sequence[str]) -> tuple[str, ...]:
    """The addresses of some fields in order, casefolded, each once; broken ones are left out."""
    found: dict[str, None] = {}
    for value in values:
        # Encoded words belong to names, and what they hide must not be read as an address,
        # unless there is nothing else: some programs encode the whole field.
        inside = list(_addresses(value)) or list(_addresses(_decoded(value)))
        found.update(dict.fromkeys(inside))
    return tuple(found)


def _addresses(value: str) -> Iterator[str]:
    for bare, angle in _mailboxes(value):
        address = _plain(angle) if angle else _spoken(bare)
        if address:
            yield address.casefold()


def _mailboxes(value: str) -> Iterator[tuple[str, str]]:
    """Each mailbox as (what stands outside of angle brackets, what stands inside, with them)."""
    bare, angle = "", ""
    for token in _without_comments(_tokens(value)):
        match token:
            case "," | ";":
                yield bare, angle
                bare, angle = "", ""
            case ":":  # after the name of a group (RFC 5322, 3.4), or "mailto"
                bare = ""
            case ">":
                continue
            case _ if token.startswith("<"):
                # The last one: those before it belong to a name that should have been quoted.
                angle = token if "@" in token else angle
            case _:
                bare += token
    yield bare, angle


def _tokens(value: str) -> list[str]:
    tokens: list[str] = _TOKEN.findall(value)
    if any(_is_cut(token) for token in tokens) or value.count("(") > value.count(")"):
        # With an end missing, the rest of the field would be lost: do without the marks.
        return _TOKEN.findall(value.replace('"', " ").replace("(", " ").replace(")", " "))
    return tokens


def _without_comments(tokens: Iterable[str]) -> Iterator[str]:
    depth = 0
    for part in tokens:
        if part in {"(", ")"}:
            depth = max(0, depth + (1 if part == "(" else -1))
        elif not depth:
            yield part


def _is_cut(token: str) -> bool:
    return token.startswith('"') and (len(token) == 1 or not token.endswith('"'))


def _plain(angle: str) -> str:
    inside = angle.strip("<> \t")
    if not inside.startswith('"'):
        inside = inside.rpartition(":")[2]  # "mailto:"
    return _checked(_joined(inside))


def _spoken(bare: str) -> str:
    """An address without brackets; words around it are a name that should have been quoted."""
    joined = _joined(bare)
    if whole := _checked(joined):
        return whole
    words = [word for word in joined.split() if "@" in word]
    return _checked(words[0]) if len(words) == 1 else ""


def _joined(text: str) -> str:
    """Without the blanks that RFC 822 let stand around the @."""
    return " ".join(text.split()).replace(" @", "@").replace("@ ", "@")


def _checked(text: str) -> str:
    text = text.strip().strip("'")
    is_one = len(text) <= _MAX_ADDRESS and _ADDRESS.fullmatch(text) and text.isprintable()
    return text if is_one else ""


def _decoded(value: str) -> str:
    """Encoded words as text, good enough for what is ASCII in them."""
    if "=?" not in value:
        return ""
    try:
        parts = decode_header(value[:_MAX_ENCODED])
    except (MessageError, ValueError):
        return ""
    return "".join(
        part if isinstance(part, str) else part.decode("utf-8", "replace") for part, _set in parts
    )
