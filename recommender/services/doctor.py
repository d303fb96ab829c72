"""What is well, what is ill, and what to do about it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.errors import ConfigError, InvalidInput, MailError, RecommenderError
from recommender.rhythm import ago
from recommender.services.finding import Finding
from recommender.services.queue_health import diagnose_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from recommender_models import Embedder

    from recommender.account import Outgoing
    from recommender.domain import Counts, Feed
    from recommender.services.mailing import Schedule
    from recommender.services.queueing import JobQueue
    from recommender.storage.protocol import Storage

LOW_DISK_BYTES = 500 * 2**20
SPEED_TEXTS = 24
HANDING_OVER = timedelta(minutes=10)
"""Longer than any mail server may take for an answer (RFC 5321, 4.5.3.2.6)."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, and what the library holds."""

    counts: Counts
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is at fault; warnings are no fault."""
        return all(finding.state != "fault" for finding in self.findings)


def diagnose_storage(storage: Storage, data_dir: Path, *, is_on_server: bool) -> list[Finding]:
    """Whether the library is sound, and this machine's disk has room."""
    damage = storage.check()
    free = shutil.disk_usage(data_dir).free
    room = f"{free // 2**20} MB free" + (" on this machine" if is_on_server else "")
    mend = "see docs/deploy.md" if is_on_server else "restore it from a `sawthis export`"
    return [
        Finding("data directory", "ok", str(data_dir)),
        Finding("database", "fault", damage, mend)
        if damage
        else Finding("database", "ok", "sound"),
        Finding("disk", "warning", room, "free some space")
        if free < LOW_DISK_BYTES
        else Finding("disk", "ok", room),
    ]


def diagnose_feeds(feeds: list[Feed], now: datetime) -> list[Finding]:
    """One finding for the healthy feeds together, and one for each ill one."""
    ill = [feed for feed in feeds if feed.failures]
    waiting = [feed for feed in feeds if feed.checked_at is None]
    if not feeds:
        return [Finding("feeds", "warning", "none yet", "`sawthis feeds add URL` adds one")]
    well = len(feeds) - len(ill) - len(waiting)
    findings = [Finding("feeds", "ok", f"{well} of {len(feeds)} read without trouble")]
    if waiting:
        findings.append(
            Finding("feeds", "warning", f"{len(waiting)} not read yet", "run `sawthis refresh`")
        )
    for feed in ill:
        since = ago(feed.succeeded_at, now) if feed.succeeded_at else "never"
        findings.append(
            Finding(
                f"feed {feed.id}",
                "warning",
                f"{feed.error} (last read: {since}, failures: {feed.failures})",
                f"`sawthis feeds remove {feed.id}` if it is gone for good",
            )
        )
    return findings


def diagnose_people(counts: Counts) -> list[Finding]:
    """Whether there is anybody to suggest for."""
    if not counts.contacts:
        return [Finding("contacts", "warning", "none yet", "`sawthis contacts add NAME` adds one")]
    if not counts.interests:
        return [
            Finding(
                "interests",
                "warning",
                "none of the contacts has one",
                "`sawthis interests add NAME PHRASE` adds one",
            )
        ]
    return [Finding("contacts", "ok", f"{counts.contacts} with {counts.interests} interests")]


def diagnose_model(
    storage: Storage,
    load_embedder: Callable[[], Embedder],
    about_model: Callable[[], Mapping[str, object]],
) -> list[Finding]:
    """Which model, whether it loads, how fast it is."""
    from recommender_models import EmbedderError

    try:
        embedder = load_embedder()
        about = about_model()
    except (EmbedderError, RecommenderError) as error:
        return [Finding("model", "fault", str(error), "see docs/how-to/models.md")]
    texts = [f"A short text about subject {n}, long enough to count." for n in range(SPEED_TEXTS)]
    start = time.perf_counter()
    embedder.embed(texts)
    speed = SPEED_TEXTS / (time.perf_counter() - start)
    detail = ", ".join(f"{name} {value}" for name, value in about.items() if value is not None)
    findings = [
        Finding("model", "ok", detail),
        Finding("model speed", "ok", f"{speed:.0f} short texts a second ({embedder.backend})"),
    ]
    active = storage.vectors.active_model()
    if active not in {None, embedder.key}:
        findings.append(
            Finding("matches", "warning", f"made with {active}", "run `sawthis refresh`")
        )
    return findings


def diagnose_digest(
    storage: Storage,
    account_id: str,
    schedule: Schedule,
    check_server: Callable[[], None],
    now: datetime,
) -> list[Finding]:
    """Whether the digest can go out, and what became of the last one; nothing if it is off."""
    found = []
    if schedule.weekly is not None and not schedule.recipient:
        found += [
            Finding(
                "digest",
                "warning",
                "it has a day and no address",
                "`sawthis digest schedule --to you@example.com`",
            )
        ]
    for one in storage.mail.outbox(account_id, limit=1):
        found += [last_digest(one, now)]
    if schedule.weekly is None and not found:
        return []
    try:
        check_server()
    except (MailError, ConfigError, InvalidInput) as error:
        return [*found, Finding("mail server", "fault", str(error), "see docs/how-to/digest.md")]
    return [*found, Finding("mail server", "ok", "it takes the login and waits for mail")]


def last_digest(one: Outgoing, now: datetime) -> Finding:
    """What became of the newest digest."""
    what = f"the digest of {one.week}"
    if one.state == "sent":
        return Finding("digest", "ok", f"{what} was sent {ago(one.at, now)}")
    if one.state == "sending" and now - one.at > HANDING_OVER:
        return Finding(
            "digest",
            "warning",
            f"{what} was handed over {ago(one.at, now)}, and no answer came: it may have arrived",
            "`sawthis digest send --again` sends it once more",
        )
    if one.state == "sending" or not one.error:
        return Finding("digest", "ok", f"{what} is on its way")
    times = "once" if one.attempts == 1 else f"{one.attempts} times"
    waits = one.retry_at is not None and one.retry_at > now
    later = f"; it is tried again from {one.retry_at:%H:%M} UTC on, if it is due" if waits else ""
    return Finding(
        "digest",
        "warning",
        f"{what} did not go out (tried {times}): {one.error}{later}",
        "`sawthis digest send` tries now",
    )


def diagnose(
    storage: Storage,
    account_id: str,
    *,
    data_dir: Path,
    load_embedder: Callable[[], Embedder],
    about_model: Callable[[], Mapping[str, object]],
    schedule: Schedule,
    check_mail_server: Callable[[], None],
    queue: JobQueue | None = None,
    now: datetime,
) -> Diagnosis:
    """Look at everything; never raises for what it finds.

    Args:
        storage: The library.
        account_id: Whose.
        data_dir: Where the model and the matrices lie.
        load_embedder: Gives the model.
        about_model: What is known of it.
        schedule: When the digest goes out.
        check_mail_server: Raises if it can't be reached.
        queue: Where work waits for workers, if there are any.
        now: Aware time.
    """
    counts = storage.counts(account_id)
    findings = [
        *diagnose_storage(storage, data_dir, is_on_server=queue is not None),
        *diagnose_model(storage, load_embedder, about_model),
        *diagnose_feeds(storage.feeds.feeds(account_id), now),
        *diagnose_people(counts),
        *diagnose_digest(storage, account_id, schedule, check_mail_server, now),
        *(diagnose_queue(queue, now) if queue else ()),
    ]
    return Diagnosis(counts, tuple(findings))
