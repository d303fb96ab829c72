"""Fills an empty library with the demo: its people, its feeds, pulled over HTTP like any other."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.demo import demo_contacts, demo_feeds
from recommender.domain import Touch
from recommender.errors import ConflictError, StorageError
from recommender.services.checking import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from recommender.services.people import People
    from recommender.services.subscriptions import Subscriptions
    from recommender.storage.protocol import Storage

MARKER = "demo.json"


def demo_port(data_dir: Path) -> int | None:
    """The port the demo's feeds are subscribed at, or None if this is no demo library."""
    try:
        return int(json.loads((data_dir / MARKER).read_text("utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def load_demo(
    storage: Storage,
    account_id: str,
    people: People,
    subscriptions: Subscriptions,
    *,
    base_url: str,
    data_dir: Path,
    now: datetime,
) -> bool:
    """Add the demo's people and subscribe to its feeds, all or nothing; False if that was done.

    Raises:
        ConflictError: The library holds somebody's data.
    """
    counts = storage.counts(account_id)
    if counts.contacts or counts.feeds or counts.touches:
        if demo_port(data_dir) is not None:
            return False
        raise ConflictError(
            f"{data_dir} already holds data; the demo only fills an empty folder: "
            "set SAWTHIS_DATA_DIR to another one"
        )
    # Before the rows: a crash in between leaves a marker and no rows, which is as good as nothing.
    port = int(base_url.rsplit(":", 1)[1])
    try:
        (data_dir / MARKER).write_text(json.dumps({"port": port}), "utf-8")
    except OSError as error:
        raise StorageError(f"{data_dir} can't be written: {error.strerror}") from error
    with storage.transaction():
        for one in demo_contacts():
            contact = people.add(
                one.name,
                now=now - timedelta(days=100),
                emails=[one.email],
                interests=one.interests,
                employer=one.employer,
                humour=one.humour,
                cadence_days=one.cadence_days,
            )
            for days_ago, kind, note in one.touches:
                at = now - timedelta(days=days_ago)
                direction = "in" if kind == "received" else "out"
                storage.history.add_touch(
                    account_id,
                    Touch(new_id(), contact.id, kind, direction, at, note, None, None),  # type: ignore[arg-type]  # the shipped file holds only touch kinds
                )
        for feed in demo_feeds():
            subscriptions.add(f"{base_url}/{feed.name}", now=now, kind=feed.kind, title=feed.title)
    return True
