"""A letter as it matters here: who wrote to whom, when. Never what about.

No subject and no text is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from recommender.mail.dates import written_at
from recommender.mail.fields import addresses, wanted_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from recommender.mail.mbox import Block

_MAX_ID = 998
_ID = re.compile(r"<([^<>]+)>")
_BULK = frozenset({"bulk", "list", "junk"})


class Letter(NamedTuple):
    """One letter's envelope."""

    message_id: str
    """Without its angle brackets; empty if there is none."""
    at: datetime
    """When it was written, in UTC."""
    sender: str
    """An address, casefolded."""
    recipients: tuple[str, ...]
    """Addresses of To, Cc and Bcc, casefolded, each once."""
    is_list: bool
    """Whether it is automatic: from a list, in bulk, or an automatic answer."""


class BadLetter(NamedTuple):
    """What can't be used, with the reason in words."""

    where: str
    reason: str


def read_letter(block: Block, where: str, *, now: datetime) -> Letter | BadLetter:
    """The letter that a header tells of."""
    fields = wanted_fields(block.header)
    if not fields:
        return BadLetter(where, "this is no mail: it has none of the usual headers")
    sender = _first_address(fields)
    if not sender:
        return BadLetter(where, "it has no sender that can be read")
    postmark = block.postmark.decode("ascii", "replace")
    dates, received = fields.get("date", ()), fields.get("received", ())
    at = written_at(dates, received, postmark, now=now)
    if at is None:
        return BadLetter(where, "it has no date, or one before 1990 or in the future")
    written_to = [value for name in ("to", "cc", "bcc") for value in fields.get(name, ())]
    return Letter(_message_id(fields), at, sender, addresses(written_to), _is_automatic(fields))


def _first_address(fields: Mapping[str, Sequence[str]]) -> str:
    found = addresses(fields.get("from", ())) or addresses(fields.get("sender", ()))
    return found[0] if found else ""


def _message_id(fields: Mapping[str, Sequence[str]]) -> str:
    for value in fields.get("message-id", ()):
        match = _ID.search(value[:_MAX_ID])
        text = "".join((match[1] if match else value[:_MAX_ID].strip("<>")).split())
        if text and text.isprintable():
            return text
    return ""


def _is_automatic(fields: Mapping[str, Sequence[str]]) -> bool:
    if "list-id" in fields or "list-unsubscribe" in fields:
        return True
    if any(_word(value) in _BULK for value in fields.get("precedence", ())):
        return True
    return any(_word(value) not in {"", "no"} for value in fields.get("auto-submitted", ()))


def _word(value: str) -> str:
    """The first word, without the parameters and comments after it."""
    return re.split(r"[\s;(]", value.casefold(), maxsplit=1)[0]
