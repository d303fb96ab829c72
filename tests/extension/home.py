"""The service with a relay before it, and what a browser needs to be paired with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.browser.serving import Server, serving
from tests.extension.relay import Relay, relaying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Sawthis

DEVICE = "Test browser"


class Home:
    """The service at home; the extension talks to it through the relay."""

    def __init__(self, server: Server, relay: Relay) -> None:
        self.server = server
        self.relay = relay
        self._admin = server.cli.ok("token", "create", "admin", "--scope", "admin").strip()
        self.token = self._asked("POST", "/tokens", name=DEVICE)["secret"]
        self._library = server.cli.data_dir / "sawthis.db"
        self._as_it_was = self._library.with_suffix(".before")
        _copy(self._library, self._as_it_was)

    def renew(self) -> None:
        """Put the library back as it was, beside the running service, and heal the relay."""
        self.relay.heal()
        _copy(self._as_it_was, self._library)

    def _asked(self, method: str, path: str, **body: object) -> dict[str, Any]:
        answer = httpx.request(
            method,
            f"{self.server.base}/api/v1{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self._admin}"},
            trust_env=False,
        )
        assert answer.is_success, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def get(self, path: str) -> dict[str, Any]:
        """What the service answers to an admin, past the relay."""
        return self._asked("GET", path)

    def post(self, path: str, **body: object) -> dict[str, Any]:
        """What is done by another face, past the relay."""
        return self._asked("POST", path, **body)

    def code(self) -> str:
        """A code that is in force."""
        return str(self._asked("POST", "/pairing-codes")["code"])

    def connection(self) -> str:
        """What Settings shows, with the relay's address for the service's."""
        return f"{self.relay.base}#{self.code()}"

    @property
    def pairing(self) -> dict[str, str]:
        """What the extension keeps of a pairing."""
        return {"server": self.relay.base, "token": self.token, "name": DEVICE}

    def devices(self) -> dict[str, bool]:
        """Which devices have a token, and whether it is in force."""
        rows = self.server.rows("SELECT name, revoked_at IS NULL FROM tokens WHERE name != 'admin'")
        return {name: bool(good) for name, good in rows if name != DEVICE}

    def scope_of(self, device: str) -> str:
        """What a device may do."""
        ((scope,),) = self.server.rows("SELECT scope FROM tokens WHERE name = ?", device)
        return str(scope)

    def id_of(self, slug: str) -> str:
        """Somebody's id."""
        ((found,),) = self.server.rows("SELECT id FROM contacts WHERE slug = ?", slug)
        return str(found)

    def address_of(self, slug: str) -> str:
        """Somebody's first mail address."""
        ((found,),) = self.server.rows("SELECT emails ->> 0 FROM contacts WHERE slug = ?", slug)
        return str(found)

    def statuses(self, slug: str) -> list[str]:
        """What was noted of pages for somebody, oldest first."""
        rows = self.server.rows(
            "SELECT e.status FROM status_events e JOIN contacts c ON c.id = e.contact_id"
            " WHERE c.slug = ? ORDER BY e.id",
            slug,
        )
        return [status for (status,) in rows]

    def touches(self, slug: str) -> list[tuple[str, str]]:
        """What passed with somebody through a suggestion: kind and note."""
        rows = self.server.rows(
            "SELECT t.kind, t.note FROM touches t JOIN contacts c ON c.id = t.contact_id"
            " WHERE c.slug = ? AND t.suggestion_id IS NOT NULL",
            slug,
        )
        return [(kind, note) for kind, note in rows]

    def kept(self, url: str) -> list[str]:
        """The titles of what is kept of an address."""
        rows = self.server.rows("SELECT title FROM items WHERE url = ?", url)
        return [title for (title,) in rows]


@contextmanager
def at_home(cli: Sawthis, certificate: Path | None = None) -> Iterator[Home]:
    """The service and its relay, running."""
    with serving(cli) as server, relaying(server.base, certificate) as relay:
        yield Home(server, relay)


def _copy(origin: Path, to: Path) -> None:
    """Make one library equal to another, in one transaction."""
    with closing(sqlite3.connect(origin)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
