"""A server between the extension and the service: it notes what is asked, and can be ill."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

LONGEST_HOLD_S = 60.0
_OURS = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "date"})
_ITS_OWN = frozenset({"accept-encoding", "connection", "host"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The JSON that was sent."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


Answer = tuple[int, dict[str, str], bytes]


def problem(status: int, detail: str, **headers: str) -> Answer:
    """An error as the service words it; header names with _ for -."""
    body = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/problem+json", **named}, body


class Relay:
    """Passes everything on to the service, unless told otherwise.

    Attributes:
        asked: What came, in order.
        instead: Answers a request in the service's stead, or None to pass it on.
        flowing: Requests wait while this is clear.
        lose_one: The next write is passed on, and its answer lost on the way back.
        draft: What answers hold instead of the draft of a mail.
    """

    def __init__(self, upstream: str, certificate: Path | None = None) -> None:
        self.asked: list[Asked] = []
        self.instead: Callable[[Asked], Answer | None] | None = None
        self.flowing = threading.Event()
        self.flowing.set()
        self.lose_one = False
        self.draft: str | None = None
        self._http = httpx.Client(base_url=upstream, trust_env=False, timeout=60)
        self._certificate = certificate
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def base(self) -> str:
        """Where it is."""
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """Where it is, by a name."""
        return f"{'https' if self._certificate else 'http'}://{host}:{self._port}"

    def start(self) -> None:
        """Listen, where it listened before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_address[1]
        if self._certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self._certificate)
            # Each connection shakes hands in its own thread: browsers open some and say nothing.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Be gone: nobody answers here any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def close(self) -> None:
        """Stop for good."""
        self.flowing.set()
        self.stop()
        self._http.close()

    def heal(self) -> None:
        """Pass everything on again, and forget what was asked."""
        self.instead = self.draft = None
        self.lose_one = False
        self.flowing.set()
        if self._server is None:
            self.start()
        self.asked.clear()

    def to(self, end: str, method: str = "POST") -> list[Asked]:
        """What was asked of a path."""
        return [one for one in self.asked if one.method == method and one.path == f"/api/v1/{end}"]

    def answer(self, asked: Asked) -> Answer | None:
        """What to say to a request, or None to hang up."""
        self.asked.append(asked)
        self.flowing.wait(LONGEST_HOLD_S)
        if self.instead and (said := self.instead(asked)):
            return said
        status, headers, body = self._passed(asked)
        if self.lose_one:
            self.lose_one = False
            return None
        if self.draft is not None and b'"draft"' in body:
            body = json.dumps({**json.loads(body), "draft": self.draft}).encode()
        return status, headers, body

    def _passed(self, asked: Asked) -> Answer:
        given = self._http.request(
            asked.method,
            asked.path,
            headers={k: v for k, v in asked.headers.items() if k.lower() not in _ITS_OWN},
            content=asked.body,
        )
        return given.status_code, dict(given.headers), given.content


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            answer = relay.answer(asked)
            if answer is None:
                self.close_connection = True
                return
            status, headers, said = answer
            with suppress(OSError):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _OURS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = answer

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    return Handler


@contextmanager
def relaying(upstream: str, certificate: Path | None = None) -> Iterator[Relay]:
    """A running relay; over TLS with a file that holds a key and its certificate."""
    made = Relay(upstream, certificate)
    try:
        yield made
    finally:
        made.close()
