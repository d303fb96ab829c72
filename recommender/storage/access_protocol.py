"""The storage contract's part on who may come in, and what goes out; see `storage.protocol`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.account import Grant, Outgoing, Session, Token


class AccessStore(Protocol):
    """Who may come in: tokens, one-time codes, sessions; and answers that were given before.

    Secrets come as hashes only.
    """

    def add_token(self, account_id: str, token: Token, token_hash: str) -> None:
        """Add a token; ConflictError if the account has one of this name in force."""

    def revoke_token(self, account_id: str, ref: str, now: datetime) -> Token:
        """Revoke by id or name, or TokenNotFound."""

    def tokens(self, account_id: str) -> list[Token]:
        """All tokens, oldest first."""

    def grant_of_token(self, token_hash: str, now: datetime) -> Grant | None:
        """What a token in force lets in (its use is noted to the minute), or None."""

    def put_code(
        self, account_id: str, kind: str, code_hash: str, *, now: datetime, expires_at: datetime
    ) -> None:
        """Put a one-time code of a kind; those that ran out are dropped."""

    def take_code(self, kind: str, code_hash: str, now: datetime) -> str | None:
        """The account of a code in force, or None; of two who ask, one gets it."""

    def add_session(self, account_id: str, session: Session, session_hash: str) -> None:
        """Add a session; those that ran out are dropped."""

    def grant_of_session(self, session_hash: str, now: datetime) -> Grant | None:
        """What a session in force lets in (its use is noted to the minute), or None."""

    def sessions(self, account_id: str, now: datetime) -> list[Session]:
        """Sessions in force, oldest first."""

    def end_session(self, account_id: str, session_id: str) -> None:
        """End a session, or NotFoundError."""

    def answer(self, account_id: str, key: str) -> tuple[str, str] | None:
        """(fingerprint of the request, answer) that was kept under a key, or None."""

    def put_answer(
        self,
        account_id: str,
        key: str,
        *,
        fingerprint: str,
        body: str,
        now: datetime,
        keep_from: datetime,
    ) -> None:
        """Keep an answer under a key; those from before a moment are dropped.

        ConflictError if the key holds one. Erasing a contact drops all of the account.
        """


class MailStore(Protocol):
    """The outbox of digests, what the account's feeds are read by, and what signs links.

    A digest goes from waiting to sending to sent. `claim` is the one door between those who would
    send it: whoever passes it may hand the mail over, once.
    """

    def outgoing(self, account_id: str, week: str) -> Outgoing | None:
        """A week's digest, or None."""

    def outbox(self, account_id: str, *, limit: int) -> list[Outgoing]:
        """The newest digests, newest week first."""

    def prepare(self, account_id: str, week: str, recipient: str, *, now: datetime) -> Outgoing:
        """Put a week's digest in waiting; as it is if it is there."""

    def claim(
        self,
        account_id: str,
        week: str,
        recipient: str,
        *,
        now: datetime,
        after: datetime | None = None,
    ) -> bool:
        """From waiting to sending, for this recipient; False for all but one of those who ask.

        With `after`, from whatever state was reached at that time. It is on the disk when this
        returns: what is handed over then must be known even after the power went.
        """

    def settle(self, account_id: str, week: str, *, now: datetime) -> None:
        """From sending to sent."""

    def put_back(
        self,
        account_id: str,
        week: str,
        *,
        now: datetime,
        retry_at: datetime | None,
        error: str,
        was_claimed: bool,
    ) -> None:
        """Back to waiting after an attempt of which it is certain that it failed."""

    def feed_key(self, account_id: str) -> str | None:
        """What the account's feeds are read by, or None."""

    def put_feed_key(self, account_id: str, key: str, *, now: datetime) -> None:
        """Set it, in place of the one there was."""

    def account_of_feed_key(self, key: str) -> str | None:
        """Whose feeds a key opens, or None."""

    def signing_key(self) -> str:
        """A random secret that this library keeps for life; links are signed with it."""
