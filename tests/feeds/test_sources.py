"""Every source keeps the contract; the joke services are played by a server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from recommender_feeds import (
    AddressPolicy,
    FeedSource,
    FetchError,
    HttpClient,
    ParseError,
    ParserPool,
    SourceRegistry,
    Validators,
    builtin_sources,
    well_known_feeds,
)
from recommender_feeds.jokes import DadJokeSource, JokeApiSource, PyjokesSource

from recommender.testing import SourceContract
from tests.site import RSS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from recommender_feeds import Source

    from tests.site import Site


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(AddressPolicy(frozenset({"127.0.0.1"})), read_timeout_s=2) as made:
        yield made


class TestFeedSource(SourceContract):
    @pytest.fixture
    def source(self, client: HttpClient) -> Iterator[Source]:
        with ParserPool(1) as parser:
            yield FeedSource(client, parser)

    @pytest.fixture
    def url(self, site: Site) -> str:
        return site.serve_conditional("/feed", RSS, '"1"')


class TestPyjokes(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return PyjokesSource()

    @pytest.fixture
    def url(self) -> str:
        return "pyjokes:en"


def _joke_api(site: Site) -> str:
    jokes = [
        {
            "category": "Pun", "type": "twopart", "setup": "Why did the sail tear?",
            "delivery": "It was under the weather.", "id": 7, "safe": True, "lang": "en",
            "flags": {"nsfw": False, "racist": False},
        },
        {
            "category": "Misc", "type": "single", "joke": "Not for everybody.", "id": 8,
            "safe": True, "lang": "en", "flags": {"nsfw": True},
        },
        {
            "category": "Misc", "type": "single", "joke": "Not said to be safe.", "id": 9,
            "safe": False, "lang": "en", "flags": {"nsfw": False},
        },
    ]  # fmt: skip
    body = json.dumps({"error": False, "amount": 3, "jokes": jokes}).encode()
    return site.serve("/joke/Any", body, Content_Type="application/json")


class TestJokeApi(SourceContract):
    @pytest.fixture
    def source(self, client: HttpClient, site: Site) -> Source:
        return JokeApiSource(client, f"{site.base}/joke/")

    @pytest.fixture
    def url(self, site: Site) -> str:
        return _joke_api(site)

    def test_only_unflagged_jokes_are_taken_and_asked_for(
        self, source: Source, url: str, site: Site
    ) -> None:
        feed = source.pull(f"{url}?blacklistFlags=&lang=en", Validators()).feed
        assert feed is not None
        (joke,) = feed.entries
        assert joke.text == "Why did the sail tear?\n\nIt was under the weather."
        assert joke.title == "Why did the sail tear?"
        asked = urlsplit(site.requests[-1][0]).query
        assert asked.startswith("safe-mode&")
        assert parse_qs(asked)["blacklistFlags"] == [
            "nsfw,religious,political,racist,sexist,explicit"
        ]
        assert parse_qs(asked)["lang"] == ["en"]

    def test_its_errors_are_ours(self, source: Source, site: Site) -> None:
        site.serve("/joke/No", b'{"error": true, "message": "no such category"}')
        with pytest.raises(FetchError, match="no such category"):
            source.pull(f"{site.base}/joke/No", Validators())
        site.serve("/joke/Html", b"<html>")
        with pytest.raises(ParseError, match="JSON"):
            source.pull(f"{site.base}/joke/Html", Validators())


class TestDadJokes(SourceContract):
    @pytest.fixture
    def source(self, client: HttpClient, site: Site) -> Source:
        return DadJokeSource(client, f"{site.base}/")

    @pytest.fixture
    def url(self, site: Site) -> str:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            page = int(parse_qs(urlsplit(handler.path).query)["page"][0])
            jokes = [{"id": f"j{page}{n}", "joke": f"Joke {n} of page {page}."} for n in range(3)]
            body = json.dumps({"results": jokes, "total_pages": 2}).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        site.answers["/search"] = answer
        return f"{site.base}/"

    def test_each_check_reads_the_next_page(self, source: Source, url: str) -> None:
        state, seen = Validators(), []
        for _ in range(3):
            pull = source.pull(url, state)
            assert pull.feed is not None
            seen.append(pull.feed.entries[0].text)
            state = pull.validators
        assert seen == ["Joke 0 of page 1.", "Joke 0 of page 2.", "Joke 0 of page 1."]


def test_pyjokes_says_when_it_has_no_such_language() -> None:
    with pytest.raises(FetchError, match="pyjokes:en"):
        PyjokesSource().pull("pyjokes:tlh", Validators())


def test_every_feed_of_the_list_has_a_source(client: HttpClient) -> None:
    feeds = well_known_feeds()
    with ParserPool(1) as parser:
        registry = SourceRegistry(builtin_sources(client, parser))
        names = {feed.url: registry.for_url(feed.url).name for feed in feeds}
    assert len(names) == len(feeds) >= 80
    assert len({feed.subject for feed in feeds}) >= 25
    assert sum(feed.kind == "joke" for feed in feeds) >= 6
    assert {"jokeapi", "icanhazdadjoke", "pyjokes", "feed"} == set(names.values())
    assert all(feed.home.startswith("https://") for feed in feeds)
    assert {feed.rating for feed in feeds} <= {"everyone", "teen", "adult"}


def test_a_plug_in_of_another_package_is_a_source(tmp_path: Path) -> None:
    """A package beside ours, found by its entry point, feeds the pool through the command line."""
    (tmp_path / "toy_source.py").write_text(
        textwrap.dedent("""
            from recommender_feeds import Entry, ParsedFeed, Pull, Validators

            class ToySource:
                name = "toy"

                def handles(self, url):
                    return url.startswith("toy:")

                def pull(self, url, validators):
                    entry = Entry("urn:toy:1", None, "A toy joke", "A toy joke about knots.", "",
                                  None, None, (), "en")
                    feed = ParsedFeed("Toys", None, "en", (entry,), self.name, 1)
                    return Pull(feed, Validators(etag="1"), url, "parsed")
        """)
    )
    info = tmp_path / "toy_source-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-source\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sawthis.sources]\ntoy = toy_source:ToySource\n")
    code = """
import sys
from recommender_feeds import SourceRegistry, Validators, entry_point_sources, own_schemes
registry = SourceRegistry(entry_point_sources())
pull = registry.for_url("toy:box").pull("toy:box", Validators())
print(pull.feed.entries[0].title, "toy" in own_schemes())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "A toy joke True", done.stderr
