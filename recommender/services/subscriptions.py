"""Which feeds an account reads: added, removed, moved in and out as OPML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_feeds import FeedError, Subscription, parse_opml, write_opml

from recommender.errors import FeedNotFound, IngestError, InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Feed, Kind
    from recommender.storage.protocol import Storage

MAX_OPML_BYTES = 10 * 1024 * 1024


class Subscriptions:
    """The feeds of one account."""

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def add(self, url: str, *, now: datetime, kind: Kind = "article", title: str = "") -> Feed:
        """Subscribe; the feed is read at the next refresh. Twice is the same as once.

        Raises:
            InvalidInput: Not an http or https address.
        """
        address = url.strip()
        if not address.casefold().startswith(("http://", "https://")) or any(
            c.isspace() or ord(c) < 32 for c in address
        ):
            raise InvalidInput(f"“{address[:80]}” is no http or https address")
        return self._storage.feeds.subscribe(
            self._account_id, address, kind=kind, title=title or address, now=now
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

    def import_opml(self, body: bytes, *, now: datetime) -> tuple[int, int, list[str]]:
        """Subscribe to what an OPML file lists: (added, already there, skipped with reason).

        Raises:
            IngestError: Not an OPML file.
        """
        if len(body) > MAX_OPML_BYTES:
            raise InvalidInput(f"the file is larger than {MAX_OPML_BYTES // 2**20} MB")
        try:
            listed = parse_opml(body)
        except FeedError as error:
            raise IngestError(str(error)) from error
        known = {feed.url for feed in self.all()}
        added = there = 0
        skipped: list[str] = []
        with self._storage.transaction():
            for one in listed:
                if one.url in known:
                    there += 1
                    continue
                try:
                    self.add(one.url, now=now, kind=_kind_of(one), title=one.title)
                except InvalidInput as error:
                    skipped.append(str(error))
                    continue
                known.add(one.url)
                added += 1
        return added, there, skipped

    def export_opml(self) -> bytes:
        """The account's feeds as OPML; jokes lie in a folder of that name."""
        return write_opml(
            [
                Subscription(feed.url, feed.title, ("Jokes",) if feed.kind == "joke" else ())
                for feed in self.all()
            ],
            "Sawthis",
        )


def _kind_of(subscription: Subscription) -> Kind:
    folders = {folder.casefold() for folder in subscription.folders}
    return "joke" if folders & {"jokes", "joke", "humour", "humor"} else "article"
