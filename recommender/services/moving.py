"""A whole library to another engine: copied, compared row by row, and only then complete.

How far it got is noted at the target together with every page, so that a move that was killed
goes on there. What differs in the end, because the library was changed meanwhile, is told; the
next run then compares all of it and changes what differs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recommender.errors import ConflictError, StorageError
from recommender.services.progress import silent
from recommender.storage.moving import MOVING, State, compare, pages, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recommender.services.progress import Progress
    from recommender.storage.moving import Difference, Reader, Side, Table

N_TOLD = 20
"""So many differences are told one by one."""
REPAIR_ROWS = 500
TOLD_ROWS = 1000


@dataclass(slots=True)
class TableReport:
    """What became of a table in this run."""

    copied: int = 0
    changed: int = 0
    removed: int = 0
    verified: int = 0


@dataclass(slots=True)
class MoveReport:
    """What a move came to."""

    source: str
    target: str
    is_complete: bool = False
    is_resumed: bool = False
    """Whether an earlier run had begun it."""
    was_complete: bool = False
    """Whether there was nothing left to do but to compare."""
    was_changed: bool = False
    """Whether somebody is known to have written to the source while it was compared."""
    tables: dict[str, TableReport] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    """The first of them."""
    n_differences: int = 0
    n_cleaned: int = 0
    """Texts that held NUL, which the target does without."""
    moving_s: float = 0.0
    verifying_s: float = 0.0

    @property
    def n_moved(self) -> int:
        """Rows that were written or removed."""
        return sum(one.copied + one.changed + one.removed for one in self.tables.values())

    @property
    def n_verified(self) -> int:
        """Rows that are the same on both sides."""
        return sum(one.verified for one in self.tables.values())


class Move:
    """One library on its way from a side to the other.

    Args:
        source: Where it is; it stays as it is.
        target: Where it goes: empty, or an earlier run's.
        progress: Is told how far it is.

    Raises:
        ConflictError: The target holds something else.
        StorageError: The two can't hold the same.
    """

    def __init__(self, source: Side, target: Side, progress: Progress = silent) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._tables = plan(source, target)
        self._report = MoveReport(
            source.name, target.name, tables={table.name: TableReport() for table in self._tables}
        )

    def run(self) -> MoveReport:
        """Copy or repair, compare, and complete it if all is the same."""
        report, began = self._report, time.monotonic()
        state = self._begin()
        report.was_complete = state is None
        try:
            if state is not None:
                with self._source.reading() as reader:
                    self._fill(state, reader)
            report.moving_s = time.monotonic() - began
            self._verify()
            report.verifying_s = time.monotonic() - began - report.moving_s
        except StorageError as error:
            raise StorageError(f"the move is not complete, run it again ({error})") from error
        return report

    def _begin(self) -> State | None:
        """How far it is; None if it was complete before."""
        source, target = self._source, self._target
        if source.setting(MOVING) is not None:
            raise ConflictError(
                f"{source.name} is not complete itself: first end the `sawthis migrate` to it"
            )
        library_id = source.setting("library_id") or ""
        if (note := target.setting(MOVING)) is not None:
            state = State.from_text(note)
            if state.library_id != library_id:
                raise ConflictError(
                    f"{target.name} holds a part of another library, whose move was not ended"
                )
            self._report.is_resumed = True
            return state
        if self._is_empty():
            state = State(library_id)
            target.put_setting(MOVING, state.to_text())
            return state
        if target.setting("library_id") == library_id:
            return None
        raise ConflictError(f"{target.name} holds another library: move to an empty one")

    def _is_empty(self) -> bool:
        with self._target.reading() as reader:
            # A new library has a name and nothing else.
            return not any(next(reader.rows(table), None) for table in self._tables[:-1])

    def _fill(self, state: State, reader: Reader) -> None:
        is_copied = state.stage == "copy" and self._copy(state, reader)
        self._target.put_setting(MOVING, State(state.library_id, "compare").to_text())
        # After a copy only the settings are left, of which the target has some of its own.
        tables = self._tables[-1:] if is_copied else self._tables
        progress = silent if is_copied else self._progress
        steps = _Steps(progress, "rows compared", sum(map(reader.count, tables)))
        for table in tables:
            self._repair(table, reader, steps)
        steps.end()

    def _copy(self, state: State, reader: Reader) -> bool:
        """Copy all but the settings; False if what comes does not go with what is there."""
        names = [table.name for table in self._tables]
        start = names.index(state.table) if state.table in names else 0
        left = [
            (table, state.after if table.name == state.table else None)
            for table in self._tables[start:-1]
        ]
        steps = _Steps(self._progress, "rows copied", sum(reader.count(*one) for one in left))
        try:
            for table, after in left:
                for page in pages(reader.rows(table, after)):
                    note = State(state.library_id, "copy", table.name, table.key_of(page[-1]))
                    with self._target.transaction():
                        n_copied = self._target.insert(table, page)
                        self._target.put_setting(MOVING, note.to_text())
                    self._report.tables[table.name].copied += n_copied
                    steps.advance(len(page))
        except ConflictError:
            return False  # an earlier run copied what has changed since: all is compared
        steps.end()
        return True

    def _repair(self, table: Table, reader: Reader, steps: _Steps) -> None:
        """Make a table of the target what the source has; those above it are so already."""
        report, target = self._report.tables[table.name], self._target
        is_same = True
        with target.reading() as there:
            for found in _batches(compare(table, reader.rows(table), there.rows(table)), steps):
                is_same = False
                target.delete(table, [one.key for one in found if one.is_in_the_way])
                report.copied += sum(one.kind == "missing" for one in found)
                report.changed += sum(one.kind == "changed" for one in found)
                report.removed += sum(one.kind == "extra" for one in found)
        if is_same:
            return
        try:
            with target.reading() as there:
                for found in _batches(compare(table, reader.rows(table), there.rows(table))):
                    missing = [one.row for one in found if one.kind == "missing" and one.row]
                    changed = [one.row for one in found if one.kind == "changed" and one.row]
                    with target.transaction():
                        target.insert(table, missing)
                        target.update(table, changed)
        except ConflictError as error:
            raise StorageError(
                f"{target.name} can't hold a row of “{table.name}” ({error.__cause__ or error})"
            ) from error

    def _verify(self) -> None:
        """Compare with what the library is by now, and complete the move if it is the same."""
        report = self._report
        with self._source.reading() as here, self._target.reading() as there:
            self._compare(here, there)
            report.n_cleaned = here.n_cleaned
            counters = here.counters()
            report.was_changed = not here.is_current()
        report.is_complete = report.n_differences == 0 and not report.was_changed
        if report.is_complete and not report.was_complete:
            self._target.finish(counters)

    def _compare(self, here: Reader, there: Reader) -> None:
        report = self._report
        steps = _Steps(self._progress, "rows verified", sum(map(here.count, self._tables)))
        for table in self._tables:
            one = report.tables[table.name]
            for difference in compare(table, here.rows(table), there.rows(table)):
                steps.advance()
                if difference is None:
                    one.verified += 1
                    continue
                report.n_differences += 1
                if len(report.differences) < N_TOLD:
                    report.differences.append(difference)
        steps.end()


class _Steps:
    """Tells now and then how far something is."""

    def __init__(self, progress: Progress, stage: str, total: int) -> None:
        self._progress = progress
        self._stage = stage
        self._total = total
        self._done = 0
        self._told = 0

    def advance(self, n_steps: int = 1) -> None:
        """So many more are done."""
        self._done += n_steps
        if self._done - self._told >= TOLD_ROWS:
            self._told = self._done
            # What was written meanwhile does not count among those to be done.
            self._progress(self._stage, min(self._done, self._total), self._total)

    def end(self) -> None:
        """All are done."""
        self._progress(self._stage, self._total, self._total)


def _batches(
    found: Iterable[Difference | None], steps: _Steps | None = None
) -> Iterator[list[Difference]]:
    """Those that differ, a few at a time."""
    batch: list[Difference] = []
    for one in found:
        if steps is not None:
            steps.advance()
        if one is not None:
            batch.append(one)
        if len(batch) == REPAIR_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
