"""Notes in the user's own voice: how they greet and sign off, and in what language.

A note names the interest and leaves its first sentence to the user; it claims nothing that is
not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recommender.domain import Contact, Suggestion

MAX_CHARACTERS = 200


class Phrases(NamedTuple):
    """What a note says in one language."""

    greeting: str
    because: str
    """With {interest}."""
    joke: str
    birthday: str
    hello: str
    """With {interest}."""


LANGUAGES = {
    "en": Phrases(
        "{name},",
        "I saw this and thought of you and {interest}:",
        "This one is for you:",
        "Happy birthday!",
        "How is {interest} going?",
    ),
    "de": Phrases(
        "{name},",
        "beim Lesen habe ich an dich und {interest} gedacht:",
        "Der hier ist f\u00fcr dich:",
        "alles Gute zum Geburtstag!",
        "wie geht es mit {interest}?",
    ),
    "fr": Phrases(
        "{name},",
        "en lisant ceci, j\u2019ai pens\u00e9 \u00e0 toi ({interest}) :",
        "Celle-ci est pour toi :",
        "Joyeux anniversaire !",
        "O\u00f9 en es-tu ({interest}) ?",
    ),
    "es": Phrases(
        "{name}:",
        "vi esto y pens\u00e9 en ti y en {interest}:",
        "Este es para ti:",
        "\u00a1Feliz cumplea\u00f1os!",
        "\u00bfC\u00f3mo va lo de {interest}?",
    ),
}


class Voice(NamedTuple):
    """How the user writes.

    An empty greeting or sign-off is the language's own, or none.
    """

    language: str = "en"
    greeting: str = ""
    """With {name} for the first name."""
    sign_off: str = ""

    @property
    def phrases(self) -> Phrases:
        """What notes say in this language."""
        return LANGUAGES[self.language]

    def greet(self, contact: Contact) -> str:
        """The first line."""
        return (self.greeting or self.phrases.greeting).replace("{name}", contact.first_name)


def voice_of(preferences: Mapping[str, str]) -> Voice:
    """The voice that the user has set."""
    language = preferences.get("voice.language", "en")
    return Voice(
        language if language in LANGUAGES else "en",
        preferences.get("voice.greeting", ""),
        preferences.get("voice.sign_off", ""),
    )


def checked_voice(name: str, value: str) -> str:
    """A value for one of the voice's fields, or InvalidInput."""
    if name == "language" and value and value not in LANGUAGES:
        raise InvalidInput(f"notes can be in {', '.join(LANGUAGES)}, not \u201c{value}\u201d")
    if len(value) > MAX_CHARACTERS:
        raise InvalidInput(f"the {name} is longer than {MAX_CHARACTERS} characters")
    return value


def note_for(voice: Voice, contact: Contact, suggestion: Suggestion) -> str:
    """A note that goes with an item; its first sentence, after the greeting, is the user's."""
    if suggestion.kind != "joke":
        return note_about(voice, contact, suggestion.interest, suggestion.title, suggestion.url)
    joke = [voice.phrases.joke, "", suggestion.text.strip()]
    return "\n".join(_signed(voice, [f"{voice.greet(contact)} ", "", *joke]))


def note_about(voice: Voice, contact: Contact, interest: str, title: str, url: str | None) -> str:
    """A note that goes with something to read."""
    lines = [f"{voice.greet(contact)} ", ""]
    lines += [voice.phrases.because.replace("{interest}", interest), title]
    return "\n".join(_signed(voice, [*lines, url] if url else lines))


def birthday_subject(voice: Voice) -> str:
    """What a mail of congratulations is about."""
    wishes = voice.phrases.birthday
    return wishes[:1].upper() + wishes[1:]


def hello_for(voice: Voice, contact: Contact, interest: str) -> str:
    """A line without an item, that asks after an interest if there is one."""
    asked = [voice.phrases.hello.replace("{interest}", interest)] if interest else []
    return "\n".join(_signed(voice, [f"{voice.greet(contact)} ", "", *asked]))


def birthday_for(voice: Voice, contact: Contact) -> str:
    """Congratulations, for the user to add to."""
    lines = [f"{voice.greet(contact)} {voice.phrases.birthday} ", ""]
    return "\n".join(_signed(voice, lines))


def _signed(voice: Voice, lines: list[str]) -> list[str]:
    return [*lines, "", voice.sign_off] if voice.sign_off else lines
