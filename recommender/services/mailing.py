"""The digest by mail: once a week to the user, and never twice.

prepare   a row for the week, in waiting           (killed here: sent the next time)
build     the mail, from what there is now
connect   TLS, login, sender, recipient            (killed here: sent the next time)
claim     waiting -> sending; one passes           (killed from here on: never sent again by
hand over                                           itself, and said in `doctor`)
settle    sending -> sent; or, where the server refused for certain, back to waiting
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from recommender.errors import (
    ConfigError,
    InvalidInput,
    MailError,
    MailUndecided,
    StorageBusy,
    StorageError,
)
from recommender.mail.view import Envelope
from recommender.rhythm import day_of
from recommender.services.digest_view import DigestWords
from recommender.services.links import Links
from recommender.services.preferences import DIGEST_SINCE
from recommender.services.voice import voice_of
from recommender.weekly import coming_turn, due_turn, retry_after, week_of, weekly_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo
    from email.message import EmailMessage

    from recommender.account import Outgoing
    from recommender.mail.view import DigestView
    from recommender.services.digest import Digests
    from recommender.storage.protocol import Storage
    from recommender.weekly import Weekly

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE = 6
"""Times that a busy database is asked, each for as long as it may be busy."""
log = logging.getLogger(__name__)
_FAILURES = (MailError, ConfigError, InvalidInput)
"""After which it is certain that nothing went out."""


class Post(Protocol):
    """What hands a mail over; `recommender.mail.smtp` behind the settings."""

    def deliver(self, message: EmailMessage, *, leave: Callable[[], bool]) -> bool:
        """Hand a mail over once leave is given; see `recommender.mail.smtp.deliver`."""


class Schedule(NamedTuple):
    """When the user wants the digest."""

    recipient: str
    """Empty if the user has given no address."""
    weekly: Weekly | None
    """None if it is not wanted by itself."""
    since: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """How the mail is signed and where its links lead."""

    origin: str
    """By which browsers reach the service."""
    address: str
    """An address, or empty for the recipient's own."""
    is_public: bool
    """Whether mail services can reach it: they may end the digest with one click then."""


class Mailer:
    """Sends one account's digests.

    Args:
        storage: The library.
        account_id: Whose.
        digests: What a week holds.
        post: Hands mail over.
        sender: From whom.
        zone: The user's own.
    """

    def __init__(
        self,
        storage: Storage,
        account_id: str,
        digests: Digests,
        post: Callable[[], Post],
        sender: Sender,
        zone: tzinfo | None,
    ) -> None:
        self._storage = storage
        self._account_id = account_id
        self._digests = digests
        self._post = post
        self._sender = sender
        self._zone = zone

    def schedule(self) -> Schedule:
        """What the user has asked for; what can't be read (an import may bring it) is unset."""
        return schedule_of(self._storage.rhythm.preferences(self._account_id))

    def coming(self, *, now: datetime) -> datetime | None:
        """When the next digest goes out by itself; None if it does not.

        A week whose digest went out already, because it was sent by hand or the day was changed,
        has no other.
        """
        weekly = self.schedule().weekly
        if weekly is None:
            return None
        turn = coming_turn(weekly, now, self._zone)
        known = self._storage.mail.outgoing(self._account_id, self._week(turn))
        if known is not None and known.state != "waiting":
            turn = coming_turn(weekly, turn, self._zone)
        return turn

    def _week(self, at: datetime) -> str:
        return week_of(day_of(at, self._zone))

    def view(self, *, now: datetime) -> DigestView:
        """This week's digest in words."""
        voice = voice_of(self._storage.rhythm.preferences(self._account_id))
        links = Links(self._storage, self._account_id, self._sender.origin, now=now)
        words = DigestWords(links, self._sender.origin, voice, self._zone, now=now)
        return words.view(self._digests.build(now=now))

    def message(self, recipient: str, *, now: datetime, week: str | None = None) -> EmailMessage:
        """This week's digest as a mail."""
        from recommender.mail.message import build_message

        view = self.view(now=now)
        return build_message(view, self._envelope(recipient, week or view.week, view, now))

    def _envelope(self, recipient: str, week: str, view: DigestView, now: datetime) -> Envelope:
        sender = self._sender.address or recipient
        library = f"{self._storage.library_id()}\0{self._account_id}"
        ours = hashlib.sha256(library.encode()).hexdigest()[:16]
        domain = sender.rpartition("@")[2]
        return Envelope(
            sender=sender,
            recipient=recipient,
            at=now.astimezone(self._zone),
            message_id=f"<digest.{week}.{ours}@{domain}>",
            list_id=f"digest.{ours}.{domain}",
            unsubscribe_url=view.unsubscribe_url,
            one_click=self._sender.is_public,
        )

    def send(self, *, now: datetime, again: bool = False) -> Outgoing:
        """Send this week's digest now, unless it went out; what became of it.

        Args:
            now: Aware time.
            again: Send it even if it went out, or may have. Of several who ask so, one does.

        Raises:
            InvalidInput: There is no address to send it to.
            MailError: The server did not take it.
        """
        recipient = self.schedule().recipient
        if not recipient:
            raise InvalidInput(
                "there is no address to send it to: `sawthis digest schedule --to you@example.com`"
            )
        return self._send(self._week(now), recipient, now, again=again)

    def send_if_due(self, *, now: datetime) -> Outgoing | None:
        """Send the digest whose turn it is, unless it went out or the server is to be left alone.

        What goes wrong is in the outbox and the log, not raised: nobody is there to read it.

        Returns:
            What became of it; None if there was nothing to do.
        """
        schedule = self.schedule()
        week = due_week(schedule, now, self._zone)
        if week is None:
            return None
        known = self._storage.mail.outgoing(self._account_id, week)
        if known and (known.state != "waiting" or (known.retry_at and known.retry_at > now)):
            return None
        try:
            return self._send(week, schedule.recipient, now)
        except _FAILURES as error:
            log.warning("the digest of %s did not go out: %s", week, error)
            return self._storage.mail.outgoing(self._account_id, week)

    def _send(self, week: str, recipient: str, now: datetime, *, again: bool = False) -> Outgoing:
        mail = self._storage.mail
        found = mail.prepare(self._account_id, week, recipient, now=now)
        if found.state != "waiting" and not again:
            return found
        claimed = []

        def leave() -> bool:
            after = found.at if again else None
            claimed.append(mail.claim(self._account_id, week, recipient, now=now, after=after))
            return claimed[0]

        try:
            message = self.message(recipient, now=now, week=week)
            if self._post().deliver(message, leave=leave):
                _patiently(lambda: mail.settle(self._account_id, week, now=now))
        except MailUndecided:
            raise
        except _FAILURES as error:
            failed = partial(
                mail.put_back,
                self._account_id,
                week,
                now=now,
                retry_at=now + retry_after(found.attempts + 1),
                error=str(error),
                was_claimed=claimed == [True],
            )
            # What the server said matters more than that it could not be noted.
            with suppress(StorageError):
                _patiently(failed)
            raise
        after = mail.outgoing(self._account_id, week)
        assert after is not None, "prepared above"
        return after


def _patiently(work: Callable[[], None]) -> None:
    """Do it, and wait for a busy database longer than others do: it is known once only."""
    for _ in range(PATIENCE - 1):
        try:
            return work()
        except StorageBusy:
            continue
    return work()


def schedule_of(preferences: Mapping[str, str]) -> Schedule:
    """When the user wants the digest, by what they have set."""
    return Schedule(
        preferences.get("digest.to", ""),
        _weekly(preferences.get("digest.day", ""), preferences.get("digest.at", "")),
        _time(preferences.get(DIGEST_SINCE, "")),
    )


def due_week(schedule: Schedule, now: datetime, zone: tzinfo | None) -> str | None:
    """The week whose digest is due now, sent or not; None if there is none."""
    recipient, weekly, since = schedule
    turn = due_turn(weekly, now, zone, since=since) if weekly else None
    return None if turn is None or not recipient else week_of(day_of(turn, zone))


def _weekly(day: str, at: str) -> Weekly | None:
    try:
        return weekly_of(day, at) if day else None
    except ValueError:
        return None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return LONG_AGO
    return found if found.tzinfo else LONG_AGO
