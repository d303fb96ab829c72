"""A library of several accounts that read some of the same feeds, and both ways to match it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender_models import VectorMatrix

from recommender.domain import Login
from recommender.errors import ConflictError
from recommender.services.embedding import embed_items
from recommender.services.matching import Matching
from recommender.services.range_matching import RangeMatching
from recommender.storage.sqlite import open_sqlite
from recommender.testing import NOW, WordEmbedder, make_contact, make_interest, make_item
from recommender.wiring import shipped_relevance_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.services.embedding import Background
    from recommender.storage.sqlite import SqliteStorage

ACCOUNTS = ("anna", "ben", "cleo", "dan")
N_FEEDS = 4
WORDS = ("sailing", "boats", "wind", "chess", "openings", "bread", "baking", "old", "sea", "news")


class Library:
    """A library of several accounts, and both ways to match it."""

    def __init__(self, folder: Path, background: Background) -> None:
        self.embedder = WordEmbedder()
        self.storage: SqliteStorage = open_sqlite(folder / "sawthis.db")
        mean, subjects = background.mean.tobytes(), background.subjects.tobytes()
        self.storage.vectors.put_background(self.embedder.key, mean, background.deviation, subjects)
        self.alone = Matching(
            self.storage,
            self.embedder,
            lambda holds, dim: VectorMatrix(folder / f"m{holds}", dim),
            shipped_relevance_model(),
        )
        self.together = RangeMatching(self.storage, self.alone)
        self.texts: dict[str, str] = {}
        for account in ACCOUNTS:
            self.storage.people.add_contact(account, make_contact())

    def embed(self) -> None:
        embed_items(self.storage, self.embedder)

    def subscribe(self, account: str, feed: int) -> None:
        # The last one is read with a login, and so by each account for itself.
        login = Login("basic", "a:b") if feed == N_FEEDS - 1 else None
        self.storage.feeds.subscribe(
            account, f"https://{feed}/", kind="article", title="", now=NOW, login=login
        )

    def unsubscribe(self, account: str, feed: int) -> None:
        for one in self.storage.feeds.feeds(account):
            if one.url == f"https://{feed}/":
                self.storage.feeds.unsubscribe(account, one.id)

    def add_interest(self, account: str, phrase: str, *, is_avoided: bool) -> None:
        interest = make_interest(make_contact(), phrase, polarity="avoid" if is_avoided else "like")
        with suppress(ConflictError):
            self.storage.people.add_interest(account, interest)

    def turn_round(self, account: str, at: int) -> None:
        interests = self.storage.people.interests(account)
        if interests:
            one = interests[at % len(interests)]
            turned = replace(one, polarity="like" if one.polarity == "avoid" else "avoid")
            self.storage.people.update_interest(account, turned)

    def remove_interest(self, account: str, at: int) -> None:
        interests = self.storage.people.interests(account)
        if interests:
            self.storage.people.delete_interest(account, interests[at % len(interests)].id)

    def publish(self, feed: int, text: str) -> None:
        """An item in every feed of that number, and its copy in the next."""
        for one in self.storage.feeds.subscribed_feeds():
            if one.url in {f"https://{feed}/", f"https://{feed + 1}/"}:
                key = f"https://e/{len(self.texts)}"
                item = make_item(key, title=text[:20], text=text)
                self.storage.items.put_items([item], feed_id=one.id, owner_id=one.owner_id, now=NOW)
        self.texts[f"https://e/{len(self.texts)}"] = text

    def rewrite(self, at: int, text: str) -> None:
        if not self.texts:
            return
        key = list(self.texts)[at % len(self.texts)]
        item = make_item(key, title=text[:20], text=text, content_hash=text)
        for one in self.storage.feeds.subscribed_feeds():
            row = "SELECT i.id FROM items i JOIN feed_items f ON f.item_id = i.id WHERE i.key = ?"
            rows = self.storage._db.rows(f"{row} AND f.feed_id = ?", (key, one.id))
            if rows:
                self.storage.items.put_items([item], feed_id=one.id, owner_id=one.owner_id, now=NOW)

    def save(self, account: str, text: str) -> None:
        item = make_item(f"https://own/{text}", kind="page", title=text[:20], text=text)
        self.storage.items.put_items([item], feed_id=None, owner_id=account, now=NOW)

    def rows(self) -> list[tuple[Any, ...]]:
        matches = self.storage._db.rows("SELECT * FROM matches ORDER BY 1, 2, 3, 4")
        marks = self.storage._db.rows(
            "SELECT account_id, interest_id, model_key, matched_seq FROM interest_vectors"
            " ORDER BY 1, 2"
        )
        return [tuple(row) for row in (*matches, *marks)]


@contextmanager
def libraries(background: Background, n: int) -> Iterator[list[Library]]:
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for at in range(n):
            (Path(folder) / str(at)).mkdir()
            made.append(Library(Path(folder) / str(at), background))
        try:
            yield made
        finally:
            for one in made:
                one.storage.close()
