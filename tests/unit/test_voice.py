"""Notes and drafts: in the user's voice, claiming nothing, opening in any program."""

from __future__ import annotations

from email import message_from_string
from email.policy import default
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import ranking
from recommender.domain import Details, Suggestion
from recommender.errors import InvalidInput
from recommender.services.drafts import MAX_LINK_CHARACTERS, as_form
from recommender.services.voice import (
    LANGUAGES,
    Voice,
    birthday_for,
    checked_voice,
    hello_for,
    note_for,
    voice_of,
)
from recommender.testing import NOW, make_contact
from tests.unit.test_ranking import make_candidate

JOE = make_contact(emails=("joe@e.example",), details=Details(phones=("0049 (0)30 / 12-34",)))


def make_suggestion(**changes: Any) -> Suggestion:
    candidate = make_candidate(**changes)
    return ranking.to_suggestion(JOE, ranking.score([candidate], NOW)[0], None, NOW)


def test_the_note_leaves_the_first_sentence_to_the_user() -> None:
    note = note_for(Voice(), JOE, make_suggestion())
    assert note.splitlines() == [
        "Joe, ",
        "",
        "I saw this and thought of you and sailing:",
        "Headline 1",
        "https://example.com/1",
    ]
    joke = note_for(Voice(), JOE, make_suggestion(kind="joke", text="Knock knock.\n"))
    assert joke.splitlines() == ["Joe, ", "", "This one is for you:", "", "Knock knock."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_voice_has_its_language_greeting_and_sign_off(language: str) -> None:
    voice = Voice(language, "Lieber {name}!", "Dein Ed")
    for note in (
        note_for(voice, JOE, make_suggestion()),
        hello_for(voice, JOE, "sailing"),
        birthday_for(voice, JOE),
    ):
        assert note.startswith("Lieber Joe!")
        assert note.endswith("\n\nDein Ed")
        assert "{" not in note
    assert "sailing" in hello_for(voice, JOE, "sailing")
    assert voice.phrases.birthday in birthday_for(voice, JOE)
    if language != "en":
        assert voice.phrases != LANGUAGES["en"]


def test_preferences_make_the_voice() -> None:
    assert voice_of({}) == Voice()
    assert voice_of({"voice.language": "tlh"}).language == "en"
    assert voice_of({"voice.language": "de", "voice.sign_off": "E."}) == Voice("de", "", "E.")
    with pytest.raises(InvalidInput, match="en, de, fr, es"):
        checked_voice("language", "tlh")


@given(st.text(max_size=300), st.text(max_size=80))
def test_a_mailto_link_gives_the_note_back(note: str, subject: str) -> None:
    link = urlsplit(as_form(JOE, note, "mailto", subject=subject, now=NOW))
    fields = parse_qs(link.query, keep_blank_values=True, strict_parsing=True)
    assert link.path == "joe@e.example"
    assert fields["subject"] == [" ".join(subject.split())]
    body = fields["body"][0]
    assert body.replace("\r\n", "\n") == note.replace("\r\n", "\n") or body.endswith("\u2026")


def test_links_stay_short_enough_for_mail_programs() -> None:
    link = as_form(JOE, "\u00e4 & " * 2000, "mailto", subject="s", now=NOW)
    assert len(link) <= MAX_LINK_CHARACTERS
    assert parse_qs(urlsplit(link).query)["body"][0].endswith("\u2026")


def test_a_mail_file_is_an_unsent_draft() -> None:
    text = as_form(JOE, "Hall\u00f6chen,\n\nwie geht's?", "eml", subject="A\nBcc: x@y.z", now=NOW)
    message = message_from_string(text, policy=default)
    assert message["To"] == "Joe Ferraro <joe@e.example>"
    assert message["Subject"] == "A Bcc: x@y.z"
    assert message["Bcc"] is None
    assert message["X-Unsent"] == "1"
    assert message.get_content().strip() == "Hall\u00f6chen,\n\nwie geht's?"


def test_phone_links_have_the_number_and_the_text() -> None:
    assert (
        as_form(JOE, "Hi & bye", "sms", subject="", now=NOW) == "sms:+49301234?body=Hi%20%26%20bye"
    )
    link = as_form(JOE, "Hi", "whatsapp", subject="", now=NOW)
    assert link == "https://wa.me/49301234?text=Hi"


def test_what_is_missing_is_said() -> None:
    nobody = make_contact(emails=())
    at_home = make_contact(details=Details(phones=("030 1234567",)))
    with pytest.raises(InvalidInput, match="with its country"):
        as_form(at_home, "x", "whatsapp", subject="", now=NOW)
    for form, what in (("mailto", "e-mail"), ("eml", "e-mail"), ("sms", "phone")):
        with pytest.raises(InvalidInput, match=f"no {what}"):
            as_form(nobody, "x", form, subject="", now=NOW)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="one of text, mailto"):
        as_form(JOE, "x", "fax", subject="", now=NOW)  # type: ignore[arg-type]
