"""Who may use the API: bearer tokens, each with a scope. Cookies are not looked at here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from recommender.services.access import grant_of_token
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.account import Scope

_bearer = HTTPBearer(auto_error=False, description="A token from `sawthis token create NAME`.")
_RANK: dict[Scope, int] = {"read": 0, "write": 1, "admin": 2}


def _who_may(scope: Scope) -> Callable[..., House]:
    def house_of(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> House:
        house: House = request.app.state.house
        grant = None
        if credentials is not None:
            grant = grant_of_token(house.storage, credentials.credentials, now=utc_now())
        if grant is None:
            raise HTTPException(
                401,
                "this needs a token in force: `sawthis token create NAME` makes one",
                {"WWW-Authenticate": "Bearer"},
            )
        request.state.account_id, request.state.token_id = grant.account_id, grant.id
        if _RANK[grant.scope] < _RANK[scope]:
            raise HTTPException(
                403,
                f"this token may only {grant.scope}; `sawthis token create --scope {scope} NAME` "
                "makes one that may do this",
            )
        return house.for_account(grant.account_id)

    return house_of


Reader = Annotated[House, Depends(_who_may("read"))]
"""The house as the token's account sees it, for looking."""
Writer = Annotated[House, Depends(_who_may("write"))]
"""The same, for a token that may change things."""
Admin = Annotated[House, Depends(_who_may("admin"))]
"""The same, for a token that may also hand out tokens and move or erase the account."""
