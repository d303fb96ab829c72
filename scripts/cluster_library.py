"""A large library on a PostgreSQL server, made for measuring; for bench_cluster.py.

Rows are put by COPY, as no application would, for they are many. Everything is chosen by numbers
that are the same each time.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recommender.services.embedding import Background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import psycopg
    from cluster_server import Server
    from numpy.typing import NDArray
    from recommender_models import Embedder

    Connection = psycopg.Connection[tuple[Any, ...]]
    Vectors = NDArray[np.float32]

MODELS = Path(tempfile.gettempdir()) / "sawthis-train"
"""Where the compiled model is kept between benches."""
NOW = "2026-03-02T08:30:00+00:00"
LATER = "2999-01-01T00:00:00+00:00"
NOISE = 0.02
"""Of each number of a vector: cosine 0.93 to what it was made from."""
VECTORS_AT_ONCE = 20_000

# What the library is made of.


@dataclass(frozen=True, slots=True)
class Size:
    """How large a library is."""

    accounts: int
    items: int
    """New ones, which nobody has met."""
    interests: int = 3
    """Of each contact."""
    contacts: int = 20
    feeds: int = 2000
    subscriptions: int = 30
    """Of an account, on average; five at least."""
    bringing: int = 150
    """Feeds that have something new."""
    kept: int = 0
    """Matches that each interest has from before, with older items."""

    @property
    def interests_each(self) -> int:
        """Interests of an account."""
        return self.contacts * self.interests


@dataclass(frozen=True, slots=True)
class Material:
    """Texts and phrases with their vectors, embedded once."""

    embedder: Embedder
    background: Background
    phrases: Sequence[str]
    phrase_vectors: Vectors
    texts: Sequence[tuple[str, str]]
    item_vectors: Vectors


def material(n_items: int, n_phrases: int) -> Material:
    """Phrases from the subjects of all kinds, alone and by twos, and texts of the demo retold."""
    from recommender_models import all_subjects, load_embedder

    from recommender.services.embedding import embed_phrases, item_text, measure_background

    embedder = load_embedder("default", MODELS, n_threads=1)
    subjects = list(all_subjects())
    rng = random.Random(1)
    pairs = [" and ".join(rng.sample(subjects, 2)) for _ in range(n_phrases)]
    phrases = list(dict.fromkeys([*subjects[: n_phrases * 2 // 3], *pairs]))[:n_phrases]
    texts = list(told(n_items))

    def background() -> list[Vectors]:
        made = measure_background(embedder)
        return [made.mean, np.array(made.deviation), made.subjects]

    mean, deviation, around = _kept(f"{embedder.key} background {subjects}", background)
    (phrase_vectors,) = _kept(
        f"{embedder.key} {phrases}", lambda: [embed_phrases(embedder, phrases)]
    )
    (item_vectors,) = _kept(
        f"{embedder.key} {texts}", lambda: [embedder.embed([item_text(*one) for one in texts])]
    )
    known = Background(mean, float(deviation), around)
    return Material(embedder, known, phrases, phrase_vectors, texts, item_vectors)


def _kept(name: str, make: Callable[[], list[Vectors]]) -> list[Vectors]:
    """What takes a minute to embed, made once for many benches."""
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()
    file = MODELS / f"bench-{digest}.npz"
    if not file.exists():
        np.savez(file, *make())
    with np.load(file) as found:
        return [found[f"arr_{n}"] for n in range(len(found.files))]


def told(n: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """(title, text) of n articles: sentences of two of the demo's, in another order."""
    from recommender.demo import demo_feeds
    from recommender.words import sentences

    rng = random.Random(seed)
    articles = [a for feed in demo_feeds() if feed.kind == "article" for a in feed.articles]
    for _ in range(n):
        two = rng.sample(articles, 2)
        parts = [a.text[start:end] for a in two for start, end in sentences(a.text)]
        yield f"{two[0].title}, and {two[1].subject}", " ".join(rng.sample(parts, len(parts)))


def account_id(n: int) -> str:
    """The n-th account."""
    return f"a{n:06}"


def contact_id(account: int, contact: int) -> str:
    """The id of an account's contact, as long as they are."""
    return md5(f"{account} {contact}".encode(), usedforsecurity=False).hexdigest()[:16]


def interest_id(account: int, n: int) -> str:
    """The id of an account's interest, as long as they are."""
    return md5(f"{account}:{n}".encode(), usedforsecurity=False).hexdigest()[:16]


def feeds_of(size: Size) -> list[NDArray[np.int64]]:
    """For each account the feeds it subscribes to: by Zipf's law, feed 1 is the most popular."""
    rng = np.random.default_rng(2)
    log_weights = -np.log(np.arange(1, size.feeds + 1))
    found = []
    for _ in range(size.accounts):
        n = int(np.clip(rng.lognormal(np.log(size.subscriptions) - 0.18, 0.6), 5, 300))
        # The n greatest of these are n draws without putting back (Gumbel).
        keys = log_weights + rng.gumbel(size=size.feeds)
        found.append(np.sort(np.argpartition(keys, -n)[-n:]) + 1)
    return found


def feed_of_item(size: Size, item: int) -> int:
    """The feed of a new item: feeds of all degrees of popularity, evenly."""
    place = item % size.bringing
    return int((place + 0.5) * size.feeds / size.bringing) + 1


# Into the database.


@dataclass(frozen=True, slots=True)
class Made:
    """What was put."""

    subscribed_items: int
    """Sum over accounts of the new items they can see."""
    subscriptions: int
    load_s: float

    def pairs(self, size: Size) -> int:
        """Pairs of an interest and a new item that its account can see."""
        return self.subscribed_items * size.interests_each


def fill(server: Server, database: str, size: Size, stuff: Material) -> Made:
    """Make a database with a library of this size."""
    from recommender.storage.postgres import open_postgres

    began = time.perf_counter()
    storage = open_postgres(server.create(database))
    about = stuff.background
    storage.vectors.put_background(
        stuff.embedder.key,
        about.mean.astype("<f4").tobytes(),
        about.deviation,
        about.subjects.astype("<f4").tobytes(),
    )
    storage.vectors.activate_model(stuff.embedder.key)
    storage.close()
    feeds = feeds_of(size)
    with server.superuser(database) as db:
        # No foreign key is looked up for rows that are known to be right.
        db.execute("SET session_replication_role = replica")
        _fill_pool(db, size, stuff)
        _fill_people(db, size, stuff, feeds)
        if size.kept:
            _fill_matches(db, size, stuff)
        db.execute("RESET session_replication_role")
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")
    a_feed = np.bincount([feed_of_item(size, n) for n in range(size.items)])
    a_feed.resize(size.feeds + 1)
    return Made(
        int(sum(a_feed[of].sum() for of in feeds)),
        sum(len(of) for of in feeds),
        time.perf_counter() - began,
    )


def copy(
    db: Connection,
    table: str,
    columns: str,
    rows: Iterable[Sequence[object]],
    same: Mapping[str, str] | None = None,
) -> None:
    """Put rows.

    Args:
        db: Of a superuser.
        table: Where.
        columns: "id:int8 url …": text, where no type is said.
        rows: Their values.
        same: Columns of text that are the same in all rows.
    """
    same = same or {}
    named = [name.partition(":")[::2] for name in [*columns.split(), *same]]
    names = ", ".join(name for name, _ in named)
    values = tuple(same.values())
    with (
        db.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as into,
    ):
        into.set_types([kind or "text" for _, kind in named])
        for row in rows:
            into.write_row((*row, *values))


def _n_old(size: Size) -> int:
    """Older items, which only what was matched before refers to."""
    return 5 * size.feeds if size.kept else 0


def _items(size: Size, stuff: Material) -> Iterator[tuple[int, int, tuple[str, str], Vectors]]:
    """(item, feed, text, vector): the older ones first, then those that nobody has met."""
    n_old, rng = _n_old(size), np.random.default_rng(3)
    for n in range(n_old):
        at = n % len(stuff.texts)
        vector = scattered(stuff.item_vectors[at : at + 1], rng)[0]
        yield n + 1, n % size.feeds + 1, stuff.texts[at], vector
    for n in range(size.items):
        at = n % len(stuff.texts)
        yield n_old + n + 1, feed_of_item(size, n), stuff.texts[at], stuff.item_vectors[at]


def scattered(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    """Unit vectors near some others."""
    moved = vectors + rng.standard_normal(vectors.shape, dtype=np.float32) * NOISE
    unit: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype("<f4")
    return unit


def _hash(n: int) -> str:
    return md5(str(n).encode(), usedforsecurity=False).hexdigest()


def _fill_pool(db: Connection, size: Size, stuff: Material) -> None:
    """Feeds, and items with vectors."""
    copy(
        db,
        "feeds",
        "id:int8 url title",
        (
            (n, f"https://www.example-{n}.com/feed.xml", f"Feed {n}")
            for n in range(1, size.feeds + 1)
        ),
        {"kind": "article", "checked_at": NOW, "next_check_at": LATER},
    )
    items = list(_items(size, stuff))
    copy(
        db,
        "items",
        "id:int8 feed_id:int8 key url title content_hash feed_title text story",
        (
            (item, feed, url, url, title, mark, f"Feed {feed}", text, mark[:16])
            for item, feed, (title, text), _ in items
            for mark in [_hash(item)]
            for url in [f"https://www.example-{feed}.com/2026/03/02/{item}-{mark[:20]}"]
        ),
        {
            **{"kind": "article", "language": "en", "tags": "[]", "level": "clean"},
            **{"published_at": NOW, "fetched_at": NOW},
        },
    )
    copy(
        db,
        "feed_items",
        "item_id:int8 feed_id:int8 content_hash",
        ((item, feed, _hash(item)) for item, feed, _, _ in items),
    )
    copy(
        db,
        "item_vectors",
        "seq:int8 item_id:int8 vector:bytea",
        ((item, item, vector.tobytes()) for item, _, _, vector in items),
        {"model_key": stuff.embedder.key},
    )
    for table, column in (("feeds", "id"), ("items", "id"), ("item_vectors", "seq")):
        db.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608
            f"(SELECT max({column}) FROM {table}))".encode()
        )


def _fill_people(
    db: Connection, size: Size, stuff: Material, feeds: Sequence[NDArray[np.int64]]
) -> None:
    """Accounts with contacts, interests, their vectors, and subscriptions."""
    everybody = range(size.accounts)
    copy(db, "accounts", "id", ((account_id(a),) for a in everybody), {"created_at": NOW})
    copy(
        db,
        "contacts",
        "account_id id slug name emails",
        (
            (account_id(a), contact_id(a, c), f"contact-{c}", f"Contact {c}", f'["{c}@e.example"]')
            for a in everybody
            for c in range(size.contacts)
        ),
        {
            **{"employer": "", "notes": "", "own_sites": "[]", "humour": "none"},
            **{"state": "active", "created_at": NOW, "updated_at": NOW},
        },
    )
    copy(
        db,
        "subscriptions",
        "account_id feed_id:int8",
        ((account_id(a), int(feed)) for a, some in enumerate(feeds) for feed in some),
        {"created_at": NOW},
    )
    copy(
        db,
        "interests",
        "account_id id contact_id phrase weight:float8",
        (
            (account_id(a), interest_id(a, n), contact_id(a, n // size.interests), phrase, 1.0)
            for a in everybody
            for n in range(size.interests_each)
            for phrase in [stuff.phrases[_phrase(size, stuff, a, n)]]
        ),
        {"polarity": "like", "origin": "stated", "created_at": NOW},
    )
    copy(
        db,
        "interest_vectors",
        "account_id interest_id vector:bytea matched_seq:int8",
        (
            (account_id(a), interest_id(a, n), vector.tobytes(), _n_old(size))
            for a, n, vector in _interest_vectors(size, stuff)
        ),
        {"model_key": stuff.embedder.key},
    )


def _phrase(size: Size, stuff: Material, account: int, n: int) -> int:
    """The phrase of an account's interest: another for each of a contact's."""
    contact, which = divmod(n, size.interests)
    first = account * 7919 + contact * 104_729
    return (first + which * 131) % len(stuff.phrases)


def _interest_vectors(size: Size, stuff: Material) -> Iterator[tuple[int, int, Vectors]]:
    rng = np.random.default_rng(4)
    at_once = max(1, VECTORS_AT_ONCE // size.interests_each)
    for start in range(0, size.accounts, at_once):
        some = [
            (a, n)
            for a in range(start, min(start + at_once, size.accounts))
            for n in range(size.interests_each)
        ]
        phrases = [_phrase(size, stuff, a, n) for a, n in some]
        vectors = scattered(stuff.phrase_vectors[phrases], rng)
        yield from ((a, n, vector) for (a, n), vector in zip(some, vectors, strict=True))


def _fill_matches(db: Connection, size: Size, stuff: Material) -> None:
    """What interests have kept of older items, as after some months."""
    db.execute("SELECT setseed(0.5)")
    db.execute(
        "INSERT INTO matches (account_id, model_key, interest_id, item_id, contact_id,"
        " suggestion_id, relevance, cosine, lexical, margin, span)"
        " SELECT t.account_id, %s, t.id, seen.item_id, t.contact_id,"
        " left(md5(t.contact_id || seen.item_id), 11), 0.02 + 0.9 * power(random(), 4),"
        " 0.2345, 0.1234, 1.2345, left(i.text, 110)"
        " FROM interests t CROSS JOIN LATERAL (SELECT fi.item_id FROM subscriptions s"
        " JOIN feed_items fi ON fi.feed_id = s.feed_id WHERE s.account_id = t.account_id"
        " AND fi.item_id <= %s ORDER BY md5(t.id || fi.item_id) LIMIT %s) seen"
        " JOIN items i ON i.id = seen.item_id",
        (stuff.embedder.key, _n_old(size), size.kept),
    )
