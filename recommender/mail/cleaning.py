"""Strangers' words and addresses, fit to be shown in a mail, a feed or a calendar. Pure.

Nothing is escaped here: that is done where it is shown. What is taken out is what no reader should
see or follow anywhere: controls, marks that turn the direction of what stands after them, and
addresses that lead to a script instead of a page.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from recommender.words import clip

if TYPE_CHECKING:
    from recommender.mail.view import Call, DigestView, Occasion, Person, Pick

MAX_NAME = 80
MAX_TITLE = 200
MAX_LINE = 400
MAX_JOKE = 5000
"""A joke is shown whole; what is longer is none."""
MAX_LINES = 60
"""Of a joke: ten thousand line feeds are no joke either."""
MAX_URL = 4000
WEB = ("http", "https")
WRITING = ("mailto", *WEB)

# Controls, half of a pair, marks and isolates of direction, the mark of byte order, and
# what XML 1.0 (2.2) has no place for. The marks that join letters stay: words need them.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_BREAK = re.compile(r"\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
# What an address may hold as it is (RFC 3986, 2), but for the apostrophe, which ends an attribute.
_IN_URL = "%/:=&?~#+!$,;@()*[]"


def one_line(text: str, limit: int = MAX_LINE) -> str:
    """A text on one line of at most `limit` characters, with an ellipsis if it was longer."""
    line = " ".join(_UNSEEN.sub("", text).split())
    return line if len(line) <= limit else clip(line, limit=limit - 1).rstrip(" ,;:") + "…"


def lines(text: str, limit: int = MAX_JOKE) -> str:
    """A text with its line breaks, at most one empty line in a row."""
    cleaned = _UNSEEN.sub("", _BREAK.sub("\n", text)).split("\n")
    joined = "\n".join(" ".join(line.split()) for line in cleaned)
    kept = re.sub(r"\n{3,}", "\n\n", joined).strip().split("\n")
    short = "\n".join(kept[:MAX_LINES])
    if len(short) <= limit:
        return short + ("\n…" if len(kept) > MAX_LINES else "")
    return clip(short, limit=limit - 1) + "…"


def safe_url(url: str | None, schemes: tuple[str, ...] = WEB) -> str:
    """An address that may be followed, in ASCII; empty for every other.

    Args:
        url: From wherever.
        schemes: What it may lead to.
    """
    try:
        made = quote((url or "").strip(), safe=_IN_URL)
        parts = urlsplit(made)
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in schemes or len(made) > MAX_URL:
        return ""
    # A mailto: without an address is a letter whose recipient is still to be put in (RFC 6068, 2).
    has_place = parts.netloc if parts.scheme in WEB else parts.path or parts.query
    return parts.scheme + made[len(parts.scheme) :] if has_place else ""


def cleaned(view: DigestView) -> DigestView:
    """A view whose texts are clean and short enough, and whose addresses may be followed."""
    return replace(
        view,
        week=one_line(view.week, MAX_NAME),
        day=one_line(view.day, MAX_NAME),
        people=tuple(_person(person) for person in view.people),
        calls=tuple(_call(call) for call in view.calls),
        occasions=tuple(_occasion(occasion) for occasion in view.occasions),
        came_back=_each(view.came_back),
        gauge=_each(view.gauge),
        today_url=safe_url(view.today_url),
        settings_url=safe_url(view.settings_url),
        unsubscribe_url=safe_url(view.unsubscribe_url),
    )


def _each(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(one_line, texts)))


def _person(person: Person) -> Person:
    name = one_line(person.name, MAX_NAME) or "Somebody"
    return replace(
        person,
        name=name,
        first_name=one_line(person.first_name, MAX_NAME // 2) or name,
        last_contact=one_line(person.last_contact),
        picks=tuple(_pick(pick) for pick in person.picks),
    )


def _pick(pick: Pick) -> Pick:
    title, text = one_line(pick.title, MAX_TITLE), lines(pick.text)
    reason, span = one_line(pick.reason, 2 * MAX_LINE), one_line(pick.span)
    return replace(
        pick,
        # A joke's title is mostly its first words, which nobody wants to read twice.
        title="" if text and _repeats(title, text) else title or ("" if text else "Untitled"),
        text=text,
        url=safe_url(pick.url) or None,
        source=one_line(pick.source, MAX_NAME),
        reason=reason,
        span="" if span and span in reason else span,
        write_url=safe_url(pick.write_url, WRITING),
        outcome_url=safe_url(pick.outcome_url),
    )


def _repeats(title: str, text: str) -> bool:
    start = title.rstrip("….").strip().casefold()
    return " ".join(text.split()).casefold().startswith(start)


def _call(call: Call) -> Call:
    name = one_line(call.name, MAX_NAME) or "Somebody"
    return replace(
        call,
        name=name,
        first_name=one_line(call.first_name, MAX_NAME // 2) or name,
        phone=one_line(call.phone, MAX_NAME),
        phone_url=safe_url(call.phone_url, ("tel",)),
        why=one_line(call.why),
        topics=_each(call.topics),
    )


def _occasion(occasion: Occasion) -> Occasion:
    name = one_line(occasion.name, MAX_NAME) or "Somebody"
    return replace(
        occasion,
        name=name,
        first_name=one_line(occasion.first_name, MAX_NAME // 2) or name,
        on=one_line(occasion.on, MAX_NAME),
        what=one_line(occasion.what),
        write_url=safe_url(occasion.write_url, WRITING),
    )
