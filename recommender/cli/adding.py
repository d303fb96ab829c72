"""`sawthis feeds add`, `browse` and `login`: new feeds, and the keys to private ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, heading, note, safe, say, table
from recommender.domain import Login
from recommender.errors import IngestError, InvalidInput
from recommender.rhythm import ago
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Feed, Kind
    from recommender.services.discovery import Offer
    from recommender.wiring import House


def add(
    url: Annotated[
        str,
        typer.Argument(
            help="A feed, or the page of a site, a YouTube channel, a GitHub repository, a "
            "subreddit, a Mastodon profile, a Substack."
        ),
    ],
    jokes: Annotated[bool, typer.Option("--jokes", help="Its items are jokes.")] = False,
    folder: Annotated[
        list[str] | None, typer.Option("--folder", help="Where to keep it; again for one within.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask: take the first that is found.")
    ] = False,
    login: Annotated[
        bool, typer.Option("--login", help="Ask for user:password, or read it from stdin.")
    ] = False,
    cookie: Annotated[
        bool, typer.Option("--cookie", help="Ask for a Cookie header, or read it from stdin.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Look at it before it is added.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Find the feed behind an address, show its last items, and add it."""
    from recommender_feeds import same_origin

    from recommender.services.discovery import read_address

    house = open_house()
    address, in_address = read_address(url)
    secret = _ask_login(login=login, cookie=cookie) or in_address
    title, kind = "", _kind(address, jokes=jokes)
    if check:
        offer = _find(house, address, secret, yes=yes, as_json=as_json)
        if secret and not same_origin(offer.url, address):
            note("That feed lies on another host, which is not shown the login.")
            secret = None
        address, title = offer.url, offer.title
    feed = house.subscriptions.add(
        address, now=utc_now(), kind=kind, title=title, folders=folder or (), login=secret
    )
    if as_json:
        emit_json(shapes.feed_shape(feed))
    else:
        say(f"“{feed.title}” is added; `sawthis refresh` reads it.")


def _kind(address: str, *, jokes: bool) -> Kind:
    from recommender_feeds import well_known_feeds

    known = {feed.url: feed.kind for feed in well_known_feeds()}
    is_joke = jokes or known.get(address) == "joke"
    return "joke" if is_joke else "article"


def _ask_login(*, login: bool, cookie: bool) -> Login | None:
    if not login and not cookie:
        return None
    words = "Cookie header" if cookie else "user:password"
    if sys.stdin.isatty():
        value = str(typer.prompt(words, hide_input=True, err=True))
    else:
        value = sys.stdin.readline().strip()
    if not value or any(ord(c) < 32 for c in value) or (login and ":" not in value):
        raise InvalidInput(f"that is no {words}")
    return Login("cookie" if cookie else "basic", value)


def _find(house: House, address: str, secret: Login | None, *, yes: bool, as_json: bool) -> Offer:
    from recommender.services.discovery import find_offers

    with house.sources() as sources, house.http_client() as client:
        offers = find_offers(sources, client, address, secret)
    if not as_json:
        for number, offer in enumerate(offers, start=1):
            _show(offer, number if len(offers) > 1 else None)
    if len(offers) == 1 or yes:
        return offers[0]
    return offers[_ask_which(offers, as_json=as_json)]


def _ask_which(offers: Sequence[Offer], *, as_json: bool) -> int:
    if as_json or not sys.stdin.isatty():
        listed = ", ".join(offer.url for offer in offers)
        raise IngestError(
            f"there are {len(offers)} feeds: give the address of one, or --yes for the first "
            f"({safe(listed)})"
        )
    while True:
        answer = str(typer.prompt("Which one?", default="1", err=True))
        if answer.isdecimal() and 1 <= int(answer) <= len(offers):
            return int(answer) - 1
        note(f"A number from 1 to {len(offers)}.")


def _show(offer: Offer, number: int | None) -> None:
    heading(f"{number}. {offer.title}" if number else offer.title or offer.url)
    note(f"   {offer.url}")
    now = utc_now()
    for entry in offer.latest:
        when = f" ({ago(entry.published_at, now)})" if entry.published_at else ""
        note(f"   · {entry.title}{when}")


def browse(
    words: Annotated[
        list[str] | None, typer.Argument(help="Only feeds whose subject or title has them.")
    ] = None,
    jokes: Annotated[bool, typer.Option("--jokes", help="Only jokes and comics.")] = False,
    language: Annotated[str, typer.Option(help="Only in this language, as en or de.")] = "",
    as_json: Json = False,
) -> None:
    """Choose from a list of well-known feeds."""
    from recommender_feeds import well_known_feeds

    wanted = " ".join(words or []).casefold()
    found = [
        feed
        for feed in well_known_feeds()
        if wanted in f"{feed.subject} {feed.title}".casefold()
        and (not jokes or feed.kind == "joke")
        and (not language or feed.language == language.casefold())
    ]
    if as_json:
        emit_json(
            [
                {
                    "url": feed.url, "title": feed.title, "home": feed.home,
                    "subject": feed.subject, "kind": feed.kind, "language": feed.language,
                    "rating": feed.rating,
                }
                for feed in found
            ]
        )  # fmt: skip
        return
    if not found:
        note(f"Nothing in the list is about “{wanted}”; `sawthis feeds browse` shows all of it.")
        return
    table(
        ["subject", "title", "kind", "language", "for", "url"],
        [(f.subject, f.title, f.kind, f.language, f.rating, f.url) for f in found],
    )
    note("`sawthis feeds add URL` adds one.")


def login(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="Id or URL.")],
    cookie: Annotated[bool, typer.Option("--cookie", help="A Cookie header instead.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a login for a feed: asked for, or read from stdin as user:password.

    The feed becomes this account's own: nobody else sees what it brings.
    """
    house = open_house()
    found: Feed = house.subscriptions.find(feed)
    secret = _ask_login(login=not cookie, cookie=cookie)
    assert secret is not None
    kept = house.subscriptions.keep_login(found, secret, now=utc_now())
    if as_json:
        emit_json(shapes.feed_shape(kept))
    else:
        say(f"The login for “{kept.title}” is kept; `sawthis refresh` uses it.")
