"""Jokes from places that are no feeds: JokeAPI, icanhazdadjoke, and the pyjokes package.

Each check brings a handful; those known already change nothing. Where a service says that a
joke is not safe for everybody, it is left out.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from recommender_feeds.errors import FetchError, ParseError
from recommender_feeds.text import label, tidy
from recommender_feeds.types import Entry, ParsedFeed, Pull, Validators

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommender_feeds.http import HttpClient

JOKE_API = "https://v2.jokeapi.dev/joke/"
DAD_JOKES = "https://icanhazdadjoke.com/"
N_JOKES = 10
DAY_S = 86400.0
UNSAFE = "nsfw,religious,political,racist,sexist,explicit"


def _joke(id: str, text: str, url: str | None, tags: Iterable[str], language: str) -> Entry:
    body = tidy(text)
    return Entry(
        id=id,
        url=url,
        title=label(body.splitlines()[0] if body else ""),
        text=body,
        html="",
        published_at=None,
        author=None,
        tags=tuple(tag for tag in tags if tag),
        language=language,
    )


def _feed(title: str, site: str, entries: list[Entry], reader: str) -> ParsedFeed:
    kept = [entry for entry in entries if entry.text]
    return ParsedFeed(title, site, "en", tuple(kept), reader, len(kept))


def _json(client: HttpClient, url: str) -> dict[str, Any]:
    answer = client.get(url, accept="application/json")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{url} does not answer with JSON", url=url) from error
    if not isinstance(found, dict):
        raise ParseError(f"{url} does not answer as its documentation says", url=url)
    return found


class JokeApiSource:
    """JokeAPI (https://v2.jokeapi.dev): some jokes a day, in safe mode.

    An address is the API's own, `https://v2.jokeapi.dev/joke/Programming,Pun`; whatever flags
    it carries, safe mode and the blacklist of every flag are added.
    """

    name = "jokeapi"

    def __init__(self, client: HttpClient, base: str = JOKE_API) -> None:
        self._client = client
        self._base = base

    def handles(self, url: str) -> bool:
        """Addresses below the API's own."""
        return url.startswith(self._base)

    def pull(self, url: str, validators: Validators) -> Pull:
        """Ten random jokes that nobody flagged."""
        parts = urlsplit(url)
        query = [
            (name, value)
            for name, value in parse_qsl(parts.query)
            if name not in {"amount", "blacklistFlags", "format"}
        ]
        query += [("amount", str(N_JOKES)), ("blacklistFlags", UNSAFE)]
        asked = urlunsplit(parts._replace(query=f"safe-mode&{urlencode(query)}"))
        found = _json(self._client, asked)
        if found.get("error"):
            words = str(found.get("message") or "no reason given")[:200]
            raise FetchError(f"{url} refuses: {words}", url=url, reason="refused")
        jokes = found["jokes"] if isinstance(found.get("jokes"), list) else [found]
        entries = [self._entry(joke) for joke in jokes if isinstance(joke, dict) and _is_safe(joke)]
        feed = _feed("JokeAPI", "https://jokeapi.dev/", entries, self.name)
        return Pull(feed, Validators(), url, "parsed", fresh_s=DAY_S)

    @staticmethod
    def _entry(joke: dict[str, Any]) -> Entry:
        parts = [joke.get("joke"), joke.get("setup"), joke.get("delivery")]
        text = "\n\n".join(part for part in parts if isinstance(part, str))
        tags = [str(joke.get("category") or "")]
        language = str(joke.get("lang") or "en")[:10]
        return _joke(f"urn:jokeapi:{language}:{joke.get('id')}", text, None, tags, language)


def _is_safe(joke: dict[str, Any]) -> bool:
    flags = joke.get("flags")
    return joke.get("safe") is True and isinstance(flags, dict) and not any(flags.values())


class DadJokeSource:
    """icanhazdadjoke (https://icanhazdadjoke.com/api): one page of its list after another."""

    name = "icanhazdadjoke"

    def __init__(self, client: HttpClient, base: str = DAD_JOKES) -> None:
        self._client = client
        self._base = base

    def handles(self, url: str) -> bool:
        """The site's address."""
        return url.startswith(self._base)

    def pull(self, url: str, validators: Validators) -> Pull:
        """The page after the last one read; the validators keep its number."""
        mark = validators.etag or ""
        page = int(mark) if mark.isdecimal() else 1
        found = _json(self._client, f"{self._base}search?limit={N_JOKES}&page={page}")
        jokes = found.get("results")
        if not isinstance(jokes, list):
            raise ParseError(f"{url} does not answer as its documentation says", url=url)
        entries = [
            _joke(
                f"urn:icanhazdadjoke:{joke.get('id')}",
                str(joke.get("joke") or ""),
                f"{self._base}j/{joke.get('id')}",
                (),
                "en",
            )
            for joke in jokes
            if isinstance(joke, dict)
        ]
        last = found.get("total_pages")
        after = page + 1 if isinstance(last, int) and page < last else 1
        feed = _feed("icanhazdadjoke", self._base, entries, self.name)
        return Pull(feed, Validators(etag=str(after)), url, "parsed", fresh_s=DAY_S)


class PyjokesSource:
    """The pyjokes package: jokes about programming, without any network.

    An address is `pyjokes:en`; the package knows several languages. Only its neutral category
    is read.
    """

    name = "pyjokes"

    def handles(self, url: str) -> bool:
        """The scheme pyjokes."""
        return url.startswith("pyjokes:")

    def pull(self, url: str, validators: Validators) -> Pull:
        """All of them at once; unchanged until the package is."""
        import pyjokes

        language = url.partition(":")[2] or "en"
        try:
            jokes = pyjokes.get_jokes(language=language, category="neutral")
        except Exception as error:  # the package raises classes of its own that it moves about
            raise FetchError(
                f"pyjokes has no jokes in “{language[:20]}”; `pyjokes:en` is one of its languages",
                url=url,
                reason="missing",
            ) from error
        entries = [
            _joke(f"urn:pyjokes:{language}:{text}", text, None, ("programming",), language)
            for text in jokes
        ]
        mark = f"{version('pyjokes')}-{len(entries)}"
        state = Validators(etag=mark)
        if validators.etag == mark:
            return Pull(None, state, url, "unchanged", fresh_s=DAY_S)
        feed = _feed("pyjokes", "https://pyjok.es/", entries, self.name)
        return Pull(feed, state, url, "parsed", fresh_s=DAY_S)
