"""AccessStore in SQL: tokens, one-time codes, sessions, and answers given before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.account import Grant, Session, Token
from recommender.errors import ConflictError, NotFoundError, TokenNotFound
from recommender.storage.people import put_account
from recommender.storage.rows import need_time, to_text, to_time

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.storage.database import Database, Row


class SqlAccess:
    """Who may come in; see `recommender.storage.protocol.AccessStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add_token(self, account_id: str, token: Token, token_hash: str) -> None:
        """Add a token; ConflictError if one of this name is in force."""
        with self._db.transaction():
            put_account(self._db, account_id, token.created_at.isoformat())
            if any(t.name == token.name and not t.revoked_at for t in self.tokens(account_id)):
                raise ConflictError(
                    f"a token named “{token.name}” is in force; revoke it or choose another name"
                )
            self._db.insert(
                "tokens",
                {
                    "account_id": account_id,
                    "id": token.id,
                    "name": token.name,
                    "scope": token.scope,
                    "hash": token_hash,
                    "created_at": to_text(token.created_at),
                    "expires_at": to_text(token.expires_at),
                    "last_used_at": to_text(token.last_used_at),
                    "revoked_at": to_text(token.revoked_at),
                },
            )

    def revoke_token(self, account_id: str, ref: str, now: datetime) -> Token:
        """Revoke by id or name."""
        with self._db.transaction():
            row = self._db.row(
                "SELECT * FROM tokens WHERE account_id = ? AND revoked_at IS NULL"
                " AND (id = ? OR name = ?)",
                (account_id, ref, ref),
            )
            if row is None:
                raise TokenNotFound(f"no token in force is called {ref}", ref=ref)
            self._db.execute(
                "UPDATE tokens SET revoked_at = ? WHERE account_id = ? AND id = ?",
                (to_text(now), account_id, row["id"]),
            )
            return next(token for token in self.tokens(account_id) if token.id == row["id"])

    def tokens(self, account_id: str) -> list[Token]:
        """All tokens, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM tokens WHERE account_id = ? ORDER BY created_at, id", (account_id,)
        )
        return [_to_token(row) for row in rows]

    def grant_of_token(self, token_hash: str, now: datetime) -> Grant | None:
        """What a token in force lets in; its use is noted to the minute."""
        row = self._db.row(
            "SELECT account_id, id, scope, last_used_at FROM tokens WHERE hash = ?"
            " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
            (token_hash, to_text(now)),
        )
        if row is None:
            return None
        self._note_use("tokens", row, now)
        return Grant(row["account_id"], row["id"], row["scope"])

    def _note_use(self, table: str, row: Row, now: datetime) -> None:
        # To the minute: a write for every call would cost more than the call. And only if it can
        # be had: a refresh may be writing, and a full disk is no reason to show nothing.
        stamp = to_text(now.replace(second=0, microsecond=0))
        if row["last_used_at"] != stamp:
            self._db.execute_if_free(
                f"UPDATE {table} SET last_used_at = ? WHERE account_id = ? AND id = ?",
                (stamp, row["account_id"], row["id"]),
            )

    def put_code(
        self, account_id: str, kind: str, code_hash: str, *, now: datetime, expires_at: datetime
    ) -> None:
        """Put a one-time code; those that ran out are dropped."""
        with self._db.transaction():
            put_account(self._db, account_id, now.isoformat())
            self._db.execute("DELETE FROM one_time_codes WHERE expires_at <= ?", (to_text(now),))
            self._db.execute(
                "INSERT INTO one_time_codes (hash, account_id, kind, expires_at)"
                " VALUES (?, ?, ?, ?)",
                (code_hash, account_id, kind, to_text(expires_at)),
            )

    def take_code(self, kind: str, code_hash: str, now: datetime) -> str | None:
        """The account of a code in force, which is used up with it."""
        with self._db.transaction():
            row = self._db.row(
                "SELECT account_id, expires_at > ? AS holds FROM one_time_codes"
                " WHERE hash = ? AND kind = ?",
                (to_text(now), code_hash, kind),
            )
            if row is None:
                return None
            self._db.execute("DELETE FROM one_time_codes WHERE hash = ?", (code_hash,))
            account_id: str = row["account_id"]
            return account_id if row["holds"] else None

    def add_session(self, account_id: str, session: Session, session_hash: str) -> None:
        """Add a session; those that ran out are dropped."""
        with self._db.transaction():
            self._db.execute(
                "DELETE FROM sessions WHERE expires_at <= ?", (to_text(session.created_at),)
            )
            self._db.execute(
                "INSERT INTO sessions (account_id, id, hash, created_at, last_used_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    account_id,
                    session.id,
                    session_hash,
                    to_text(session.created_at),
                    to_text(session.last_used_at),
                    to_text(session.expires_at),
                ),
            )

    def grant_of_session(self, session_hash: str, now: datetime) -> Grant | None:
        """What a session in force lets in; its use is noted to the minute."""
        row = self._db.row(
            "SELECT account_id, id, last_used_at FROM sessions WHERE hash = ? AND expires_at > ?",
            (session_hash, to_text(now)),
        )
        if row is None:
            return None
        self._note_use("sessions", row, now)
        return Grant(row["account_id"], row["id"], "admin")

    def sessions(self, account_id: str, now: datetime) -> list[Session]:
        """Sessions in force, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM sessions WHERE account_id = ? AND expires_at > ?"
            " ORDER BY created_at, id",
            (account_id, to_text(now)),
        )
        return [_to_session(row) for row in rows]

    def end_session(self, account_id: str, session_id: str) -> None:
        """End a session, or NotFoundError."""
        where = (account_id, session_id)
        if not self._db.execute("DELETE FROM sessions WHERE account_id = ? AND id = ?", where):
            raise NotFoundError(f"no browser is logged in as {session_id}", ref=session_id)

    def answer(self, account_id: str, key: str) -> tuple[str, str] | None:
        """(fingerprint of the request, answer) that was kept under a key, or None."""
        row = self._db.row(
            "SELECT fingerprint, body FROM answers WHERE account_id = ? AND key = ?",
            (account_id, key),
        )
        return (row["fingerprint"], row["body"]) if row else None

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
        """Keep an answer under a key; those from before a moment are dropped."""
        with self._db.transaction():
            self._db.execute("DELETE FROM answers WHERE at < ?", (to_text(keep_from),))
            self._db.execute(
                "INSERT INTO answers (account_id, key, fingerprint, body, at)"
                " VALUES (?, ?, ?, ?, ?)",
                (account_id, key, fingerprint, body, to_text(now)),
            )


def _to_token(row: Row) -> Token:
    """A row as a token."""
    return Token(
        id=row["id"],
        name=row["name"],
        scope=row["scope"],
        created_at=need_time(row["created_at"]),
        expires_at=to_time(row["expires_at"]),
        last_used_at=to_time(row["last_used_at"]),
        revoked_at=to_time(row["revoked_at"]),
    )


def _to_session(row: Row) -> Session:
    """A row as a session."""
    return Session(
        id=row["id"],
        created_at=need_time(row["created_at"]),
        last_used_at=need_time(row["last_used_at"]),
        expires_at=need_time(row["expires_at"]),
    )
