"""Parsing in worker processes with a time and a memory limit.

A document can keep any parser busy for minutes or fill the memory (entity bombs, deep
nesting). So it is read in a child that can be killed. A question is a line of JSON and the
document, an answer is JSON, each after its length; nothing is unpickled. A worker ends when
its input closes, also if its parent was killed.

    python -m recommender_feeds.worker      the child
"""

from __future__ import annotations

import json
import os
import queue
import select
import struct
import subprocess
import sys
import time
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from recommender_feeds.errors import ParseError
from recommender_feeds.types import Entry, Page, ParsedFeed

if TYPE_CHECKING:
    from types import TracebackType

MEMORY_LIMIT_BYTES = 1024 * 2**20
TIME_LIMIT_S = 5.0
START_LIMIT_S = 60.0
"""The first document also waits for the interpreter to start."""
_LENGTH = struct.Struct(">I")


class ParserPool:
    """Reads feed documents in child processes; safe to use from several threads.

    Args:
        n_workers: How many documents are read at once.
        time_limit_s: After which a worker is killed and the document given up.
    """

    def __init__(self, n_workers: int = 2, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._time_limit_s = time_limit_s
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._n = n_workers
        for _ in range(n_workers):
            self._idle.put(None)

    def __enter__(self) -> ParserPool:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the workers."""
        self.close()

    def close(self) -> None:
        """End the workers; waits for documents under way."""
        for _ in range(self._n):
            worker = self._idle.get()
            if worker is not None:
                worker.end()

    def parse(
        self, body: bytes, url: str, content_type: str | None = None, *, keep_html: bool = False
    ) -> ParsedFeed:
        """Like `recommender_feeds.parsing.parse`, within the limits.

        Raises:
            ParseError: It is no feed, or takes too long or too much memory to read.
        """
        question = {"task": "feed", "url": url, "type": content_type, "html": keep_html}
        return _to_feed(self._ask(question, body, url))

    def read_page(self, body: bytes, url: str) -> Page:
        """Like `recommender_feeds.page.read_page`, within the limits.

        Raises:
            ParseError: There is no text in it, or it takes too long or too much memory.
        """
        return Page(*self._ask({"task": "page", "url": url}, body, url))

    def _ask(self, question: dict[str, Any], body: bytes, url: str) -> list[Any]:
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_alive():
                worker = _Worker()
            answer = worker.ask(question, body, self._time_limit_s)
        except TimeoutError as error:
            self._drop(worker)
            worker = None
            raise ParseError(
                f"{url} takes longer than {self._time_limit_s:g} s to read; it is left out", url=url
            ) from error
        except (OSError, EOFError, ValueError) as error:
            self._drop(worker)
            worker = None
            raise ParseError(f"{url} can't be read within the memory limit", url=url) from error
        finally:
            self._idle.put(worker)
        if "error" in answer:
            raise ParseError(answer["error"], url=url, reason=answer["reason"])
        row: list[Any] = answer["row"]
        return row

    @staticmethod
    def _drop(worker: _Worker | None) -> None:
        if worker is not None:
            worker.kill()


class _Worker:
    """One child process."""

    def __init__(self) -> None:
        # -P and an absolute path: the user's working directory must not provide our modules.
        home = str(Path(__file__).resolve().parent.parent)
        code = (
            f"import sys; sys.path.insert(0, {home!r}); "
            "from recommender_feeds.worker import serve; serve()"
        )
        self._process = subprocess.Popen(  # noqa: S603  (our own code, no shell)
            [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._fresh = True

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], body: bytes, limit_s: float) -> Any:  # noqa: ANN401
        assert self._process.stdin and self._process.stdout
        deadline = time.monotonic() + limit_s + (START_LIMIT_S if self._fresh else 0.0)
        _send(self._process.stdin, json.dumps(question).encode(), body)
        if self._fresh:
            # The child says a word before it begins to read, so that its start is not counted.
            _receive(self._process.stdout, deadline)
            self._fresh = False
            deadline = time.monotonic() + limit_s
        return _receive(self._process.stdout, deadline)

    def end(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # a half-sent question can't be flushed to a dead child
                    continue


def _send(pipe: IO[bytes], *parts: bytes) -> None:
    for part in parts:
        pipe.write(_LENGTH.pack(len(part)))
        pipe.write(part)
    pipe.flush()


def _receive(pipe: IO[bytes], deadline: float) -> Any:  # noqa: ANN401  (JSON)
    (length,) = _LENGTH.unpack(_read(pipe, _LENGTH.size, deadline))
    return json.loads(_read(pipe, length, deadline))


def _read(pipe: IO[bytes], n: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while n > 0:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise TimeoutError
        # Straight from the descriptor: a buffered read would wait for all of it.
        part = os.read(pipe.fileno(), min(n, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


# Rows instead of objects: half the bytes, and a quarter of the time that asdict takes.
_FEED_FIELDS = tuple(f.name for f in fields(ParsedFeed))
_ENTRY_FIELDS = tuple(f.name for f in fields(Entry))
_feed_row, _entry_row = attrgetter(*_FEED_FIELDS), attrgetter(*_ENTRY_FIELDS)


def _to_json(value: object) -> object:
    if isinstance(value, Entry):
        return _entry_row(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _to_feed(row: list[Any]) -> ParsedFeed:
    values = dict(zip(_FEED_FIELDS, row, strict=True))
    values["entries"] = tuple(_to_entry(entry) for entry in values["entries"])
    values["skip_hours"] = frozenset(values["skip_hours"])
    values["skip_days"] = frozenset(values["skip_days"])
    return ParsedFeed(**values)


def _to_entry(row: list[Any]) -> Entry:
    values = dict(zip(_ENTRY_FIELDS, row, strict=True))
    at = values["published_at"]
    values["published_at"] = None if at is None else datetime.fromtimestamp(at, UTC)
    values["tags"] = tuple(values["tags"])
    return Entry(**values)


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


def serve() -> None:
    """The child: read questions, write answers, until the input closes."""
    import signal
    import warnings

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    warnings.simplefilter("ignore")
    _limit_memory()
    from recommender_feeds import parsing  # noqa: F401  (loaded before the clock runs)

    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    first = True
    while head := stdin.read(_LENGTH.size):
        question = json.loads(stdin.read(_LENGTH.unpack(head)[0]))
        body = stdin.read(_LENGTH.unpack(stdin.read(_LENGTH.size))[0])
        if first:
            _send(stdout, b"true")
            first = False
        _send(stdout, _answer(question, body))


def _answer(question: dict[str, Any], body: bytes) -> bytes:
    url = question["url"]
    try:
        return json.dumps({"row": _row(question, body, url)}, default=_to_json).encode()
    except ParseError as error:
        return json.dumps({"error": str(error), "reason": error.reason}).encode()
    except (MemoryError, RecursionError):
        words = f"{url} can't be read within the memory limit"
        return json.dumps({"error": words, "reason": "unreadable"}).encode()


def _row(question: dict[str, Any], body: bytes, url: str) -> Any:  # noqa: ANN401
    if question["task"] == "page":
        from recommender_feeds.page import read_page

        page = read_page(body, url)
        return [page.url, page.title, page.text, page.language]
    from recommender_feeds.parsing import parse

    return _feed_row(parse(body, url, question["type"], keep_html=question["html"]))


if __name__ == "__main__":
    serve()
