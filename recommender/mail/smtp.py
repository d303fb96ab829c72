"""Handing one mail to a server over SMTP (RFC 5321), so that it is never handed over twice.

Everything that can fail without harm comes first: connection, TLS, login, sender, recipient. Then
whoever sends asks leave, and only then the text goes out. From there on an answer of the server
settles it; silence leaves it open, and is told apart from failure.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from recommender.errors import MailError, MailUndecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

Security = Literal["starttls", "tls", "none"]
SECURITIES: tuple[Security, ...] = get_args(Security)
TIMEOUT_S = 30
"""For one step before the text."""
DEADLINE_S = 180
"""For all of them: a server that drips must not hold the sender for ever."""
ANSWER_TIMEOUT_S = 600
"""For the answer to the text (RFC 5321, 4.5.3.2.6)."""
PARTING_TIMEOUT_S = 5
_GO_ON = 354
_ACCEPTED = range(200, 300)
_REFUSED = range(400, 600)


# ValueError: names, passwords and answers that are in no form that can be sent or read.
_BROKEN = (smtplib.SMTPException, OSError, ValueError)


class Server(NamedTuple):
    """Where mail is handed over."""

    host: str
    port: int
    security: Security
    """starttls: encrypted after the greeting; tls: from the first byte; none: not at all."""
    user: str = ""
    password: str = ""

    @property
    def name(self) -> str:
        """What messages call it; without the login."""
        return f"{self.host}:{self.port}"


def deliver(server: Server, message: EmailMessage, *, leave: Callable[[], bool]) -> bool:
    """Hand a mail over.

    Args:
        server: To whom.
        message: With From and To, one address each.
        leave: Asked when nothing but the text is missing; False ends it there.

    Returns:
        False if leave was not given.

    Raises:
        MailUndecided: Nobody knows whether it was taken.
        MailError: It was not taken, for certain; the text says why.
    """
    with _connected(server) as client:
        _expect(client.mail(_address(message, "From")), server, "the sender")
        _expect(client.rcpt(_address(message, "To")), server, "the recipient")
        if not leave():
            return False
        code, words = client.docmd("data")
        if code != _GO_ON:
            raise MailError(_refusal(server, "the mail", code, words))
        _hand_over(client, server, message)
    return True


def _hand_over(client: _Session, server: Server, message: EmailMessage) -> None:
    """Send the text. What it does not say for certain is left open."""
    assert client.sock is not None, "connected"
    client.take_time()
    client.sock.settimeout(ANSWER_TIMEOUT_S)
    text = re.sub(rb"(?m)^\.", b"..", message.as_bytes())
    try:
        client.send(text + (b"" if text.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = client.getreply()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailUndecided(
            f"{server.name} gave no answer to the mail ({_told(error)}): it may have arrived"
        ) from error
    if code in _REFUSED:
        raise MailError(_refusal(server, "the mail", code, words))
    if code not in _ACCEPTED:
        raise MailUndecided(f"{server.name} gave no answer that can be read: it may have arrived")


def check(server: Server) -> None:
    """Whether a mail could be handed over, as far as can be said without one; else MailError."""
    with _connected(server) as client:
        _expect(client.noop(), server, "a greeting")


@contextmanager
def _connected(server: Server) -> Iterator[_Session]:
    """A session that is encrypted and logged in; closed at the end, whatever happens."""
    try:
        client = _open(server)
    except _BROKEN as error:
        raise MailError(f"{server.name} can't be used: {_told(error)}") from error
    try:
        yield client
    except _BROKEN as error:
        raise MailError(f"{server.name} broke off: {_told(error)}") from error
    finally:
        _part(client)


class _Session(smtplib.SMTP):
    """A session in which all that comes before the text has a deadline together."""

    _deadline: threading.Timer | None = None

    def connect(
        self,
        host: str = "localhost",
        port: int = 0,
        source_address: Any = None,  # noqa: ANN401  (as in smtplib)
    ) -> tuple[int, bytes]:
        """Connect, and let the time run."""
        self._deadline = threading.Timer(DEADLINE_S, self._hang_up)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            return super().connect(host, port, source_address)
        except BaseException:
            self.take_time()
            raise

    def _hang_up(self) -> None:
        """Break off from another thread: whoever waits for the server is told at once."""
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)

    def take_time(self) -> None:
        """From here on there is no deadline."""
        if self._deadline is not None:
            self._deadline.cancel()

    def close(self) -> None:
        """Close, and stop the time."""
        self.take_time()
        super().close()


class _TlsSession(_Session, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


def _open(server: Server) -> _Session:
    context = ssl.create_default_context()
    if server.security == "tls":
        client: _Session = _TlsSession(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        client = _Session(server.host, server.port, timeout=TIMEOUT_S)
    try:
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=context)
            client.ehlo()
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _part(client: _Session) -> None:
    """Say good-bye; what goes wrong there changes nothing."""
    if client.sock is not None:
        client.sock.settimeout(PARTING_TIMEOUT_S)
    try:
        client.quit()
    except (smtplib.SMTPException, OSError):
        client.close()


def _address(message: EmailMessage, field: str) -> str:
    (address,) = message[field].addresses
    spec: str = address.addr_spec
    return spec


def _expect(answer: tuple[int, bytes], server: Server, what: str) -> None:
    if answer[0] not in _ACCEPTED:
        raise MailError(_refusal(server, what, *answer))


def _refusal(server: Server, what: str, code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{server.name} refuses {what}: {code} {' '.join(words.split())[:200]}"


def _told(error: Exception) -> str:
    """What went wrong, on one line; never what the server was shown."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it refuses the login ({error.smtp_code}); look at SAWTHIS_SMTP_USER and password"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer that (STARTTLS, login); look at SAWTHIS_SMTP_SECURITY"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, UnicodeError):
        return "its name, user and password must be plain ASCII"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it says {error.smtp_code}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
