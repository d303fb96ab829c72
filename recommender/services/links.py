"""Links in a mail that act for its reader: signed, for a week, and shown before they do anything.

A link holds what it is for, so nothing is stored for it; without the library's key nobody can make
one. What may be done by one is little: open the prepared note of one suggestion and say what came
of it; or end the digest.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from recommender.errors import AccessDenied

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer

    from recommender.storage.protocol import Storage

LINKS_FOR = timedelta(days=7)
MAX_TOKEN_CHARACTERS = 1000


class Errand(NamedTuple):
    """What a link is for."""

    account_id: str
    suggestion_id: str


class Links:
    """Addresses for one account's mail.

    Args:
        storage: The library, whose key signs.
        account_id: Whose.
        origin: By which browsers reach the service.
        now: From when they hold.
    """

    def __init__(self, storage: Storage, account_id: str, origin: str, *, now: datetime) -> None:
        self._account_id = account_id
        self._origin = origin
        self._until = int((now + LINKS_FOR).timestamp())
        self._errands = _signer(storage, "errand")
        self._ends = _signer(storage, "end")

    def errand(self, suggestion_id: str) -> str:
        """A page with the prepared note that asks what came of it; holds for a week."""
        token = self._errands.dumps([self._account_id, suggestion_id, self._until])
        return f"{self._origin}/go/{_text(token)}"

    def end(self) -> str:
        """A page that asks whether to end the digest; holds for good, as it must (RFC 8058)."""
        return f"{self._origin}/stop/{_text(self._ends.dumps([self._account_id]))}"


def errand_of(storage: Storage, token: str, *, now: datetime) -> Errand:
    """What a link is for.

    Raises:
        AccessDenied: It is not ours, or has run out.
    """
    account_id, suggestion_id, until = _opened(_signer(storage, "errand"), token, 3)
    if datetime.fromtimestamp(until, UTC) <= now:
        raise AccessDenied("that link has run out: links in a digest hold for a week")
    return Errand(account_id, suggestion_id)


def end_of(storage: Storage, token: str) -> str:
    """Whose digest a link ends, or AccessDenied."""
    (account_id,) = _opened(_signer(storage, "end"), token, 1)
    return str(account_id)


def _signer(storage: Storage, purpose: str) -> URLSafeSerializer:
    from itsdangerous import URLSafeSerializer

    return URLSafeSerializer(
        storage.mail.signing_key(),
        salt=f"sawthis digest {purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _opened(signer: URLSafeSerializer, token: str, n_parts: int) -> list[Any]:
    from itsdangerous import BadData

    try:
        parts = signer.loads(token[:MAX_TOKEN_CHARACTERS])
    except BadData as error:
        raise AccessDenied("that link is not whole; copy all of it out of the mail") from error
    assert isinstance(parts, list) and len(parts) == n_parts, "signed by us"
    return parts


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode("ascii")
