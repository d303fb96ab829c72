"""Database rows to domain objects and back; the only place that knows column spellings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from recommender.domain import (
    Contact,
    Details,
    Feed,
    Interest,
    Item,
    NameParts,
    Slot,
    StatusEvent,
    Touch,
)

if TYPE_CHECKING:
    from recommender.storage.database import Row


def to_text(at: datetime | None) -> str | None:
    """An aware time as sortable UTC text; ValueError for a naive one."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def to_time(text: str | None) -> datetime | None:
    """Text as written by `to_text`, back to an aware UTC datetime."""
    return None if text is None else datetime.fromisoformat(text)


def need_time(text: str) -> datetime:
    """Like `to_time`, for a column that is never null."""
    return datetime.fromisoformat(text)


def contact_row(account_id: str, contact: Contact) -> dict[str, object]:
    """A contact as a row."""
    return {
        "account_id": account_id,
        "id": contact.id,
        "slug": contact.slug,
        "name": contact.name,
        "emails": json.dumps(contact.emails, ensure_ascii=False),
        "employer": contact.employer,
        "notes": contact.notes,
        "own_sites": json.dumps(contact.own_sites),
        "humour": contact.humour,
        "state": contact.state,
        "cadence_days": contact.cadence_days,
        "created_at": to_text(contact.created_at),
        "updated_at": to_text(contact.updated_at),
        "town": contact.town,
        "reads": json.dumps(contact.reads),
        "taboo": json.dumps(contact.taboo),
        "groups": json.dumps(contact.groups, ensure_ascii=False),
        "birthday": contact.birthday,
        "paused_until": to_text(contact.paused_until),
        "hard_at": to_text(contact.hard_at),
        "archived_at": to_text(contact.archived_at),
        "details": details_text(contact.details),
    }


def details_text(details: Details) -> str:
    """Details as JSON, without what is empty."""
    values = {name: getattr(details, name) for name in Details.__dataclass_fields__}
    known = {name: value for name, value in values.items() if value and any(value)}
    return json.dumps(known, ensure_ascii=False)


def to_details(text: str) -> Details:
    """JSON of `details_text`, back to details."""
    if text == "{}":
        return Details()
    values: dict[str, Any] = json.loads(text)
    parts = NameParts(*values.pop("parts", ()))
    lists: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
    }
    return Details(parts=parts, **lists)


def to_contact(row: Row) -> Contact:
    """A row as a contact."""
    return Contact(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        emails=tuple(json.loads(row["emails"])),
        employer=row["employer"],
        notes=row["notes"],
        own_sites=tuple(json.loads(row["own_sites"])),
        humour=row["humour"],
        state=row["state"],
        cadence_days=row["cadence_days"],
        created_at=need_time(row["created_at"]),
        updated_at=need_time(row["updated_at"]),
        town=row["town"],
        reads=tuple(json.loads(row["reads"])),
        taboo=tuple(json.loads(row["taboo"])),
        groups=tuple(json.loads(row["groups"])),
        birthday=row["birthday"],
        paused_until=to_time(row["paused_until"]),
        hard_at=to_time(row["hard_at"]),
        archived_at=to_time(row["archived_at"]),
        details=to_details(row["details"]),
    )


def interest_row(account_id: str, interest: Interest) -> dict[str, object]:
    """An interest as a row."""
    return {
        "account_id": account_id,
        "id": interest.id,
        "contact_id": interest.contact_id,
        "phrase": interest.phrase,
        "weight": interest.weight,
        "polarity": interest.polarity,
        "origin": interest.origin,
        "created_at": to_text(interest.created_at),
    }


def to_interest(row: Row) -> Interest:
    """A row as an interest."""
    return Interest(
        id=row["id"],
        contact_id=row["contact_id"],
        phrase=row["phrase"],
        weight=row["weight"],
        polarity=row["polarity"],
        origin=row["origin"],
        created_at=need_time(row["created_at"]),
    )


def to_feed(row: Row, folders: tuple[str, ...] = ()) -> Feed:
    """A row as a feed."""
    return Feed(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        site_url=row["site_url"],
        kind=row["kind"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        checked_at=to_time(row["checked_at"]),
        succeeded_at=to_time(row["succeeded_at"]),
        next_check_at=to_time(row["next_check_at"]),
        failures=row["failures"],
        error=row["error"],
        owner_id=row["owner_id"],
        problem=row["problem"],
        moved_to=row["moved_to"],
        interval_s=row["interval_s"],
        weekly=row["weekly"],
        newest_at=to_time(row["newest_at"]),
        ttl_minutes=row["ttl_minutes"],
        skip_hours=frozenset(json.loads(row["skip_hours"])),
        skip_days=frozenset(json.loads(row["skip_days"])),
        full_text=row["full_text"],
        folders=folders,
    )


def to_item(row: Row) -> Item:
    """A row as an item."""
    return Item(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        url=row["url"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
        language=row["language"],
        tags=tuple(json.loads(row["tags"])),
        published_at=to_time(row["published_at"]),
        fetched_at=need_time(row["fetched_at"]),
        feed_title=row["feed_title"],
        content_hash=row["content_hash"],
        minutes=row["minutes"],
        paywalled=bool(row["paywalled"]),
        story=row["story"],
        updated_at=to_time(row["updated_at"]),
        level=row["level"],
        topics=tuple(json.loads(row["topics"])),
    )


def to_status_event(row: Row) -> StatusEvent:
    """A row as a status event."""
    return StatusEvent(
        suggestion_id=row["suggestion_id"],
        contact_id=row["contact_id"],
        item_id=row["item_id"],
        item_key=row["item_key"],
        status=row["status"],
        at=need_time(row["at"]),
        until=to_time(row["until"]),
    )


def touch_row(account_id: str, touch: Touch) -> dict[str, object]:
    """A touch as a row."""
    return {
        "account_id": account_id,
        "id": touch.id,
        "contact_id": touch.contact_id,
        "kind": touch.kind,
        "direction": touch.direction,
        "at": to_text(touch.at),
        "note": touch.note,
        "item_id": touch.item_id,
        "suggestion_id": touch.suggestion_id,
        "channel": touch.channel,
        "source": touch.source,
    }


def to_touch(row: Row) -> Touch:
    """A row as a touch."""
    return Touch(
        id=row["id"],
        contact_id=row["contact_id"],
        kind=row["kind"],
        direction=row["direction"],
        at=need_time(row["at"]),
        note=row["note"],
        item_id=row["item_id"],
        suggestion_id=row["suggestion_id"],
        channel=row["channel"],
        source=row["source"],
    )


def slot_row(account_id: str, place: int, slot: Slot) -> dict[str, object]:
    """A slot of a plan as a row."""
    return {
        "account_id": account_id,
        "day": slot.day.isoformat(),
        "place": place,
        "contact_id": slot.contact_id,
        "action": slot.action,
        "minutes": slot.minutes,
        "is_dormant": int(slot.is_dormant),
        "suggestion_id": slot.suggestion_id,
        "skipped_at": to_text(slot.skipped_at),
    }


def to_slot(row: Row) -> Slot:
    """A row as a slot of a plan."""
    return Slot(
        day=date.fromisoformat(row["day"]),
        contact_id=row["contact_id"],
        action=row["action"],
        minutes=row["minutes"],
        is_dormant=bool(row["is_dormant"]),
        suggestion_id=row["suggestion_id"],
        skipped_at=to_time(row["skipped_at"]),
    )
