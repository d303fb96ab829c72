"""The queue as faces and chores see it: put, ask, retry. Synchronous, from any thread.

procrastinate's tables are asked directly where its functions give no answer: how many of many
wishes are new, what is under way, what was given up and why.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, LiteralString

from procrastinate import SyncPsycopgConnector

from recommender.cluster.connecting import CONNECTION, POOL_WAIT_S, translated
from recommender.cluster.schema import ensure_schema
from recommender.errors import JobNotFound
from recommender.services.queueing import UPKEEP, Census, FailedJob, QueueCount, QueuedJob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

STALLED_S = 45.0
"""A worker that was not heard of for so long is gone."""
MAX_CONNECTIONS = 4
KEEP_DONE_HOURS = 24
KEEP_FAILED_HOURS = 30 * 24
REMOVE_OLD = "procrastinate.builtin_tasks.remove_old_jobs"
"""Its alias: its name grows with every App that a process makes."""
# Unlike procrastinate's own way to defer many, which fails as a whole for one that waits already.
_PUT: LiteralString = """
WITH put AS (
    INSERT INTO procrastinate_jobs
        (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
    SELECT queue, name, priority, lock, queueing_lock, arguments, %(at)s
    FROM ROWS FROM (jsonb_to_recordset(%(jobs)s::jsonb) AS (queue TEXT, name TEXT,
        priority INTEGER, lock TEXT, queueing_lock TEXT, arguments JSONB))
        WITH ORDINALITY AS job (queue, name, priority, lock, queueing_lock, arguments, n)
    ORDER BY n
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
    RETURNING id
) SELECT count(*) AS n FROM put
"""
_UNDER_WAY: LiteralString = """
SELECT DISTINCT coalesce(queueing_lock, task_name) AS name FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') AND task_name = ANY(%(names)s)
    AND (status = 'doing' OR scheduled_at IS NULL OR scheduled_at <= now())
"""
_BUSY: LiteralString = """
SELECT EXISTS (SELECT 1 FROM procrastinate_jobs
    WHERE status IN ('todo', 'doing') AND queue_name = ANY(%(queues)s)
    AND (status = 'doing' OR scheduled_at IS NULL
        OR scheduled_at <= now() + make_interval(secs => %(soon_s)s))) AS is_busy
"""
_FAILED: LiteralString = """
SELECT job.id, task_name, args, attempts, trouble.error,
    (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'failed') AS at
FROM procrastinate_jobs AS job LEFT JOIN LATERAL (
    SELECT error FROM job_troubles WHERE job_id = job.id ORDER BY id DESC LIMIT 1
) AS trouble ON true
WHERE status = 'failed' ORDER BY job.id DESC LIMIT %(limit)s
"""
_RETRY: LiteralString = """
WITH gone AS (
    DELETE FROM procrastinate_jobs WHERE id = %(id)s AND status = 'failed'
    RETURNING queue_name, task_name, priority, lock, queueing_lock, args
), put AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
    SELECT * FROM gone ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
) SELECT count(*) AS n FROM gone
"""
_QUEUES: LiteralString = """
SELECT queue_name AS name,
    count(*) FILTER (WHERE status = 'todo' AND is_ready) AS waiting,
    count(*) FILTER (WHERE status = 'todo' AND NOT is_ready) AS later,
    count(*) FILTER (WHERE status = 'doing') AS running,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    min(since) FILTER (WHERE status = 'todo' AND is_ready) AS oldest_at
FROM (
    SELECT queue_name, status, scheduled_at IS NULL OR scheduled_at <= now() AS is_ready,
        coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events
            WHERE job_id = job.id AND type = 'deferred')) AS since
    FROM procrastinate_jobs AS job WHERE status IN ('todo', 'doing', 'failed')
) AS job
GROUP BY queue_name ORDER BY queue_name
"""
_WORKERS: LiteralString = """
SELECT (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat >= alive_since) AS workers,
    (SELECT count(*) FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker
        ON worker.id = job.worker_id WHERE job.status = 'doing'
        AND (worker.id IS NULL OR worker.last_heartbeat < alive_since)) AS stalled,
    (SELECT count(*) FROM job_troubles
        WHERE kind = 'rescued' AND at > now() - interval '1 day') AS rescued
FROM (SELECT now() - make_interval(secs => %(stalled_s)s) AS alive_since) AS moment
"""
_NOTE: LiteralString = """
INSERT INTO job_troubles (job_id, kind, error) SELECT id, %(kind)s, %(error)s
FROM procrastinate_jobs WHERE id = %(id)s
"""


class ProcrastinateQueue:
    """`recommender.services.queueing.JobQueue` on PostgreSQL.

    The tables are made when it is first used.

    Args:
        url: The database.
        stalled_s: After so long without a sign of life a worker counts as gone.
    """

    def __init__(self, url: str, *, stalled_s: float = STALLED_S) -> None:
        self._url = url
        self._stalled_s = stalled_s
        self._opening = threading.Lock()
        self._open: SyncPsycopgConnector | None = None

    @property
    def _connector(self) -> SyncPsycopgConnector:
        with self._opening:
            if self._open is None:
                ensure_schema(self._url)
                made = SyncPsycopgConnector(
                    conninfo=self._url,
                    kwargs=CONNECTION,
                    min_size=0,
                    max_size=MAX_CONNECTIONS,
                    timeout=POOL_WAIT_S,
                )
                made.open()
                self._open = made
            return self._open

    def _rows(self, query: LiteralString, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        with translated():
            return self._connector.execute_query_all(query, **values)

    def put(self, jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        """Let workers do jobs; see `JobQueue.put`."""
        rows = [_row(job) for job in jobs]
        if not rows:
            return 0
        return int(self._rows(_PUT, jobs=json.dumps(rows), at=not_before)[0]["n"])

    def under_way(self, names: Collection[str]) -> set[str]:
        """Jobs of these names that run, or could."""
        return {row["name"] for row in self._rows(_UNDER_WAY, names=list(names))}

    def is_busy(self, queues: Collection[str], soon_s: float) -> bool:
        """Whether any job of these queues runs, or could within some seconds."""
        found = self._rows(_BUSY, queues=list(queues), soon_s=soon_s)
        return bool(found[0]["is_busy"])

    def failed(self, limit: int) -> list[FailedJob]:
        """Jobs that were given up, newest first."""
        return [
            FailedJob(
                row["id"],
                row["task_name"],
                row["args"],
                row["attempts"],
                row["error"] or "",
                row["at"],
            )
            for row in self._rows(_FAILED, limit=limit)
        ]

    def retry(self, job_id: int) -> None:
        """Put a job that was given up again, or JobNotFound.

        It gets a new id; where the same wish waits already, that one is enough.
        """
        if not self._rows(_RETRY, id=job_id)[0]["n"]:
            raise JobNotFound(f"no job with the id {job_id} was given up", ref=str(job_id))

    def census(self) -> Census:
        """How long the queues are, and who works on them."""
        people = self._rows(_WORKERS, stalled_s=self._stalled_s)[0]
        return Census([QueueCount(**row) for row in self._rows(_QUEUES)], **people)

    def note(self, job_id: int, kind: str, error: str) -> None:
        """Keep what went wrong with a job, for `doctor`."""
        with translated():
            self._connector.execute_query(_NOTE, id=job_id, kind=kind, error=error)

    def tidy(self) -> None:
        """Let procrastinate remove what was done a day ago, and what was given up a month ago."""
        for hours, failed in ((KEEP_DONE_HOURS, False), (KEEP_FAILED_HOURS, True)):
            lock = f"tidy:{'failed' if failed else 'done'}"
            arguments = {"max_hours": hours, "remove_failed": failed}
            self.put([QueuedJob(REMOVE_OLD, UPKEEP, arguments, lock, lock)])

    def close(self) -> None:
        """Close its connections."""
        with self._opening:
            if self._open is not None:
                self._open.close()
                self._open = None


def _row(job: QueuedJob) -> dict[str, object]:
    return {
        "queue": job.queue,
        "name": job.name,
        "priority": job.priority,
        "lock": job.lock,
        "queueing_lock": job.queueing_lock,
        "arguments": dict(job.arguments),
    }
