"""JobLog in SQL: jobs that faces started, where every host can read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.account import Job
from recommender.storage.rows import need_time, to_text, to_time

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.storage.database import Database, Row


class SqlJobLog:
    """Jobs of all hosts; see `recommender.storage.backlog_protocol.JobLog`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, account_id: str, job: Job) -> None:
        """Put how far a job is, in place of what was known."""
        self._db.upsert(
            "face_jobs",
            {
                "account_id": account_id,
                "id": job.id,
                "kind": job.kind,
                "state": job.state,
                "stage": job.stage,
                "done": job.done,
                "total": job.total,
                "result": None if job.result is None else json.dumps(job.result),
                "error": job.error,
                "started_at": to_text(job.started_at),
                "ended_at": to_text(job.ended_at),
                "updated_at": to_text(job.heard_at or job.started_at),
            },
            pk=("account_id", "id"),
        )

    def job(self, account_id: str, job_id: str) -> Job | None:
        """A job of the account, or None."""
        row = self._db.row(
            "SELECT * FROM face_jobs WHERE account_id = ? AND id = ?", (account_id, job_id)
        )
        return _to_job(row) if row else None

    def all(self, account_id: str, *, limit: int) -> list[Job]:
        """The account's newest jobs, newest first."""
        rows = self._db.rows(
            "SELECT * FROM face_jobs WHERE account_id = ? ORDER BY started_at DESC, id DESC"
            " LIMIT ?",
            (account_id, limit),
        )
        return [_to_job(row) for row in rows]

    def forget(self, before: datetime) -> int:
        """Let go of jobs that nothing was heard of since a moment; returns how many."""
        return self._db.delete("face_jobs", "updated_at < ?", (to_text(before),))


def _to_job(row: Row) -> Job:
    return Job(
        id=row["id"],
        account_id=row["account_id"],
        kind=row["kind"],
        state=row["state"],
        started_at=need_time(row["started_at"]),
        stage=row["stage"],
        done=row["done"],
        total=row["total"],
        result=None if row["result"] is None else json.loads(row["result"]),
        error=row["error"],
        ended_at=to_time(row["ended_at"]),
        heard_at=to_time(row["updated_at"]),
    )
