"""Which feeds an account reads: added, removed, moved in and out as OPML."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recommender_feeds import FeedError, Subscription, parse_opml, write_opml

from recommender.errors import FeedNotFound, InvalidInput
from recommender.services.discovery import read_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Feed, FullText, Kind, Login
    from recommender.storage.protocol import Storage

MAX_FOLDERS = 32
MAX_OPML_BYTES = 10 * 1024 * 1024


class Subscriptions:
    """The feeds of one account."""

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def add(
        self,
        url: str,
        *,
        now: datetime,
        kind: Kind = "article",
        title: str = "",
        folders: Sequence[str] = (),
        login: Login | None = None,
    ) -> Feed:
        """Subscribe; the feed is read at the next refresh. Twice is the same as once.

        Args:
            url: As people type it; a user and password in it are kept as the login.
            now: Aware time.
            kind: What its entries are.
            title: Until the feed says its own.
            folders: Where it is kept, outermost first.
            login: Shown to the feed's server; the feed is then this account's own.

        Raises:
            InvalidInput: Not an http or https address.
        """
        address, in_address = read_address(url)
        if login is None and in_address is None:
            for feed in self.all():
                if feed.url == address and feed.owner_id:
                    return feed  # it is read with a login already
        return self._storage.feeds.subscribe(
            self._account_id,
            address,
            kind=kind,
            title=title or address,
            now=now,
            folders=tuple(folders)[:MAX_FOLDERS],
            login=login or in_address,
        )

    def all(self) -> list[Feed]:
        """The account's feeds, by title."""
        return self._storage.feeds.feeds(self._account_id)

    def find(self, ref: str) -> Feed:
        """A feed by id or URL, or FeedNotFound."""
        for feed in self.all():
            if ref in {str(feed.id), feed.url}:
                return feed
        raise FeedNotFound(f"no feed is called “{ref}”; `sawthis feeds list` shows them", ref=ref)

    def remove(self, feed: Feed) -> None:
        """Unsubscribe; items that came only from this feed leave the account's pool."""
        self._storage.feeds.unsubscribe(self._account_id, feed.id)

    def set_full_text(self, feed: Feed, full_text: str) -> Feed:
        """Choose whether a feed's summaries are completed: "on", "off" or "auto"."""
        chosen: dict[str, FullText] = {"on": "on", "off": "off", "auto": "auto"}
        if full_text not in chosen:
            raise InvalidInput(f"full text is on, off or auto, not “{full_text}”")
        self._storage.feeds.set_full_text(feed.id, chosen[full_text])
        return replace(feed, full_text=chosen[full_text])

    def keep_login(self, feed: Feed, login: Login, *, now: datetime) -> Feed:
        """Read a feed with a login from now on; it becomes the account's own."""
        with self._storage.transaction():
            kept = self.add(
                feed.url,
                now=now,
                kind=feed.kind,
                title=feed.title,
                folders=feed.folders,
                login=login,
            )
            if kept.id != feed.id:
                self.remove(feed)
        return kept

    def import_opml(self, body: bytes, *, now: datetime) -> tuple[int, int, list[str]]:
        """Subscribe to what an OPML file lists: (added, already there, skipped with reason).

        Raises:
            InvalidInput: Not an OPML file.
        """
        if len(body) > MAX_OPML_BYTES:
            raise InvalidInput(f"the file is larger than {MAX_OPML_BYTES // 2**20} MB")
        try:
            listed = parse_opml(body)
        except FeedError as error:
            raise InvalidInput(str(error)) from error
        known = {feed.url for feed in self.all()}
        added = there = 0
        skipped: list[str] = []
        with self._storage.transaction():
            for one in listed:
                try:
                    address, login = read_address(one.url)
                    if address in known:
                        there += 1
                        continue
                    self._storage.feeds.subscribe(
                        self._account_id,
                        address,
                        kind=_kind_of(one),
                        title=one.title or address,
                        now=now,
                        folders=one.folders[:MAX_FOLDERS],
                        login=login,
                    )
                except InvalidInput as error:
                    skipped.append(str(error))
                    continue
                known.add(address)
                added += 1
        return added, there, skipped

    def export_opml(self) -> bytes:
        """The account's feeds as OPML, in their folders; jokes without one lie in “Jokes”."""
        return write_opml(
            [Subscription(feed.url, feed.title, _folders_of(feed)) for feed in self.all()],
            "Sawthis",
        )


def _folders_of(feed: Feed) -> tuple[str, ...]:
    if feed.folders or feed.kind != "joke":
        return feed.folders
    return ("Jokes",)


def _kind_of(subscription: Subscription) -> Kind:
    folders = {folder.casefold() for folder in subscription.folders}
    return "joke" if folders & {"jokes", "joke", "humour", "humor"} else "article"
