"""The shape of a digest for JSON; the shapes of its parts are `services.shapes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.services.shapes import contact_shape, occasion_shape, suggestion_shape
from recommender.weekly import DAYS

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.account import Outgoing
    from recommender.services.digest import CallDue, Card, Digest, Reply
    from recommender.services.mailing import Schedule
    from recommender.services.shapes import Shape


def digest_shape(digest: Digest) -> Shape:
    """A digest."""
    gauge = digest.gauge
    return {
        "day": digest.day.isoformat(),
        "cards": [_card(card) for card in digest.cards],
        "without": digest.n_without,
        "calls": [_call(call) for call in digest.calls],
        "occasions": [occasion_shape(one) for one in digest.occasions],
        "came_back": [_reply(reply) for reply in digest.came_back],
        "gauge": {
            "touched": gauge.touched,
            "people": gauge.people,
            "share": gauge.share,
            "full_on": gauge.full_on.isoformat() if gauge.full_on else None,
        },
    }


def outgoing_shape(one: Outgoing) -> Shape:
    """A week's digest on its way."""
    return {
        "week": one.week,
        "state": one.state,
        "recipient": one.recipient,
        "attempts": one.attempts,
        "at": one.at.isoformat(),
        "retry_at": one.retry_at.isoformat() if one.retry_at else None,
        "error": one.error,
    }


def schedule_shape(schedule: Schedule, next_at: datetime | None) -> Shape:
    """When the digest comes."""
    weekly = schedule.weekly
    return {
        "to": schedule.recipient,
        "day": DAYS[weekly.weekday] if weekly else "",
        "at": f"{weekly.at:%H:%M}" if weekly else "",
        "next_at": next_at.isoformat() if next_at else None,
    }


def _card(card: Card) -> Shape:
    suggestions = [suggestion_shape(one) for one in card.suggestions]
    return {
        "contact": contact_shape(card.contact),
        "last_contact": card.last_contact,
        "overdue_days": card.overdue_days,
        "is_due": card.is_due,
        "suggestion": suggestions[0],
        "suggestions": suggestions,
    }


def _call(call: CallDue) -> Shape:
    return {
        "contact": contact_shape(call.contact),
        "last_contact": call.last_contact,
        "topics": list(call.topics),
    }


def _reply(reply: Reply) -> Shape:
    return {
        "contact_id": reply.contact.id,
        "at": reply.touch.at.isoformat(),
        "kind": reply.touch.kind,
        "title": reply.title,
    }
