"""From stored candidates to what is shown: filter, score, diversify, say why. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import SHARED, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from recommender.domain import Candidate, Contact, StatusEvent

    Vector = Sequence[float]

FRESH_HALF_LIFE_DAYS = 45.0
LEAST_FRESHNESS = 0.4
SAME_INTEREST = 0.5
"""How much less another item counts for an interest that has one in the list already."""
AVOID_FROM = 0.3
"""Probability from which an item is taken for what the contact would rather not see: lower than
for a suggestion, for here silence is what errs on the right side."""
MMR_LAMBDA = 0.75
"""Share of a candidate's own score against its likeness to what is chosen already."""
CLOSED = SHARED | {"dismissed", "less"}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with what it is ranked by."""

    candidate: Candidate
    score: float
    """Relevance x weight x freshness x lift, in [0, 4]."""
    lift: float = 1.0
    """What the contact's taste makes of it, in [0.5, 2]."""


def freshness(candidate: Candidate, now: datetime) -> float:
    """How new an item is, in [0.4, 1]: what is above 0.4 halves every 45 days; jokes do not age."""
    if candidate.kind != "article":
        return 1.0
    born = candidate.published_at or candidate.fetched_at
    age_days = max(0.0, (now - born).total_seconds() / 86400)
    fading = 0.5 ** (age_days / FRESH_HALF_LIFE_DAYS)
    return float(LEAST_FRESHNESS + (1 - LEAST_FRESHNESS) * fading)


class Look(NamedTuple):
    """What gives away that two items are one."""

    title: str
    content_hash: str
    story: str | None


def disguise(title: str) -> str:
    """What another outlet's copy of the same headline has in common with it."""
    return " ".join(_WORD.findall(title.casefold()))


def unseen(
    candidates: Sequence[Candidate],
    statuses: Mapping[str, StatusEvent],
    now: datetime,
    had: Iterable[Look] = (),
) -> list[Candidate]:
    """Candidates that were neither sent nor dismissed nor sleep, in any disguise.

    Args:
        candidates: Of one contact.
        statuses: Suggestion id -> what came of it.
        now: Aware time.
        had: Looks of items that are closed for the contact, whether a candidate or not.
    """
    closed = [c for c in candidates if is_closed(statuses.get(c.suggestion_id), now)]
    known = [*had, *(Look(c.title, c.content_hash, c.story) for c in closed)]
    ids = {c.suggestion_id for c in closed}
    looks = {look for k in known for look in (disguise(k.title), k.content_hash, k.story)}
    looks -= {None, ""}
    return [
        c
        for c in candidates
        if c.suggestion_id not in ids
        and not is_closed(statuses.get(c.suggestion_id), now)
        and disguise(c.title) not in looks
        and c.content_hash not in looks
        and c.story not in looks
    ]


def is_closed(event: StatusEvent | None, now: datetime) -> bool:
    """Whether what came of a suggestion keeps its item from the contact."""
    if event is None:
        return False
    if event.status == "snoozed":
        return event.until is not None and event.until > now
    return event.status in CLOSED


def score(candidates: Sequence[Candidate], now: datetime) -> list[Scored]:
    """The best interest of each item, scored; best first, ties by item key.

    Two copies of a headline, or two tellings of a story, count as one item.
    """
    best: dict[int, Scored] = {}
    for candidate in candidates:
        if candidate.polarity == "avoid":
            continue
        value = candidate.relevance * candidate.weight * freshness(candidate, now)
        known = best.get(candidate.item_id)
        if known is None or value > known.score:
            best[candidate.item_id] = Scored(candidate, value)
    kept: list[Scored] = []
    seen: set[str] = set()
    for scored in sorted(best.values(), key=lambda s: (-s.score, s.candidate.item_key)):
        looks = _looks(scored.candidate)
        if not looks & seen:
            kept.append(scored)
        seen |= looks
    return kept


def _looks(candidate: Candidate) -> set[str]:
    """What makes the user say "that again": the headline, or the story."""
    headline = f"{candidate.kind}:{disguise(candidate.title) or candidate.item_key}"
    return {headline, candidate.story} if candidate.story else {headline}


def lifted(scored: Sequence[Scored], lifts: Mapping[int, float]) -> list[Scored]:
    """Scores times the lift of each item, best first, ties by item key.

    Args:
        scored: In any order.
        lifts: By item id; an item without one keeps its score.
    """
    changed = [
        replace(one, score=one.score * lift, lift=lift)
        for one in scored
        for lift in (lifts.get(one.candidate.item_id, 1.0),)
    ]
    return sorted(changed, key=lambda one: (-one.score, one.candidate.item_key))


def diversify(scored: Sequence[Scored], vectors: Mapping[int, Vector], n: int) -> list[Scored]:
    """The first n of `diversified`."""
    return list(islice(diversified(scored, vectors), n))


def diversified(scored: Sequence[Scored], vectors: Mapping[int, Vector]) -> Iterator[Scored]:
    """Candidates by maximal marginal relevance (Carbonell and Goldstein 1998), one when asked for.

    So that one interest does not drown the others, each item chosen for it makes the next count
    less: 1, 2/3, 1/2 … of its score (the divisors that Sainte-Laguë gives to seats).

    What a candidate gains only falls as others are chosen, so what it last came to is a bound, and
    most are never compared (Minoux 1978). A few items cost a few products, not all pairs'.

    Args:
        scored: Best first.
        vectors: Unit vectors by item id; an item without one is unlike everything.
    """
    served: Counter[str] = Counter()
    chosen: list[Scored] = []
    likeness = [0.0] * len(scored)
    n_compared = [0] * len(scored)
    bounds = {at: MMR_LAMBDA * one.score for at, one in enumerate(scored)}
    while bounds:
        at = max(bounds, key=lambda i: bounds[i])
        one = scored[at]
        if n_compared[at] == len(chosen):
            del bounds[at]
            chosen.append(one)
            served[one.candidate.interest_id] += 1
            yield one
            continue
        missed = chosen[n_compared[at] :]
        likeness[at] = max(likeness[at], *(_alike(other, one, vectors) for other in missed))
        n_compared[at] = len(chosen)
        share = MMR_LAMBDA * one.score / (1 + SAME_INTEREST * served[one.candidate.interest_id])
        bounds[at] = share - (1 - MMR_LAMBDA) * likeness[at]


def _alike(one: Scored, other: Scored, vectors: Mapping[int, Vector]) -> float:
    a, b = vectors.get(one.candidate.item_id), vectors.get(other.candidate.item_id)
    if a is None or b is None:
        return 0.0
    return float(sum(map(mul, a, b)))


def at_most_one_joke(scored: Iterable[Scored], *, first_may_be_joke: bool) -> Iterator[Scored]:
    """Leave out jokes beyond one in three, or all of them when the last shares had one."""
    since_joke = 2.0 if first_may_be_joke else -math.inf
    for one in scored:
        if one.candidate.kind == "joke":
            if since_joke < 2:
                continue
            since_joke = 0
        else:
            since_joke += 1
        yield one


def reason(contact: Contact, candidate: Candidate) -> str:
    """Why this item for this person, in one sentence with the interest and the quoted span."""
    quote = candidate.span if candidate.span != candidate.title else ""
    return because(contact, candidate.phrase, candidate.kind, quote)


def because(contact: Contact, phrase: str, kind: str, quote: str) -> str:
    """One sentence with the interest, and with what the item says of it if that is known."""
    said = f"{contact.first_name} is interested in {phrase}"
    if not quote:
        return f"{said}, and that is what this {kind} is about."
    return f"{said}, and this {kind} says: “{quote}”"


def to_suggestion(
    contact: Contact, scored: Scored, event: StatusEvent | None, now: datetime
) -> Suggestion:
    """The candidate as it is shown, with reason and status; the note is the voice's affair."""
    c = scored.candidate
    opened = event is not None and event.status == "opened"
    return Suggestion(
        id=c.suggestion_id,
        contact_id=contact.id,
        item_id=c.item_id,
        kind=c.kind,
        url=c.url,
        title=c.title,
        text=c.text,
        author=c.author,
        feed_title=c.feed_title,
        published_at=c.published_at,
        fetched_at=c.fetched_at,
        interest=c.phrase,
        relevance=c.relevance,
        cosine=c.cosine,
        margin=c.margin,
        lexical=c.lexical,
        score=scored.score,
        freshness=freshness(c, now),
        weight=c.weight,
        lift=scored.lift,
        span=c.span,
        reason=reason(contact, c),
        note="",
        status="opened" if opened else "pending",
    )
