"""Handing one mail to a server over SMTP (RFC 5321), so that it is never handed over twice.

Everything that can fail without harm comes first: connection, TLS, login, sender, recipient. Then
whoever sends asks leave, and only then the text goes out. From there on an answer of the server
settles it; silence leaves it open, and is told apart from failure.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from recommender.errors import MailError, MailUndecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

Security = Literal["starttls", "tls", "none"]
SECURITIES: tuple[Security, ...] = get_args(Security)
TIMEOUT_S = 30
_ACCEPTED = range(200, 300)


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
        try:
            answer = client.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            raise MailError(
                _refusal(server, "the mail", error.smtp_code, error.smtp_error)
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailUndecided(
                f"{server.name} gave no answer to the mail ({_told(error)}): it may have arrived"
            ) from error
        _expect(answer, server, "the mail")
    return True


def check(server: Server) -> None:
    """Whether a mail could be handed over, as far as can be said without one; else MailError."""
    with _connected(server) as client:
        _expect(client.noop(), server, "a greeting")


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    """A session that is encrypted and logged in; closed at the end, whatever happens."""
    try:
        client = _open(server)
    except smtplib.SMTPException as error:
        raise MailError(f"{server.name}: {_told(error)}") from error
    except OSError as error:
        raise MailError(f"{server.name} can't be reached: {_told(error)}") from error
    try:
        yield client
    except MailError:
        raise
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{server.name} broke off: {_told(error)}") from error
    finally:
        _part(client)


def _open(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_S, context=context
        )
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
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


def _part(client: smtplib.SMTP) -> None:
    """Say good-bye; what goes wrong there changes nothing."""
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
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it says {error.smtp_code}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
