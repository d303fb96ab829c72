"""What must not be sent, whatever its relevance. Pure rules with their reason in words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from recommender.tender import bare_company, tender_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from recommender.account import Mute
    from recommender.domain import Candidate, Contact, Kind, Level, Touch

JOKE_SILENCE_DAYS = 180
"""A joke is not the first sign of life after this long."""
MUTED_OPENING = 500
"""Characters of a text in which a muted topic counts; what is named later is not its subject."""
SHARES_PER_JOKE = 3
"""At most one share in so many may be a joke."""

Rule = Literal["own words", "language", "taboo", "joke", "tender"]

# Mail there is everybody's; any other domain is the contact's own or that of the employer.
_MAIL_PROVIDER = re.compile(
    r"(?:gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|aol|icloud|me|mac|protonmail|mail|"
    r"yandex|qq|163|126|fastmail|zoho|tutanota|btinternet|gmx)\.com|"
    r"(?:gmx|comcast|verizon|att|sbcglobal|laposte)\.net|(?:gmx|web|t-online|freenet|posteo)\.de|"
    r"(?:orange|free|wanadoo)\.fr|gmx\.at|libero\.it|(?:mail|yandex)\.ru|mailbox\.org|proton\.me"
)

_WORD = re.compile(r"\w+")


class Objection(NamedTuple):
    """Why an item must not go to a contact."""

    rule: Rule
    reason: str


def may_be_written_to(contact: Contact, now: datetime) -> bool:
    """Whether the contact may appear anywhere at all."""
    return not why_not(contact, now)


def why_not(contact: Contact, now: datetime) -> str:
    """Why a contact is left out everywhere, in words; empty if they are not."""
    if contact.archived_at is not None:
        return f"{contact.name} is in the archive"
    if contact.state == "paused" and contact.paused_until is not None:
        if contact.paused_until <= now:
            return ""
        return f"{contact.name} is paused until {contact.paused_until:%-d %B %Y}"
    if contact.state != "active":
        return f"{contact.name} is marked “{contact.state.replace('_', ' ')}”"
    return ""


def objection(
    candidate: Candidate, contact: Contact, touches: Sequence[Touch], now: datetime
) -> Objection | None:
    """Why this item must not go to this contact, or None; for its text see `tender`.

    Args:
        candidate: The item with its match.
        contact: Whom it would go to.
        touches: The contact's touches, newest first.
        now: Aware time.
    """
    own = known_to(candidate.url, contact)
    if own is not None:
        return Objection("own words", own)
    if not is_read(candidate.language, contact.details.languages):
        return Objection("language", f"{contact.first_name} does not read its language")
    return unfit(candidate.kind, candidate.level, candidate.topics, contact) or (
        _out_of_turn(candidate.kind, contact, touches, now)
    )


def tender(title: str, text: str, contact: Contact) -> Objection | None:
    """Whether an item brings trouble that is close to the contact."""
    reason = tender_reason(f"{title}\n{text}", contact)
    return Objection("tender", reason) if reason else None


def unfit(
    kind: Kind, level: Level | None, topics: Sequence[str], contact: Contact
) -> Objection | None:
    """Whether an item's tone or topics are not for this contact."""
    touched = [topic for topic in contact.taboo if topic in topics]
    if touched:
        return Objection("taboo", f"it touches {touched[0]}, taboo for {contact.first_name}")
    if kind != "joke":
        return None
    if contact.humour == "none":
        return Objection(
            "joke", f"{contact.first_name} has not been marked as someone who likes jokes"
        )
    if contact.humour == "clean" and level != "clean":
        return Objection("joke", "the joke may not be clean")
    return None


def is_muted(
    title: str, text: str, source: str, topics: Collection[str], mutes: Sequence[Mute]
) -> bool:
    """Whether the user wants an item suggested to nobody.

    Args:
        title: Of the item.
        text: Of the item; its opening counts.
        source: What the item names as its source.
        topics: Of domain.TOPICS, what it touches.
        mutes: A source is muted by its name; a topic where its words stand together, or touch.
    """
    if not mutes:
        return False
    said = f" {' '.join(_words(f'{title} {text[:MUTED_OPENING]}'))} "
    return any(
        mute.value.casefold() == source.casefold()
        if mute.kind == "source"
        else mute.value in topics or f" {' '.join(_words(mute.value))} " in said
        for mute in mutes
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def known_to(url: str | None, contact: Contact) -> str | None:
    """Why the contact knows what stands at a URL already, in words, or None."""
    host = _host(url)
    if not host:
        return None
    if _lies_on(host, contact.own_sites):
        return f"it comes from {contact.first_name}'s own site"
    domains = [email.rpartition("@")[2].casefold() for email in contact.emails]
    if _lies_on(host, [domain for domain in domains if not _MAIL_PROVIDER.fullmatch(domain)]):
        return f"it comes from the domain of {contact.first_name}'s own mail"
    if _is_site_of(host, contact.employer):
        return f"it comes from {contact.employer}, where {contact.first_name} works"
    if _lies_on(host, contact.reads):
        return f"{contact.first_name} reads {host} anyway"
    return None


@lru_cache(maxsize=4096)  # hundreds of candidates come from some dozens of places
def _host(url: str | None) -> str:
    if not url:
        return ""
    from urllib.parse import urlsplit

    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def is_read(language: str | None, languages: Sequence[str]) -> bool:
    """Whether somebody of these languages reads a text; so does everybody who stated none."""
    if not language or not languages:
        return True
    return language[:2].casefold() in {one[:2].casefold() for one in languages}


def _lies_on(host: str, sites: Collection[str]) -> bool:
    names = (site.casefold().removeprefix("www.") for site in sites)
    return any(host == name or host.endswith(f".{name}") for name in names if name)


@lru_cache(maxsize=4096)
def _company(employer: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", bare_company(employer).casefold())


def _is_site_of(host: str, employer: str) -> bool:
    """Whether a host is named as a company: blog.harbour-lights.com is of Harbour Lights Ltd."""
    name = _company(employer)
    labels = [label.replace("-", "") for label in host.split(".")[:-1]]
    return len(name) > 2 and name in labels


def _out_of_turn(
    kind: Kind, contact: Contact, touches: Sequence[Touch], now: datetime
) -> Objection | None:
    if kind == "joke" and touches and (now - touches[0].at).days > JOKE_SILENCE_DAYS:
        return Objection(
            "joke", f"a joke is no first word after {JOKE_SILENCE_DAYS} days of silence"
        )
    return None


def joke_is_due(shared_kinds: Sequence[str]) -> bool:
    """Whether a joke would keep to one in three.

    Args:
        shared_kinds: Kinds of what was sent to the contact, newest first.
    """
    return "joke" not in shared_kinds[: SHARES_PER_JOKE - 1]
