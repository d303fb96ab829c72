"""The mail server that the settings name, with its password from them or from the keyring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.errors import ConfigError
from recommender.mail import smtp
from recommender.services.checking import checked_mailbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from recommender.settings import Settings

KEYRING_SERVICE = "sawthis-smtp"
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class PostOffice:
    """A mail server to hand mail to."""

    server: smtp.Server

    def deliver(self, message: EmailMessage, *, leave: Callable[[], bool]) -> bool:
        """Hand a mail over once leave is given; see `recommender.mail.smtp.deliver`."""
        return smtp.deliver(self.server, message, leave=leave)

    def check(self) -> None:
        """Whether a mail could be handed over, as far as can be said without one; or MailError."""
        smtp.check(self.server)


def post_office(settings: Settings) -> PostOffice:
    """What the settings name.

    Raises:
        ConfigError: They name none, or one that would be shown a password in clear.
    """
    if not settings.smtp_host:
        raise ConfigError(
            "no mail server is set: SAWTHIS_SMTP_HOST names it (docs/how-to/digest.md)",
            setting="smtp_host",
        )
    security = next((s for s in smtp.SECURITIES if s == settings.smtp_security), None)
    if security is None:
        raise ConfigError(
            f"SAWTHIS_SMTP_SECURITY is one of {', '.join(smtp.SECURITIES)}, "
            f"not \u201c{settings.smtp_security}\u201d",
            setting="smtp_security",
        )
    if settings.mail_from:
        checked_mailbox(settings.mail_from)
    password = _password(settings) if settings.smtp_user else ""
    if security == "none" and password and settings.smtp_host not in _HERE:
        raise ConfigError(
            "SAWTHIS_SMTP_SECURITY=none would send the password in clear; use starttls or tls",
            setting="smtp_security",
        )
    server = smtp.Server(
        settings.smtp_host, settings.smtp_port, security, settings.smtp_user, password
    )
    return PostOffice(server)


def _password(settings: Settings) -> str:
    found = settings.smtp_password or _from_keyring(settings.smtp_user)
    if found:
        return found
    raise ConfigError(
        f"no password for {settings.smtp_user}: set SAWTHIS_SMTP_PASSWORD, or with the keyring "
        f"(`pip install sawthis[keyring]`): `keyring set {KEYRING_SERVICE} {settings.smtp_user}`",
        setting="smtp_password",
    )


def _from_keyring(user: str) -> str:
    """The password that the system's keyring holds; empty if it holds none, or there is none."""
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(KEYRING_SERVICE, user) or ""
    except NoKeyringError:
        return ""
    except Exception as error:
        # Backends are other people's programs, and raise what they like.
        raise ConfigError(
            f"the keyring can't be read ({error}); SAWTHIS_SMTP_PASSWORD does without it",
            setting="smtp_password",
        ) from error
