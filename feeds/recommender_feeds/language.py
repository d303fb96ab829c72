"""Which language a text is in, and how long it takes to read."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

MIN_CHARACTERS = 40
"""Shorter texts are not guessed at."""
SURE = 0.9
N_CHARACTERS = 300
NO_LANGUAGE = "zxx"
"""What the model calls program text and the like."""
WORDS_A_MINUTE = 238
"""Silent reading of English non-fiction (Brysbaert 2019, a review of 190 studies)."""
CHARACTERS_A_MINUTE = 255
"""Chinese, in characters (the same review); also for Japanese."""
_CODE = re.compile(r"^[A-Za-z]{2,3}")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_PAYWALL = re.compile(
    r"\b(subscribers?[ -]only|for subscribers|members[ -]only|subscribe to (continue|read|keep)|"
    r"(this|the) (article|post|story|episode) is for (paid|paying|premium)|paid subscribers|"
    r"subscription required|premium content|nur für abonnenten|réservé aux abonnés|"
    r"solo para suscriptores)\b",
    re.IGNORECASE,
)
_PAYWALL_TAGS = {
    "premium",
    "paywall",
    "subscriber only",
    "subscribers only",
    "members only",
    "plus",
}


def language_of(title: str, text: str, stated: str | None) -> str | None:
    """ISO 639 code of a text: as it reads where it is long enough, else as its feed states.

    Feeds state the language of the program that made them more often than their own.
    """
    sample = f"{title}. {text[:N_CHARACTERS]}"
    if len(sample) >= MIN_CHARACTERS:
        code, probability = _identifier().classify(sample)
        if probability >= SURE and code != NO_LANGUAGE:
            return str(code)
    match = _CODE.match(stated or "")
    return match.group().lower() if match else None


@cache
def _identifier() -> Any:  # noqa: ANN401  (py3langid publishes no types)
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def reading_minutes(text: str) -> int:
    """Whole minutes a text takes, at least 1."""
    n_ideographs = len(_IDEOGRAPH.findall(text))
    n_words = len(_IDEOGRAPH.sub(" ", text).split()) if n_ideographs else len(text.split())
    return max(1, round(n_words / WORDS_A_MINUTE + n_ideographs / CHARACTERS_A_MINUTE))


def hints_at_paywall(title: str, text: str, tags: tuple[str, ...]) -> bool:
    """Whether an entry says of itself that its page is for subscribers."""
    if any(tag.casefold() in _PAYWALL_TAGS for tag in tags) or title.startswith("[$]"):
        return True
    return bool(_PAYWALL.search(text[-600:]) or _PAYWALL.search(title))
