"""Drafts of a note, ready to be sent by whatever the user sends with. Nothing is sent here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from recommender.errors import InvalidInput, SuggestionNotFound
from recommender.safety import why_not
from recommender.services.voice import hello_for, voice_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from recommender.domain import Contact
    from recommender.services.people import People
    from recommender.services.suggest import Suggester

Form = Literal["text", "mailto", "eml", "sms", "whatsapp"]
FORMS: tuple[Form, ...] = get_args(Form)
MAX_LINK_CHARACTERS = 1900
"""Mail programs cut longer links silently."""


def as_form(contact: Contact, note: str, form: Form, *, subject: str, now: datetime) -> str:
    """A note as text, as a link that opens it, or as a mail file.

    Args:
        contact: Whom it is for.
        note: The draft.
        form: text, mailto (RFC 6068), eml (RFC 5322, an unsent draft), sms (RFC 5724) or whatsapp.
        subject: For mails.
        now: Aware time; the date of a mail file.

    Raises:
        InvalidInput: The contact has no address or number for it, or there is no such form.
    """
    if form == "text":
        return note
    if form == "mailto":
        return _mailto(_email(contact), subject, note)
    if form == "eml":
        return _eml(_email(contact), contact.name, subject, note, now)
    if form == "sms":
        return f"sms:{_phone(contact)}?body={_quoted(note)}"
    if form == "whatsapp":
        number = _phone(contact)
        if not number.startswith("+"):
            raise InvalidInput(f"WhatsApp needs the number with its country, +49 …, not {number}")
        return f"https://wa.me/{number[1:]}?text={_quoted(note)}"
    raise InvalidInput(f"a draft is one of {', '.join(FORMS)}, not \u201c{form}\u201d")


def note_to(
    people: People,
    suggester: Suggester,
    preferences: Mapping[str, str],
    what: str,
    *,
    now: datetime,
    ask: str | None = None,
) -> tuple[Contact, str, str]:
    """(contact, subject, text) of a suggestion's note, or of a line to a contact.

    Args:
        people: Whom there is.
        suggester: Their suggestions.
        preferences: The user's, for the voice.
        what: The id of a suggestion, or what a contact is called by.
        now: Aware time.
        ask: A favour to ask for.

    Raises:
        ContactNotFound: Neither a suggestion nor a contact is called that.
        InvalidInput: The contact must not be written to.
    """
    try:
        contact = suggester.whose(what)
        known = suggester.one(contact, what, now=now)
    except SuggestionNotFound:
        contact, known = people.find(what), None
    if put_away := why_not(contact, now):
        raise InvalidInput(f"{put_away}: nothing is drafted")
    if known is not None and ask is None:
        return contact, known[0].title, known[0].note
    voice = voice_of(preferences)
    if ask is not None:
        return contact, ask, f"{voice.greet(contact)} \n\n{ask}"
    liked = [i.phrase for i in people.interests(contact) if i.polarity == "like"]
    return contact, liked[0] if liked else "", hello_for(voice, contact, liked[0] if liked else "")


def _mailto(email: str, subject: str, note: str) -> str:
    # Lines end in CRLF there (RFC 6068, 5).
    body = note.replace("\r\n", "\n").replace("\n", "\r\n")
    to = _quoted(email).replace("%40", "@")
    start = f"mailto:{to}?subject={_quoted(_one_line(subject))}&body="
    link = start + _quoted(body)
    while len(link) > MAX_LINK_CHARACTERS and body:
        body = body[: len(body) * 9 // 10]
        link = start + _quoted(body + "\u2026")
    return link


def _eml(email: str, name: str, subject: str, note: str, now: datetime) -> str:
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP

    message = EmailMessage(policy=SMTP)
    user, _, domain = email.rpartition("@")
    message["To"] = Address(display_name=_one_line(name), username=user, domain=domain)
    message["Subject"] = _one_line(subject)
    message["Date"] = now
    message["X-Unsent"] = "1"  # Outlook and Thunderbird open it as a draft
    message.set_content(note)
    return message.as_string()


def _email(contact: Contact) -> str:
    if not contact.emails:
        raise InvalidInput(
            f"{contact.name} has no e-mail address: "
            f"`sawthis contacts edit {contact.slug} --email \u2026`"
        )
    return contact.emails[0]


def _phone(contact: Contact) -> str:
    number = dialled(contact)
    if not number:
        raise InvalidInput(
            f"{contact.name} has no phone number: "
            f"`sawthis contacts edit {contact.slug} --phone \u2026`"
        )
    return number


def dialled(contact: Contact) -> str:
    """The first number of a contact that can be dialled, as digits; empty if there is none."""
    for phone in contact.details.phones:
        number = re.sub(r"[^0-9+]", "", phone.replace("(0)", "").partition(";")[0])
        if len(number.lstrip("+")) > 4:
            return f"+{number[2:]}" if number.startswith("00") else number
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
