"""Bearer tokens: 256 random bits, shown once, kept as a SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from recommender.domain import Token
from recommender.services.checking import new_id, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.storage.protocol import Storage

PREFIX = "sawthis_"


def hash_token(secret: str) -> str:
    """What is stored of a token. A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    storage: Storage, account_id: str, name: str, *, now: datetime
) -> tuple[Token, str]:
    """A new token and its secret, which is never to be had again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(new_id(), one_line(name, what="the name", limit=80), now, None, None)
    storage.history.add_token(account_id, token, hash_token(secret))
    return token, secret
