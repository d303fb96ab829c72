"""What must not be sent, whatever its relevance. Pure rules with their reason in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Candidate, Contact, Touch

JOKE_SILENCE_DAYS = 180
"""A joke is not the first sign of life after this long."""
SHARES_PER_JOKE = 3
"""At most one share in so many may be a joke."""

_TENDER = re.compile(
    r"\b(lay-?offs?|laid off|redundanc\w+|death|dies|died|dead|killed|lawsuits?|sued|sues|"
    r"bankrupt\w*|fraud|indicted|insolven\w+|scandal)\b",
    re.IGNORECASE,
)
# Withheld from "clean" humour. A plain list, meant to err towards silence.
_CRUDE = re.compile(
    r"\b(sex\w*|nude|naked|porn\w*|fuck\w*|shit\w*|bitch\w*|bastards?|dick|cock|pussy|boobs?|"
    r"whores?|sluts?|condoms?|orgasm\w*|penis\w*|vagina\w*|rape\w*|nazi\w*|hitler|suicid\w*|"
    r"drunk|cocaine|heroin|bloody hell|arse\w*|asshole\w*|crap|damn\w*|horny|erection|"
    r"blonde?s?|priest|rabbi|nun|jews?|muslims?|negro\w*|gay|lesbian\w*|retard\w*|cripple\w*)\b",
    re.IGNORECASE,
)


def may_be_written_to(contact: Contact) -> bool:
    """Whether the contact may appear anywhere at all."""
    return contact.state == "active"


def objection(
    candidate: Candidate, contact: Contact, touches: Sequence[Touch], now: datetime
) -> str | None:
    """Why this item must not go to this contact, or None.

    Args:
        candidate: The item with its match.
        contact: Whom it would go to.
        touches: The contact's touches, newest first.
        now: Aware time.
    """
    if written_by(candidate.url, contact):
        return f"it comes from {contact.first_name}'s own site"
    if names_employer_in_trouble(f"{candidate.title} {candidate.span}", contact.employer):
        return f"it is bad news about {contact.employer}"
    if candidate.kind == "joke":
        return _joke_objection(candidate, contact, touches, now)
    return None


def written_by(url: str | None, contact: Contact) -> bool:
    """Whether the URL lies on one of the contact's own sites or mail domains."""
    own = {site.casefold().removeprefix("www.") for site in contact.own_sites}
    if not own or not url:
        return False
    from urllib.parse import urlsplit

    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return any(host == site or host.endswith(f".{site}") for site in own if site)


def names_employer_in_trouble(text: str, employer: str) -> bool:
    """Whether a text names the employer together with layoffs, death or lawsuits."""
    return bool(employer) and employer.casefold() in text.casefold() and bool(_TENDER.search(text))


def is_crude(text: str) -> bool:
    """Whether a joke holds a word that a clean one would do without."""
    return bool(_CRUDE.search(text))


def _joke_objection(
    candidate: Candidate, contact: Contact, touches: Sequence[Touch], now: datetime
) -> str | None:
    if contact.humour == "none":
        return f"{contact.first_name} has not been marked as someone who likes jokes"
    if contact.humour == "clean" and is_crude(f"{candidate.title} {candidate.text}"):
        return "the joke may not be clean"
    if touches and (now - touches[0].at).days > JOKE_SILENCE_DAYS:
        return f"a joke is no first word after {JOKE_SILENCE_DAYS} days of silence"
    return None


def joke_is_due(shared_kinds: Sequence[str]) -> bool:
    """Whether a joke would keep to one in three.

    Args:
        shared_kinds: Kinds of what was sent to the contact, newest first.
    """
    return "joke" not in shared_kinds[: SHARES_PER_JOKE - 1]
