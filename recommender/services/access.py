"""Who may come in: tokens for programs, codes that pair a device, links that log a browser in.

Every secret is shown once and kept as a SHA-256. A plain hash is enough for 256 random bits; a
pairing code has forty, and holds for five minutes, once, with few attempts (see the API's gate).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.account import SCOPES, Session, Token
from recommender.errors import AccessDenied, InvalidInput
from recommender.services.checking import new_id, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.account import Grant, Scope
    from recommender.storage.protocol import Storage

PREFIX = "sawthis_"
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without I, L, O, 0 and 1, which are read for each other."""
CODE_LENGTH = 8
PAIRING_FOR = timedelta(minutes=5)
LOGIN_FOR = timedelta(minutes=15)
SESSION_FOR = timedelta(days=30)
MAX_DAYS = 3650


def hash_secret(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Access:
    """The secrets of one account.

    Args:
        storage: The library.
        account_id: Whose.
    """

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def create_token(
        self, name: str, *, now: datetime, scope: Scope = "write", days: int | None = None
    ) -> tuple[Token, str]:
        """A new token and its secret, which is never to be had again.

        Args:
            name: What it is for.
            now: Aware time.
            scope: read, write or admin.
            days: After how many it runs out; never if not said.

        Raises:
            InvalidInput: A value can't be used.
            ConflictError: A token of this name is in force.
        """
        if scope not in SCOPES:
            raise InvalidInput(f"a scope is one of {', '.join(SCOPES)}, not “{scope}”")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise InvalidInput(f"a token holds for 1 to {MAX_DAYS} days, not {days}")
        expires_at = now + timedelta(days=days) if days else None
        secret = PREFIX + secrets.token_urlsafe(32)
        name = one_line(name, what="the name", limit=80)
        token = Token(new_id(), name, scope, now, expires_at, None, None)
        self._storage.access.add_token(self._account_id, token, hash_secret(secret))
        return token, secret

    def tokens(self) -> list[Token]:
        """All tokens, oldest first, the revoked ones too."""
        return self._storage.access.tokens(self._account_id)

    def revoke(self, ref: str, *, now: datetime) -> Token:
        """Make a token useless at once, by id or name; TokenNotFound if none is in force."""
        return self._storage.access.revoke_token(self._account_id, ref, now)

    def new_pairing_code(self, *, now: datetime) -> tuple[str, datetime]:
        """A code such as ABCD-EFGH that one device can exchange for a token, and until when."""
        letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        until = now + PAIRING_FOR
        self._storage.access.put_code(
            self._account_id, "pair", hash_secret(letters), now=now, expires_at=until
        )
        return f"{letters[:4]}-{letters[4:]}", until

    def new_login_code(self, *, now: datetime) -> str:
        """A secret that logs one browser in, within a quarter of an hour."""
        code = secrets.token_urlsafe(32)
        self._storage.access.put_code(
            self._account_id, "login", hash_secret(code), now=now, expires_at=now + LOGIN_FOR
        )
        return code

    def sessions(self, *, now: datetime) -> list[Session]:
        """Browsers that are logged in, oldest first."""
        return self._storage.access.sessions(self._account_id, now)

    def end_session(self, session_id: str) -> None:
        """Log a browser out, or NotFoundError."""
        self._storage.access.end_session(self._account_id, session_id)


def grant_of_token(storage: Storage, secret: str, *, now: datetime) -> Grant | None:
    """What a bearer token lets in, or None."""
    return storage.access.grant_of_token(hash_secret(secret), now)


def grant_of_session(storage: Storage, secret: str, *, now: datetime) -> Grant | None:
    """What a browser's cookie lets in, or None."""
    return storage.access.grant_of_session(hash_secret(secret), now)


def pair(storage: Storage, code: str, name: str, *, now: datetime) -> tuple[Token, str]:
    """Exchange a pairing code for a token that may read and write.

    Raises:
        AccessDenied: No such code is in force.
        InvalidInput: The name can't be used.
    """
    name = one_line(name, what="the name", limit=60)
    letters = "".join(letter for letter in code.upper() if letter in CODE_ALPHABET)
    account_id = storage.access.take_code("pair", hash_secret(letters), now)
    if account_id is None:
        raise AccessDenied("that code is not in force: it holds once, for five minutes")
    access = Access(storage, account_id)
    taken = {token.name for token in access.tokens() if token.revoked_at is None}
    free, n = name, 2
    while free in taken:
        free, n = f"{name} {n}", n + 1
    return access.create_token(free, now=now)


def log_in(storage: Storage, code: str, *, now: datetime) -> tuple[Session, str]:
    """Exchange a login code for a session and the secret of its cookie.

    Raises:
        AccessDenied: No such code is in force.
    """
    account_id = storage.access.take_code("login", hash_secret(code), now)
    if account_id is None:
        raise AccessDenied("that link is used up or too old: `sawthis login` prints another")
    secret = secrets.token_urlsafe(32)
    session = Session(new_id(), now, now, now + SESSION_FOR)
    storage.access.add_session(account_id, session, hash_secret(secret))
    return session, secret
