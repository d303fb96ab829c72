"""Many feeds pulled at once: many hosts in parallel, the feeds of one host one by one."""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recommender_feeds import FeedError, Pull, Validators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from recommender_feeds import SourceRegistry

    from recommender.domain import Feed, Login

N_FETCHERS = 16


@dataclass(frozen=True, slots=True)
class Visit:
    """A feed that is to be pulled, and what is known of it."""

    feed: Feed
    validators: Validators


@dataclass(frozen=True, slots=True)
class Brought:
    """What a visit came to."""

    visit: Visit
    pull: Pull | FeedError


def visit_of(feed: Feed, login: Login | None) -> Visit:
    """A visit that goes on from the feed's last state."""
    headers = (login_header(login),) if login else ()
    return Visit(feed, Validators(feed.etag, feed.last_modified, feed.body_hash, headers))


def login_header(login: Login) -> tuple[str, str]:
    """The request header that shows a login."""
    if login.kind == "cookie":
        return "Cookie", login.value
    return "Authorization", "Basic " + b64encode(login.value.encode()).decode()


def pull_all(sources: SourceRegistry, visits: Sequence[Visit]) -> Iterator[Brought]:
    """Pull feeds in threads; results as they come, in no order.

    A host with many feeds is spared by the gate of the HTTP client: its feeds share a thread,
    for several would only wait for each other.
    """
    done: SimpleQueue[Brought | BaseException] = SimpleQueue()
    hosts: SimpleQueue[Sequence[Visit]] = SimpleQueue()
    for of_host in _by_host(visits):
        hosts.put(of_host)
    stop = threading.Event()
    for number in range(min(N_FETCHERS, hosts.qsize())):
        # Daemons: nobody is to wait for pulls that nobody will store, as after Ctrl-C.
        work = (sources, hosts, done, stop)
        name = f"fetch-{number}"
        threading.Thread(target=_pull_hosts, args=work, name=name, daemon=True).start()
    try:
        for _ in visits:
            brought = done.get()
            if isinstance(brought, BaseException):
                raise brought
            yield brought
    finally:
        stop.set()


def _by_host(visits: Iterable[Visit]) -> list[list[Visit]]:
    hosts: dict[str, list[Visit]] = {}
    for visit in visits:
        hosts.setdefault(urlsplit(visit.feed.url).netloc.casefold(), []).append(visit)
    return sorted(hosts.values(), key=len, reverse=True)


def _pull_hosts(
    sources: SourceRegistry,
    hosts: SimpleQueue[Sequence[Visit]],
    done: SimpleQueue[Brought | BaseException],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            visits = hosts.get_nowait()
        except Empty:
            return
        _pull_one_by_one(sources, visits, done, stop)


def _pull_one_by_one(
    sources: SourceRegistry,
    visits: Sequence[Visit],
    done: SimpleQueue[Brought | BaseException],
    stop: threading.Event,
) -> None:
    for visit in visits:
        if stop.is_set():
            return
        try:
            done.put(Brought(visit, pull_one(sources, visit)))
        except BaseException as error:  # the caller's thread raises it
            done.put(error)
            return


def pull_one(sources: SourceRegistry, visit: Visit) -> Pull | FeedError:
    """Pull one feed; what is wrong with it is an answer, too."""
    try:
        return sources.for_url(visit.feed.url).pull(visit.feed.url, visit.validators)
    except FeedError as error:
        return error
