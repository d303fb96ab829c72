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
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from recommender.errors import ConfigError, InvalidInput, MailError, MailUndecided
from recommender.mail.view import Envelope
from recommender.rhythm import day_of
from recommender.services.digest_view import DigestWords
from recommender.services.links import Links
from recommender.services.preferences import DIGEST_SINCE
from recommender.services.voice import voice_of
from recommender.weekly import due_turn, retry_after, week_of, weekly_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from email.message import EmailMessage

    from recommender.account import Outgoing
    from recommender.mail.view import DigestView
    from recommender.services.digest import Digests
    from recommender.storage.protocol import Storage
    from recommender.weekly import Weekly

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
        """What the user has asked for."""
        found = self._storage.rhythm.preferences(self._account_id)
        day = found.get("digest.day", "")
        return Schedule(
            found.get("digest.to", ""),
            weekly_of(day, found.get("digest.at", "")) if day else None,
            datetime.fromisoformat(found.get(DIGEST_SINCE, "1970-01-01T00:00:00+00:00")),
        )

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
            again: Send it even if it went out, or may have.

        Raises:
            InvalidInput: There is no address to send it to.
            MailError: The server did not take it.
        """
        recipient = self.schedule().recipient
        if not recipient:
            raise InvalidInput(
                "there is no address to send it to: `sawthis digest schedule --to you@example.com`"
            )
        week = week_of(day_of(now, self._zone))
        if again:
            self._storage.mail.forget(self._account_id, week)
        return self._send(week, recipient, now)

    def send_if_due(self, *, now: datetime) -> Outgoing | None:
        """Send the digest whose turn it is, unless it went out or the server is to be left alone.

        What goes wrong is in the outbox and the log, not raised: nobody is there to read it.

        Returns:
            What became of it; None if there was nothing to do.
        """
        recipient, weekly, since = self.schedule()
        turn = due_turn(weekly, now, self._zone, since=since) if weekly else None
        if turn is None or not recipient:
            return None
        week = week_of(day_of(turn, self._zone))
        known = self._storage.mail.outgoing(self._account_id, week)
        if known and (known.state != "waiting" or (known.retry_at and known.retry_at > now)):
            return None
        try:
            return self._send(week, recipient, now)
        except _FAILURES as error:
            log.warning("the digest of %s did not go out: %s", week, error)
            return self._storage.mail.outgoing(self._account_id, week)

    def _send(self, week: str, recipient: str, now: datetime) -> Outgoing:
        mail = self._storage.mail
        found = mail.prepare(self._account_id, week, recipient, now=now)
        if found.state != "waiting":
            return found
        claimed: list[bool] = []

        def leave() -> bool:
            claimed.append(mail.claim(self._account_id, week, now=now))
            return claimed[0]

        try:
            message = self.message(recipient, now=now, week=week)
            if self._post().deliver(message, leave=leave):
                mail.settle(self._account_id, week, now=now)
        except MailUndecided:
            raise
        except _FAILURES as error:
            mail.put_back(
                self._account_id,
                week,
                now=now,
                retry_at=now + retry_after(found.attempts + 1),
                error=str(error),
                was_claimed=claimed == [True],
            )
            raise
        after = mail.outgoing(self._account_id, week)
        assert after is not None, "prepared above"
        return after
