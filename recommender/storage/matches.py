"""MatchStore in SQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.domain import Candidate, Enjoys, suggestion_id
from recommender.storage.feeds import VISIBLE
from recommender.storage.items import chunks, marks
from recommender.storage.rows import need_time, to_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recommender.domain import Match
    from recommender.storage.database import Database, Row

_ACTIVE = "(SELECT value FROM settings WHERE key = 'active_model')"
PUT_MATCH = """
INSERT INTO matches (account_id, model_key, interest_id, item_id,
    contact_id, suggestion_id, relevance, cosine, margin, lexical, span)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, model_key, interest_id, item_id) DO UPDATE SET
    contact_id = excluded.contact_id, suggestion_id = excluded.suggestion_id,
    relevance = excluded.relevance, cosine = excluded.cosine, margin = excluded.margin,
    lexical = excluded.lexical, span = excluded.span
"""
_CANDIDATE = """
SELECT m.suggestion_id, m.item_id, i.key, i.kind, i.url, i.title,
       CASE i.kind WHEN 'joke' THEN i.text ELSE '' END AS text, i.author, i.feed_title,
       i.published_at, i.fetched_at, i.content_hash, i.story, i.level, i.topics, i.language,
       m.interest_id, t.phrase, t.weight,
       t.polarity, m.relevance, m.cosine, m.margin, m.lexical, m.span
FROM matches m
JOIN interests t ON t.account_id = m.account_id AND t.id = m.interest_id
JOIN items i ON i.id = m.item_id
"""


class SqlMatches:
    """Matches; see `recommender.storage.protocol.MatchStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put_matches(
        self,
        account_id: str,
        model_key: str,
        interest_id: str,
        matches: Iterable[Match],
        *,
        after_seq: int = 0,
        matched_seq: int,
        keep: int,
    ) -> None:
        """Put matches of one interest, keep its best `keep`, note how far it was matched."""
        found = list(matches)
        with self._db.transaction():
            sql = "SELECT 1 FROM interests WHERE account_id = ? AND id = ?"
            if self._db.row(sql, (account_id, interest_id)) is None:
                return  # it was removed meanwhile
            if found:
                self._put(account_id, model_key, interest_id, found)
                self._prune(account_id, model_key, interest_id, keep)
            self._db.execute(
                "UPDATE interest_vectors SET matched_seq = ? WHERE account_id = ?"
                " AND interest_id = ? AND model_key = ? AND matched_seq = ?",
                (matched_seq, account_id, interest_id, model_key, after_seq),
            )

    def _put(
        self, account_id: str, model_key: str, interest_id: str, matches: Sequence[Match]
    ) -> None:
        keys = self._visible_keys(account_id, [match.item_id for match in matches])
        self._db.execute_many(
            PUT_MATCH,
            [
                (
                    account_id,
                    model_key,
                    interest_id,
                    match.item_id,
                    match.contact_id,
                    suggestion_id(account_id, match.contact_id, keys[match.item_id]),
                    match.relevance,
                    match.cosine,
                    match.margin,
                    match.lexical,
                    match.span,
                )
                for match in matches
                if match.item_id in keys
            ],
        )

    def _visible_keys(self, account_id: str, item_ids: Sequence[int]) -> dict[int, str]:
        visible = VISIBLE.replace(":account_id", "?")
        keys: dict[int, str] = {}
        for chunk in chunks(item_ids):
            sql = f"SELECT i.id, i.key FROM items i WHERE i.id IN ({marks(chunk)}) AND {visible}"
            for row in self._db.rows(sql, (*chunk, account_id, account_id)):
                keys[row["id"]] = row["key"]
        return keys

    def _prune(self, account_id: str, model_key: str, interest_id: str, keep: int) -> None:
        where = (account_id, model_key, interest_id)
        self._db.execute(
            "DELETE FROM matches WHERE account_id = ? AND model_key = ? AND interest_id = ?"
            " AND item_id IN (SELECT m.item_id FROM matches m JOIN items i ON i.id = m.item_id"
            " WHERE m.account_id = ? AND m.model_key = ? AND m.interest_id = ?"
            " ORDER BY m.relevance DESC, i.key LIMIT 9223372036854775807 OFFSET ?)",
            (*where, *where, keep),
        )

    def visible(self, account_id: str, item_ids: Sequence[int]) -> set[int]:
        """Which of the items the account can see."""
        return set(self._visible_keys(account_id, item_ids))

    def candidates(self, account_id: str, contact_id: str, *, limit: int) -> list[Candidate]:
        """The contact's best matches under the active model, by relevance, then item key."""
        rows = self._db.rows(
            f"{_CANDIDATE} WHERE m.account_id = ? AND m.model_key = {_ACTIVE}"
            " AND m.contact_id = ? AND t.polarity = 'like'"
            " ORDER BY m.relevance DESC, i.key, m.interest_id LIMIT ?",
            (account_id, contact_id, limit),
        )
        return [_to_candidate(row) for row in rows]

    def avoided(self, account_id: str, contact_id: str, *, at_least: float) -> set[int]:
        """Items that match what the contact would rather not see."""
        rows = self._db.rows(
            "SELECT m.item_id FROM matches m JOIN interests t"
            " ON t.account_id = m.account_id AND t.id = m.interest_id"
            f" WHERE m.account_id = ? AND m.model_key = {_ACTIVE} AND m.contact_id = ?"
            " AND m.relevance >= ? AND t.polarity = 'avoid'",
            (account_id, contact_id, at_least),
        )
        return {row["item_id"] for row in rows}

    def candidate(self, account_id: str, suggestion_id: str) -> Candidate | None:
        """The best match behind a suggestion id, or None."""
        row = self._db.row(
            f"{_CANDIDATE} WHERE m.account_id = ? AND m.suggestion_id = ?"
            f" AND m.model_key = {_ACTIVE} ORDER BY m.relevance DESC, m.interest_id LIMIT 1",
            (account_id, suggestion_id),
        )
        return _to_candidate(row) if row else None

    def enjoyed_by(
        self, account_id: str, item_ids: Sequence[int], *, at_least: float
    ) -> dict[int, list[Enjoys]]:
        """Item id -> whom it would be for, best first; one interest a contact."""
        found: dict[int, list[Enjoys]] = {}
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                "SELECT m.item_id, m.contact_id, t.phrase, m.relevance"
                " FROM matches m JOIN interests t"
                " ON t.account_id = m.account_id AND t.id = m.interest_id"
                f" WHERE m.item_id IN ({marks(chunk)}) AND m.account_id = ?"
                f" AND m.model_key = {_ACTIVE} AND m.relevance >= ? AND t.polarity = 'like'"
                " ORDER BY m.relevance DESC, m.contact_id, m.interest_id",
                (*chunk, account_id, at_least),
            )
            for row in rows:
                whom = found.setdefault(row["item_id"], [])
                if all(one.contact_id != row["contact_id"] for one in whom):
                    whom.append(Enjoys(row["contact_id"], row["phrase"], row["relevance"]))
        return found

    def contact_of(self, account_id: str, suggestion_id: str) -> str | None:
        """Whose suggestion this is, from matches or history."""
        row = self._db.row(
            "SELECT contact_id FROM matches WHERE account_id = ? AND suggestion_id = ?"
            " UNION SELECT contact_id FROM status_events"
            " WHERE account_id = ? AND suggestion_id = ? LIMIT 1",
            (account_id, suggestion_id, account_id, suggestion_id),
        )
        return row["contact_id"] if row else None


def _topics(text: str) -> tuple[str, ...]:
    # Most have none, and there are hundreds to read.
    return () if text == "[]" else tuple(json.loads(text))


def _to_candidate(row: Row) -> Candidate:
    return Candidate(
        suggestion_id=row["suggestion_id"],
        item_id=row["item_id"],
        item_key=row["key"],
        kind=row["kind"],
        url=row["url"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
        feed_title=row["feed_title"],
        published_at=to_time(row["published_at"]),
        fetched_at=need_time(row["fetched_at"]),
        content_hash=row["content_hash"],
        story=row["story"],
        interest_id=row["interest_id"],
        phrase=row["phrase"],
        weight=row["weight"],
        polarity=row["polarity"],
        relevance=row["relevance"],
        cosine=row["cosine"],
        margin=row["margin"],
        lexical=row["lexical"],
        span=row["span"],
        level=row["level"],
        topics=_topics(row["topics"]),
        language=row["language"],
    )
