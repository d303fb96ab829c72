"""Tokens, pairing, logged-in browsers, and the account as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from recommender import __version__
from recommender.api import service_schemas as out
from recommender.api.guard import Admin, Reader
from recommender.api.schemas import FileBody
from recommender.errors import AccessDenied, InvalidInput, TooManyAttempts
from recommender.services import shapes
from recommender.services.access import pair as exchange
from recommender.services.transfer import read_rows, written_rows
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.api.limits import Limit

router = APIRouter()
TokenRef = Annotated[str, Path(max_length=100)]
EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")


@router.get("/tokens", operation_id="list_tokens", tags=["access"])
def list_tokens(house: Admin) -> out.TokensOut:
    """Tokens without their secrets, oldest first."""
    found = house.access.tokens()
    return out.TokensOut.model_validate({"tokens": [shapes.token_shape(one) for one in found]})


@router.post("/tokens", status_code=201, operation_id="create_token", tags=["access"])
def create_token(house: Admin, body: out.TokenIn) -> out.NewTokenOut:
    """Make a token; its secret is shown this once."""
    token, secret = house.access.create_token(
        body.name, now=utc_now(), scope=body.scope, days=body.days
    )
    return out.NewTokenOut.model_validate({**shapes.token_shape(token), "secret": secret})


@router.delete("/tokens/{token}", status_code=204, operation_id="revoke_token", tags=["access"])
def revoke_token(house: Admin, token: TokenRef) -> Response:
    """Make a token useless at once, by id or name."""
    house.access.revoke(token, now=utc_now())
    return Response(status_code=204)


@router.post("/pairing-codes", status_code=201, operation_id="new_pairing_code", tags=["access"])
def new_pairing_code(house: Admin) -> out.CodeOut:
    """A code for one device, good for five minutes."""
    code, until = house.access.new_pairing_code(now=utc_now())
    connection = f"{house.settings.origin}#{code}"
    return out.CodeOut(code=code, connection=connection, until=until)


@router.post("/pair", status_code=201, operation_id="pair", tags=["access"])
def pair(request: Request, body: out.PairIn) -> out.NewTokenOut:
    """Exchange a pairing code for a token. Only for browser extensions; needs no token."""
    # Looked at before an attempt is counted: a web page must not use them up.
    if not request.headers.get("origin", "").startswith(EXTENSIONS):
        raise AccessDenied("only a browser extension can pair")
    attempts: Limit = request.app.state.attempts
    wait = attempts.wait_s(request.client.host if request.client else "")
    if wait:
        raise TooManyAttempts("too many codes were tried; wait some minutes", wait_s=wait)
    house: House = request.app.state.house
    token, secret = exchange(house.storage, body.code, body.name, now=utc_now())
    return out.NewTokenOut.model_validate({**shapes.token_shape(token), "secret": secret})


@router.delete("/pair", status_code=204, operation_id="unpair", tags=["access"])
def unpair(request: Request, house: Reader) -> Response:
    """Revoke the token that is shown: the device is paired no more."""
    house.access.revoke(request.state.token_id, now=utc_now())
    return Response(status_code=204)


@router.get("/sessions", operation_id="list_sessions", tags=["access"])
def list_sessions(house: Admin) -> out.SessionsOut:
    """Browsers that are logged in to the pages, oldest first."""
    found = house.access.sessions(now=utc_now())
    return out.SessionsOut.model_validate({"sessions": [shapes.session_shape(s) for s in found]})


@router.delete("/sessions/{session}", status_code=204, operation_id="end_session", tags=["access"])
def end_session(house: Admin, session: TokenRef) -> Response:
    """Log a browser out."""
    house.access.end_session(session)
    return Response(status_code=204)


@router.get("/account", operation_id="get_account", tags=["account"])
def get_account(house: Reader) -> out.AccountOut:
    """Whose token this is, and what the account holds."""
    counts = house.storage.counts(house.account_id)
    return out.AccountOut(
        account=house.account_id, version=__version__, counts=out.CountsOut(**counts._asdict())
    )


@router.get(
    "/account/export",
    operation_id="export_account",
    tags=["account"],
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}}},
)
def export_account(house: Admin) -> StreamingResponse:
    """The whole account as JSON Lines: a backup. Tokens and logins are left out."""
    rows = house.storage.export_rows(house.account_id)
    return StreamingResponse(written_rows(rows), media_type="application/jsonl")


@router.post("/account/import", operation_id="import_account", tags=["account"])
def import_account(house: Admin, body: FileBody) -> out.RowsOut:
    """Read an export into an empty account, all or nothing."""
    n_rows = house.storage.import_rows(house.account_id, read_rows(body.splitlines(), "the body"))
    house.match_soon()
    return out.RowsOut(rows=n_rows)


@router.delete("/account", operation_id="erase_account", tags=["account"])
def erase_account(house: Admin, body: out.EraseIn) -> out.ErasedAccountOut:
    """Erase everything of the account for good, this token with it."""
    if body.account != house.account_id:
        raise InvalidInput(f"name the account to erase it: it is “{house.account_id}”")
    return out.ErasedAccountOut(erased=house.erase())


@router.get("/doctor", operation_id="diagnose", tags=["account"])
def diagnose(house: Reader) -> out.DiagnosisOut:
    """What is well, what is ill, and what to do about it."""
    return out.DiagnosisOut.model_validate(shapes.diagnosis_shape(house.diagnose()))
