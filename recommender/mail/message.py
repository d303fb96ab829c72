"""A digest as a mail: header, plain text first, then HTML (RFC 5322, 2045, 2369, 8058). Pure.

What strangers wrote reaches one field only, the subject, and that on one line. Everything else in
the header is ours and is checked before it gets there.
"""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import TYPE_CHECKING

from recommender.errors import InvalidInput
from recommender.mail.cleaning import cleaned, one_line, safe_url
from recommender.mail.rendering import headline, render_html, render_text

if TYPE_CHECKING:
    from recommender.mail.view import DigestView, Envelope

MAX_SUBJECT = 120
MAX_ID = 300
MAX_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, less its angle brackets."""
MAX_LINK = 900
"""No line of a mail is longer than 998 characters (RFC 5322, 2.1.1)."""
_ID = re.compile(r"[!#-;=?A-Z^-~]+@[!#-;=?A-Z^-~]+")
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


class _Policy(EmailPolicy):
    """SMTP's, but for addresses and ids: those stay whole.

    The standard library makes encoded words of any text without a space that is longer than a
    line. No mail program looks for an address, or the end of a thread, in one.
    """

    whole = frozenset(("list-unsubscribe", "list-id", "message-id"))

    def fold(self, name: str, value: str) -> str:
        """A field as it is sent."""
        if name.lower() in self.whole:
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        """The same in bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


POLICY = _Policy(linesep="\r\n")


def build_message(view: DigestView, envelope: Envelope) -> EmailMessage:
    """The mail, ready for SMTP or a file; the same each time but for the boundary of its parts.

    Raises:
        InvalidInput: Something of the envelope can't stand in a header.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = Address("Sawthis", addr_spec=_address(envelope.sender))
    message["To"] = Address(addr_spec=_address(envelope.recipient))
    message["Subject"] = _subject(view)
    message["Date"] = envelope.at
    message["Message-ID"] = f"<{_matching(_ID, envelope.message_id.strip('<>'), 'message id')}>"
    message["List-Id"] = f"<{_matching(_LIST_ID, envelope.list_id, 'list id')}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{_unsubscribe(envelope)}>"
    if envelope.one_click:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted-printable, whatever the text: 8-bit lines and long ones do not survive every server.
    message.set_content(render_text(view), cte="quoted-printable")
    message.add_alternative(render_html(view), subtype="html", cte="quoted-printable")
    return message


def _subject(view: DigestView) -> str:
    """One line that says who.

    The standard library decodes what looks like an encoded word in a value, line breaks and all,
    and before 3.11.10 wrote such a break into the header (CVE-2024-6923).
    """
    return one_line(headline(cleaned(view)).replace("=?", "= ?"), MAX_SUBJECT)


def _address(text: str) -> str:
    """An address that every server takes: its domain in ASCII, nothing before or behind it."""
    local, _, domain = text.rpartition("@")
    try:
        spec = f"{local}@{domain.encode('idna').decode()}"
        found = Address(addr_spec=spec).addr_spec
    except (MessageError, ValueError, IndexError) as error:
        raise InvalidInput(
            f"“{one_line(text)}” is no e-mail address that mail can go to"
        ) from error
    if found != spec or len(spec) > MAX_ADDRESS or not spec.isascii() or not spec.isprintable():
        raise InvalidInput(f"“{one_line(text)}” is no e-mail address that mail can go to")
    return spec


def _unsubscribe(envelope: Envelope) -> str:
    url = safe_url(envelope.unsubscribe_url)
    if not url or len(url) > MAX_LINK:
        raise InvalidInput("the address that ends the digest is no address of a page")
    if envelope.one_click and not url.startswith("https://"):
        raise InvalidInput("mail services post to https only (RFC 8058); set SAWTHIS_PUBLIC_URL")
    return url


def _matching(form: re.Pattern[str], text: str, what: str) -> str:
    if len(text) > MAX_ID or not form.fullmatch(text):
        raise InvalidInput(f"“{one_line(text)}” is no {what}")
    return text
