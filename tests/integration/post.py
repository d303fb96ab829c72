"""A mail server on loopback that takes mail, or behaves as badly as it is told to."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from email.message import EmailMessage


@dataclass
class Post:
    """What was taken, and what to do with the next mail."""

    port: int = 0
    taken: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuse_recipient: str = ""
    refuse_mail: str = ""
    hang_up_after_mail: bool = False
    """Take the mail and break off without an answer."""
    wait_s: float = 0.0
    """Before the answer to a mail that is taken."""
    password: str = "s3cret"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.taken]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SAWTHIS_SMTP_HOST": "127.0.0.1",
            "SAWTHIS_SMTP_PORT": str(self.port),
            "SAWTHIS_SMTP_SECURITY": "none",
        }

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _o: Any
    ) -> str:
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse_mail:
            return self.refuse_mail
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        if self.hang_up_after_mail:
            server.transport.abort()
            return "250 OK"
        await asyncio.sleep(self.wait_s)
        return "250 OK"

    def authenticate(self, _s: Any, _session: Any, _e: Any, _m: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self.logins.append((user, password))
        return AuthResult(success=password == self.password, handled=False)


@contextmanager
def post_office(
    *, context: ssl.SSLContext | None = None, tls: bool = False, port: int = 0, login: bool = False
) -> Iterator[Post]:
    """A running server; with a context it offers STARTTLS, or speaks TLS from the first byte."""
    post = Post()
    options: dict[str, Any] = {}
    if context is not None:
        key = "ssl_context" if tls else "tls_context"
        options[key] = context
    if login:
        options |= {
            "authenticator": post.authenticate,
            "auth_require_tls": context is not None and not tls,
        }
    post.port = port or _free_port()
    controller = Controller(post, hostname="127.0.0.1", port=post.port, **options)
    controller.start()
    try:
        yield post
    finally:
        controller.stop(no_assert=True)


def _free_port() -> int:
    # The controller can't be given 0: it asks for itself at the port it was given.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def odd_server(**answers: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers as it is told; (its port, the texts it got).

    Args:
        answers: By the first word of what was said to it, lower case; `greeting` first, `text`
            after the mail. None hangs up. What is not named is answered as is usual.
    """
    usual: dict[str, bytes | None] = {
        "greeting": b"220 odd\r\n",
        "ehlo": b"250 odd\r\n",
        "data": b"354 go on\r\n",
        "quit": b"221 bye\r\n",
        "text": b"250 taken\r\n",
    }
    listener = socket.create_server(("127.0.0.1", 0))
    texts: list[bytes] = []
    thread = threading.Thread(
        target=_serve_oddly, args=(listener, {**usual, **answers}, texts), daemon=True
    )
    thread.start()
    try:
        yield listener.getsockname()[1], texts
    finally:
        listener.close()
        thread.join(5)


def _serve_oddly(
    listener: socket.socket, answers: dict[str, bytes | None], texts: list[bytes]
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as said, suppress(OSError):
            _talk(connection, said, answers, texts)


def _talk(
    connection: socket.socket, said: Any, answers: dict[str, bytes | None], texts: list[bytes]
) -> None:
    answer = answers["greeting"]
    while answer is not None:
        connection.sendall(answer)
        line = said.readline()
        if not line:
            return
        word = line.split()[0].decode().lower()
        answer = answers.get(word, b"250 ok\r\n")
        if word == "data" and answer and answer.startswith(b"354"):
            connection.sendall(answer)
            texts.append(b"".join(iter(said.readline, b".\r\n")))
            answer = answers["text"]
