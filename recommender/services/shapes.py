"""Domain objects as plain JSON-ready dictionaries: the same in the API and under `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.rhythm import age_on, last_contact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender_feeds import CatalogueFeed

    from recommender.account import Session, Token
    from recommender.capacity import Outlook
    from recommender.domain import (
        Contact,
        Details,
        Feed,
        Had,
        Interest,
        Item,
        Revision,
        StatusEvent,
        Suggestion,
        Touch,
    )
    from recommender.learning import Proposal
    from recommender.services.browsing import Shown
    from recommender.services.discovery import Offer
    from recommender.services.doctor import Diagnosis
    from recommender.services.duplicates import Duplicate
    from recommender.services.health import Health
    from recommender.services.importing import ImportOutcome
    from recommender.services.jobs import Job
    from recommender.services.planning import Plan
    from recommender.services.refresh import RefreshReport
    from recommender.services.standing import Occasion, Standing
    from recommender.services.suggest import Answer
    from recommender.services.who import Fit

    Shape = dict[str, Any]


def time_text(at: datetime | None) -> str | None:
    """A time as RFC 3339 writes UTC."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def interest_shape(interest: Interest) -> Shape:
    """An interest."""
    return {
        "id": interest.id,
        "contact_id": interest.contact_id,
        "phrase": interest.phrase,
        "weight": interest.weight,
        "polarity": interest.polarity,
        "origin": interest.origin,
        "created_at": time_text(interest.created_at),
    }


def who_shape(contact: Contact) -> Shape:
    """A contact by name."""
    return {
        "id": contact.id,
        "slug": contact.slug,
        "name": contact.name,
        "first_name": contact.first_name,
    }


def contact_shape(contact: Contact, interests: Sequence[Interest] = ()) -> Shape:
    """A contact with its interests."""
    return {
        "id": contact.id,
        "slug": contact.slug,
        "name": contact.name,
        "first_name": contact.first_name,
        "emails": list(contact.emails),
        "employer": contact.employer,
        "notes": contact.notes,
        "own_sites": list(contact.own_sites),
        "humour": contact.humour,
        "state": contact.state,
        "cadence_days": contact.cadence_days,
        "town": contact.town,
        "reads": list(contact.reads),
        "taboo": list(contact.taboo),
        "groups": list(contact.groups),
        "birthday": contact.birthday,
        "paused_until": time_text(contact.paused_until),
        "hard_at": time_text(contact.hard_at),
        "archived_at": time_text(contact.archived_at),
        "details": details_shape(contact.details),
        "interests": [interest_shape(interest) for interest in interests],
        "created_at": time_text(contact.created_at),
        "updated_at": time_text(contact.updated_at),
    }


def details_shape(details: Details) -> Shape:
    """What an address book knows of a contact."""
    return {
        "parts": details.parts._asdict(),
        "nicknames": list(details.nicknames),
        "phones": list(details.phones),
        "addresses": list(details.addresses),
        "role": details.role,
        "feeds": list(details.feeds),
        "languages": list(details.languages),
        "time_zone": details.time_zone,
        "channel": details.channel,
        "anniversary": details.anniversary,
        "uids": list(details.uids),
    }


def import_shape(outcome: ImportOutcome) -> Shape:
    """What an import came to."""
    counts = {name: outcome.count(name) for name in ("created", "updated", "skipped")}
    return {
        **counts,
        "failed": len(outcome.failures),
        "changes": [
            {"line": c.line, "outcome": c.outcome, "name": c.name, "adds": list(c.adds)}
            for c in outcome.changes
            if c.outcome != "skipped"
        ],
        "failures": [{"line": one.line, "reason": one.reason} for one in outcome.failures],
    }


def standing_shape(standing: Standing, outlook: Outlook | None) -> Shape:
    """How the network stands, with the years ahead if they were played through."""
    gauge = standing.gauge
    return {
        "day": standing.day.isoformat(),
        "gauge": {
            "touched": gauge.touched,
            "people": gauge.people,
            "share": round(gauge.share, 4),
            "full_on": gauge.full_on.isoformat() if gauge.full_on else None,
        },
        "people": [
            {
                "contact_id": p.contact.id,
                "name": p.contact.name,
                "cadence_days": p.cadence,
                "last": p.last.isoformat() if p.last else None,
                "late_days": p.late_days,
                "slipping": p.is_slipping,
                "balance": p.balance._asdict(),
            }
            for p in standing.people
        ],
        "outlook": None
        if outlook is None
        else {
            **outlook._asdict(),
            "all_reached_on": outlook.all_reached_on.isoformat()
            if outlook.all_reached_on
            else None,
        },
    }


def occasion_shape(one: Occasion) -> Shape:
    """A birthday or anniversary to come."""
    return {
        "on": one.on.isoformat(),
        "contact_id": one.contact.id,
        "name": one.contact.name,
        "what": one.what,
        "years": age_on(one.since, one.on),
    }


def duplicate_shape(one: Duplicate) -> Shape:
    """Two contacts that may be one person."""
    return {"one": one.one.id, "other": one.other.id, "reasons": list(one.reasons)}


def plan_shape(plan: Plan) -> Shape:
    """The plan of a day."""
    return {
        "day": plan.day.isoformat(),
        "minutes": plan.minutes,
        "entries": [
            {
                "contact": who_shape(e.contact),
                "action": e.slot.action,
                "minutes": e.slot.minutes,
                "state": "done" if e.is_done else "skipped" if e.slot.skipped_at else "open",
                "why": e.why,
                "note": e.note,
                "topics": list(e.topics),
                "last_contact": e.last_contact,
                "channel": e.contact.details.channel,
                "suggestion": suggestion_shape(e.suggestion) if e.suggestion else None,
            }
            for e in plan.entries
        ],
    }


def feed_shape(feed: Feed, health: Health | None = None) -> Shape:
    """A feed with its state, and how it is in words if that is known."""
    shape: Shape = {
        "id": feed.id,
        "url": feed.url,
        "title": feed.title,
        "site_url": feed.site_url,
        "kind": feed.kind,
        "checked_at": time_text(feed.checked_at),
        "succeeded_at": time_text(feed.succeeded_at),
        "next_check_at": time_text(feed.next_check_at),
        "failures": feed.failures,
        "error": feed.error,
        "problem": feed.problem,
        "items_a_week": feed.weekly,
        "full_text": feed.full_text,
        "folders": list(feed.folders),
        "has_login": bool(feed.owner_id),
    }
    if health is not None:
        shape.update(
            condition=health.condition, health=health.words, what_to_do=health.advice or None
        )
    return shape


def item_shape(item: Item, *, with_text: bool = True) -> Shape:
    """An item of the pool."""
    shape: Shape = {
        "id": item.id,
        "kind": item.kind,
        "url": item.url,
        "title": item.title,
        "author": item.author,
        "language": item.language,
        "tags": list(item.tags),
        "feed": item.feed_title,
        "minutes": item.minutes,
        "paywalled": item.paywalled,
        "level": item.level,
        "topics": list(item.topics),
        "published_at": time_text(item.published_at),
        "updated_at": time_text(item.updated_at),
        "fetched_at": time_text(item.fetched_at),
    }
    return {**shape, "text": item.text} if with_text else shape


def revision_shape(revision: Revision) -> Shape:
    """An item as it was before an update."""
    return {
        "until": time_text(revision.at),
        "changed": list(revision.changed),
        "title": revision.title,
        "text": revision.text,
    }


def suggestion_shape(suggestion: Suggestion) -> Shape:
    """A suggestion with its evidence."""
    return {
        "id": suggestion.id,
        "contact_id": suggestion.contact_id,
        "item": {
            "id": suggestion.item_id,
            "kind": suggestion.kind,
            "url": suggestion.url,
            "title": suggestion.title,
            "text": suggestion.text,
            "author": suggestion.author,
            "feed": suggestion.feed_title,
            "published_at": time_text(suggestion.published_at),
        },
        "interest": suggestion.interest,
        "relevance": suggestion.relevance,
        "cosine": suggestion.cosine,
        "margin": suggestion.margin,
        "lexical": suggestion.lexical,
        "score": round(suggestion.score, 4),
        "freshness": round(suggestion.freshness, 4),
        "weight": suggestion.weight,
        "lift": round(suggestion.lift, 4),
        "span": suggestion.span,
        "reason": suggestion.reason,
        "note": suggestion.note,
        "status": suggestion.status,
    }


def proposal_shape(proposal: Proposal) -> Shape:
    """A proposed change to a contact's interests."""
    return {
        "kind": proposal.kind,
        "phrase": proposal.phrase,
        "words": proposal.words,
        "weight": proposal.weight,
    }


def answer_shape(answer: Answer, interests: Sequence[Interest], now: datetime) -> Shape:
    """What `suggest` says about a contact."""
    return {
        "contact": contact_shape(answer.contact, interests),
        "suggestions": [suggestion_shape(one) for one in answer.suggestions],
        "nearest": suggestion_shape(answer.nearest) if answer.nearest else None,
        "withheld": [
            {"item_id": one.item_id, "title": one.title, "rule": one.rule, "reason": one.reason}
            for one in answer.withheld
        ],
        "last_contact": last_contact(answer.last_touch, now),
        "silence": answer.silence,
    }


def touch_shape(touch: Touch) -> Shape:
    """A touch."""
    return {
        "id": touch.id,
        "contact_id": touch.contact_id,
        "kind": touch.kind,
        "direction": touch.direction,
        "channel": touch.channel,
        "at": time_text(touch.at),
        "note": touch.note,
        "item_id": touch.item_id,
        "suggestion_id": touch.suggestion_id,
    }


def status_shape(event: StatusEvent) -> Shape:
    """A change of a suggestion's status."""
    return {
        "suggestion_id": event.suggestion_id,
        "contact_id": event.contact_id,
        "item_id": event.item_id,
        "status": event.status,
        "at": time_text(event.at),
        "until": time_text(event.until),
    }


def token_shape(token: Token) -> Shape:
    """A token, without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "created_at": time_text(token.created_at),
        "expires_at": time_text(token.expires_at),
        "last_used_at": time_text(token.last_used_at),
        "revoked_at": time_text(token.revoked_at),
    }


def fit_shape(fit: Fit) -> Shape:
    """A contact who would enjoy a page."""
    return {
        "contact": who_shape(fit.contact),
        "interest": fit.interest,
        "relevance": fit.relevance,
        "span": fit.span,
        "reason": fit.reason,
        "note": fit.note,
        "suggestion_id": fit.suggestion_id,
        "status": fit.status,
        "has_email": bool(fit.contact.emails),
        "last_contact": fit.last_contact,
        "had_it": fit.had_it,
    }


def refresh_shape(report: RefreshReport) -> Shape:
    """What a refresh did."""
    return {
        "feeds": {status: report.count(status) for status in ("parsed", "unchanged", "failed")},
        "items": {"added": report.n_added, "changed": report.n_changed},
        "completed": report.n_completed,
        "expired": report.n_expired,
        "embedded": report.n_embedded,
        "interests_matched": report.n_interests_matched,
        "errors": [
            {"feed": outcome.feed.url, "error": outcome.error}
            for outcome in report.outcomes
            if outcome.error
        ],
    }


def offer_shape(offer: Offer) -> Shape:
    """A feed that can be subscribed to."""
    return {
        "url": offer.url,
        "title": offer.title,
        "site_url": offer.site_url,
        "entries": offer.n_entries,
        "latest": [
            {"title": entry.title, "published_at": time_text(entry.published_at)}
            for entry in offer.latest
        ],
    }


def catalogue_shape(feed: CatalogueFeed) -> Shape:
    """A well-known feed."""
    return {
        "url": feed.url,
        "title": feed.title,
        "home": feed.home,
        "subject": feed.subject,
        "kind": feed.kind,
        "language": feed.language,
        "rating": feed.rating,
    }


def shown_shape(one: Shown, *, with_text: bool = False) -> Shape:
    """An item of the pool with whom it would be for."""
    return {
        **item_shape(one.item, with_text=with_text),
        "own": one.is_own,
        "muted": one.is_muted,
        "people": [
            {
                "contact": {"id": c.id, "slug": c.slug, "name": c.name},
                "interest": phrase,
                "relevance": relevance,
            }
            for c, phrase, relevance in one.people
        ],
    }


def had_shape(had: Had) -> Shape:
    """What came of a suggestion, with its item."""
    return {**status_shape(had.event), "kind": had.kind, "title": had.title, "url": had.url}


def job_shape(job: Job) -> Shape:
    """How far a job is."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "stage": job.stage,
        "done": job.done,
        "total": job.total,
        "result": job.result,
        "error": job.error,
        "started_at": time_text(job.started_at),
        "ended_at": time_text(job.ended_at),
    }


def session_shape(session: Session) -> Shape:
    """A browser that is logged in."""
    return {
        "id": session.id,
        "created_at": time_text(session.created_at),
        "last_used_at": time_text(session.last_used_at),
        "expires_at": time_text(session.expires_at),
    }


def diagnosis_shape(found: Diagnosis) -> Shape:
    """What is well and what is ill."""
    return {
        "well": found.is_well,
        "counts": found.counts._asdict(),
        "findings": [
            {"name": f.name, "state": f.state, "detail": f.detail, "advice": f.advice}
            for f in found.findings
        ],
    }
