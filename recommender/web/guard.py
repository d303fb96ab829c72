"""Who may use the pages: this machine, and only what its own pages send.

A stand-in until pages have a login: a browser on this machine could be made to send a form by any
page it shows, so a form must come from a page of ours, as the browser itself says.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request

if TYPE_CHECKING:
    from recommender.wiring import House


def house_here(request: Request) -> House:
    """The house, for whoever sits at this machine; else 403."""
    client = request.client.host if request.client else ""
    try:
        is_here = ip_address(client).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise HTTPException(403, "this page is only for the machine Sawthis runs on")
    house: House = request.app.state.house
    return house


def house_for_form(request: Request) -> House:
    """The house, for a form that one of our own pages sent; else 403."""
    house = house_here(request)
    origin = request.headers.get("origin", "")
    is_ours = origin == f"http://{request.headers.get('host', '')}"
    if not is_ours or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, "this form was not sent by a page of Sawthis")
    return house
