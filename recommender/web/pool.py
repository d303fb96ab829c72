"""`/pool`: what could be sent, whom it would be for, pages of one's own, and what is muted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from recommender.domain import KINDS, suggestion_id
from recommender.services.browsing import browse
from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.account import MuteKind
    from recommender.domain import Contact, Item
    from recommender.services.browsing import Shown

router = page_router()
PER_PAGE = 30
FANS = 4


class Fan(NamedTuple):
    """Somebody an item would be for."""

    contact: Contact
    phrase: str
    suggestion_id: str


class Row(NamedTuple):
    """An item with whom it would be for."""

    item: Item
    fans: tuple[Fan, ...]
    n_more: int
    is_own: bool
    is_muted: bool


@router.get("/pool", response_class=HTMLResponse)
def pool(request: Request, q: str = "", kind: str = "", before: int | None = None) -> HTMLResponse:
    """Items, newest first, a page at a time."""
    house = house_here(request)
    wanted = next((known for known in KINDS if known == kind), None)
    found = browse(
        house.storage,
        house.account_id,
        threshold=house.threshold,
        now=utc_now(),
        kind=wanted,
        search=q.strip()[:200],
        before_id=before,
        limit=PER_PAGE + 1,
    )
    rows = [_row(house, shown) for shown in found[:PER_PAGE]]
    older = {"q": q, "kind": kind, "before": rows[-1].item.id if rows else 0}
    return page(
        "pool.html",
        request=request,
        rows=rows,
        q=q.strip()[:200],
        kind=wanted or "",
        kinds=[("", "Everything"), ("article", "Articles"), ("joke", "Jokes"), ("page", "Saved")],
        here=f"/pool?{request.url.query}" if request.url.query else "/pool",
        is_first=before is None,
        older=f"/pool?{urlencode(older)}" if len(found) > PER_PAGE else "",
        mutes=house.mutes.all(),
        n_items=house.storage.counts(house.account_id).items,
    )


def _row(house: House, shown: Shown) -> Row:
    fans = tuple(
        Fan(
            fan.contact,
            fan.phrase,
            suggestion_id(house.account_id, fan.contact.id, shown.item.key),
        )
        for fan in shown.people
    )
    return Row(shown.item, fans[:FANS], max(0, len(fans) - FANS), shown.is_own, shown.is_muted)


@router.post("/pool")
def save(request: Request, fields: Fields) -> Response:
    """Put a page into the pool by its address, and tell whom it would be for."""
    house, now = house_for_form(request), utc_now()
    url = fields.line("url")
    if url and "://" not in url:
        url = f"https://{url}"
    item, is_new = house.saver.save(url, now=now)
    (shown,) = browse(
        house.storage, house.account_id, threshold=house.threshold, now=now,
        before_id=item.id + 1, limit=1,
    ) or (None,)  # fmt: skip
    fans = shown.people if shown is not None and shown.item.id == item.id else ()
    listed = ", ".join(fan.contact.first_name for fan in fans[:3])
    said = f"\u201c{item.title}\u201d is {'saved' if is_new else 'in the pool already'}."
    said += f" For {listed}." if listed else " It is for nobody yet."
    return redirect("/pool", said)


@router.post("/pool/{item_id}/remove")
def remove(request: Request, item_id: int) -> Response:
    """Take a saved page out again."""
    house = house_for_form(request)
    item = house.storage.items.item(house.account_id, item_id)
    house.saver.remove(item_id)
    return redirect("/pool", f"\u201c{item.title}\u201d is out of the pool.")


@router.post("/pool/mute")
def mute(request: Request, fields: Fields) -> Response:
    """Suggest nothing of a source, or about a topic, to anybody."""
    house = house_for_form(request)
    kind: MuteKind = fields.line("kind")  # type: ignore[assignment]  # checked by the service
    muted = house.mutes.add(kind, fields.line("value"), now=utc_now())
    undo = Undo("/pool/unmute", {"kind": muted.kind, "value": muted.value, "back": fields.back})
    return redirect(_place(fields.back), f"Muted: {muted.value}.", undo=undo)


@router.post("/pool/unmute")
def unmute(request: Request, fields: Fields) -> Response:
    """Take a mute back."""
    house = house_for_form(request)
    kind: MuteKind = fields.line("kind")  # type: ignore[assignment]  # one that is not there is told
    house.mutes.remove(kind, fields.line("value"))
    return redirect(_place(fields.back), f"No longer muted: {fields.line('value')}.")


def _place(back: str) -> str:
    return back if back != "/" else "/pool"
