"""`/login` and `/logout`: a one-time link into a session, and out of it again.

The link only shows a button: what looks ahead at links (mail programs, previews) must not use it
up. The button's form takes the code, and the answer sets the cookie.
"""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from recommender.errors import AccessDenied
from recommender.services.access import log_in
from recommender.web.forms import Fields
from recommender.web.guard import clear_cookie, house_for_form, need_own_origin, set_cookie
from recommender.web.rendering import page
from recommender.web.route import page_router
from recommender.wiring import utc_now

router = page_router()


@router.get("/login")
def ask(code: str = "") -> Response:
    """How to log in; with a code, the button that does it."""
    return page("login.html", code=code[:200], error="")


@router.post("/login")
def use(request: Request, form: Fields) -> Response:
    """Use the code up and log this browser in."""
    need_own_origin(request)
    caller = request.client.host if request.client else ""
    if request.app.state.attempts.wait_s(caller):
        error = "That was tried too often; wait some minutes."
        return page("login.html", status=429, code="", error=error)
    house = request.app.state.house
    try:
        _, secret = log_in(house.storage, form.line("code"), now=utc_now())
    except AccessDenied as error:
        return page("login.html", status=403, code="", error=str(error))
    answer = RedirectResponse("/", status_code=303)
    set_cookie(request, answer, secret)
    return answer


@router.post("/logout")
def end(request: Request) -> Response:
    """End this browser's session."""
    house = house_for_form(request)
    house.access.end_session(request.state.session_id)
    answer = RedirectResponse("/login", status_code=303)
    clear_cookie(request, answer)
    return answer
