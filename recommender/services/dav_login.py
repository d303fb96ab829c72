"""A user name and a password, shown the way a server wants them: Basic, or Digest if it asks."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


class DavLogin:
    """True if there is a user name; it is never printed."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._digest: httpx.DigestAuth | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self._user)

    def sign(self, request: httpx.Request) -> None:
        """Put the login into a request."""
        if self._digest is not None:
            next(self._digest.auth_flow(request))
        elif self._user:
            # At once: some servers answer a stranger politely, and with nothing.
            pair = f"{self._user}:{self._password}".encode()
            request.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"

    def takes_challenge(self, request: httpx.Request, answer: httpx.Response) -> bool:
        """Sign anew if the server wants Digest (RFC 7616): whether to send the request again.

        Raises:
            ValueError: The challenge can't be met.
        """
        import httpx

        challenges = answer.headers.get_list("www-authenticate")
        is_asked = any(one.casefold().startswith("digest ") for one in challenges)
        if answer.status_code != 401 or not self._user or not is_asked:
            return False
        self._digest = self._digest or httpx.DigestAuth(self._user, self._password)
        flow = self._digest.auth_flow(request)
        next(flow)
        try:
            flow.send(answer)
        except (KeyError, NotImplementedError) as error:
            raise ValueError("the server wants a kind of login that is unknown here") from error
        return True
