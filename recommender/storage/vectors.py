"""VectorStore in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.storage.items import chunks, marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.storage.database import Database


class SqlVectors:
    """Vectors; see `recommender.storage.protocol.VectorStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put_item_vectors(self, model_key: str, vectors: Mapping[int, bytes]) -> None:
        """Put vectors of items; items that vanished meanwhile are left out."""
        with self._db.transaction():
            # Whoever has read up to a number must have seen all below it: numbers are given out
            # by one writer after the other, as they become visible.
            self._db.lock("vectors")
            for chunk in chunks(list(vectors)):
                # Made of a text that was rewritten before they were put.
                self._db.execute(
                    f"DELETE FROM matches WHERE model_key = ? AND item_id IN ({marks(chunk)})"
                    " AND NOT EXISTS (SELECT 1 FROM item_vectors v WHERE"
                    " v.item_id = matches.item_id AND v.model_key = matches.model_key)",
                    (model_key, *chunk),
                )
            self._db.execute_many(
                "INSERT INTO item_vectors (model_key, item_id, vector)"
                " SELECT ?, id, ? FROM items WHERE id = ?"
                " ON CONFLICT (item_id, model_key) DO NOTHING",
                [(model_key, vector, item_id) for item_id, vector in vectors.items()],
            )

    def item_vectors_after(
        self, model_key: str, seq: int, *, limit: int
    ) -> list[tuple[int, int, bytes]]:
        """(seq, item_id, vector) with a higher sequence number, in its order."""
        rows = self._db.rows(
            "SELECT seq, item_id, vector FROM item_vectors WHERE model_key = ? AND seq > ?"
            " ORDER BY seq LIMIT ?",
            (model_key, seq, limit),
        )
        return [(row["seq"], row["item_id"], row["vector"]) for row in rows]

    def item_vectors(self, model_key: str, item_ids: Sequence[int]) -> dict[int, bytes]:
        """Item id -> vector, for those that have one."""
        found: dict[int, bytes] = {}
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                "SELECT item_id, vector FROM item_vectors"
                f" WHERE model_key = ? AND item_id IN ({marks(chunk)})",
                (model_key, *chunk),
            )
            found.update({row["item_id"]: row["vector"] for row in rows})
        return found

    def item_ids_by_seq(self, model_key: str, seqs: Sequence[int]) -> dict[int, int]:
        """Seq -> item id for the vectors that are still current."""
        found: dict[int, int] = {}
        for chunk in chunks(seqs):
            rows = self._db.rows(
                f"SELECT seq, item_id FROM item_vectors WHERE seq IN ({marks(chunk)})"
                " AND model_key = ?",
                (*chunk, model_key),
            )
            found.update({row["seq"]: row["item_id"] for row in rows})
        return found

    def last_seq(self, model_key: str) -> int:
        """The highest sequence number in use, 0 when there is none."""
        row = self._db.row("SELECT max(seq) FROM item_vectors WHERE model_key = ?", (model_key,))
        return int(row[0] or 0) if row else 0

    def put_interest_vector(
        self, account_id: str, interest_id: str, model_key: str, vector: bytes
    ) -> None:
        """Put an interest's vector; what it was matched with is forgotten."""
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO interest_vectors"
                " (account_id, interest_id, model_key, vector, matched_seq) VALUES (?, ?, ?, ?, 0)"
                " ON CONFLICT (account_id, interest_id, model_key)"
                " DO UPDATE SET vector = excluded.vector, matched_seq = 0",
                (account_id, interest_id, model_key, vector),
            )
            self._db.execute(
                "DELETE FROM matches WHERE account_id = ? AND interest_id = ? AND model_key = ?",
                (account_id, interest_id, model_key),
            )

    def interest_vectors(self, account_id: str, model_key: str) -> dict[str, tuple[bytes, int]]:
        """Interest id -> (vector, sequence number up to which it has been matched)."""
        rows = self._db.rows(
            "SELECT interest_id, vector, matched_seq FROM interest_vectors"
            " WHERE account_id = ? AND model_key = ?",
            (account_id, model_key),
        )
        return {row["interest_id"]: (row["vector"], row["matched_seq"]) for row in rows}

    def background(self, model_key: str) -> tuple[bytes, float, bytes] | None:
        """The model's (mean vector, deviation of unrelated cosines, subject vectors), or None."""
        sql = "SELECT mean, deviation, subjects FROM backgrounds WHERE model_key = ?"
        row = self._db.row(sql, (model_key,))
        return (row["mean"], row["deviation"], row["subjects"]) if row else None

    def mean(self, model_key: str) -> bytes | None:
        """The model's mean vector alone, or None."""
        row = self._db.row("SELECT mean FROM backgrounds WHERE model_key = ?", (model_key,))
        return row["mean"] if row else None

    def put_background(
        self, model_key: str, mean: bytes, deviation: float, subjects: bytes
    ) -> None:
        """Put the model's background."""
        row = {"model_key": model_key, "mean": mean, "deviation": deviation, "subjects": subjects}
        self._db.upsert("backgrounds", row, pk="model_key")

    def active_model(self) -> str | None:
        """The model key whose matches are served."""
        row = self._db.row("SELECT value FROM settings WHERE key = 'active_model'")
        return row["value"] if row else None

    def activate_model(self, model_key: str) -> None:
        """Serve this model's matches and drop what other models left."""
        if self.active_model() == model_key:
            return
        with self._db.transaction():
            self._db.upsert("settings", {"key": "active_model", "value": model_key}, pk="key")
            for table in ("item_vectors", "interest_vectors", "matches"):
                self._db.delete(table, "model_key <> ?", (model_key,))
