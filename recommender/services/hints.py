"""Words for what a user may not see by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.phrases import looks_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Interest
    from recommender.storage.protocol import Storage


def foreign_hint(storage: Storage, interests: Sequence[Interest]) -> str:
    """What to do about interests in a language the default model does not read, or nothing."""
    from recommender_models import is_default_key, word_rarity

    model_key = storage.vectors.active_model()
    if model_key and not is_default_key(model_key):
        return ""
    english = word_rarity()
    foreign = [one.phrase for one in interests if looks_foreign(one.phrase, english)]
    if not foreign:
        return ""
    return (
        f"“{foreign[0]}” does not look English, and the default model reads English only: "
        "put it in English, or set SAWTHIS_MODEL to a multilingual model (docs/how-to/models.md)"
    )


KIN = 0.62
"""Likeness from which two phrases are kin; cycling and bicycle touring have 0.64."""


def kin_hints(storage: Storage, account_id: str, added: Sequence[Interest]) -> list[str]:
    """Which of the account's interests mean nearly the same as new ones; shown, not forced."""
    from operator import mul

    from recommender.services.learning import floats

    model_key = storage.vectors.active_model() or ""
    blobs = storage.vectors.interest_vectors(account_id, model_key)
    vectors = {interest_id: floats(blob) for interest_id, (blob, _) in blobs.items()}
    new = {one.id for one in added}
    others = [one for one in storage.people.interests(account_id) if one.id not in new]
    lines = []
    for one in (one for one in added if one.id in vectors):
        kin = {
            other.phrase
            for other in others
            if other.phrase.casefold() != one.phrase.casefold()
            and other.id in vectors
            and sum(map(mul, vectors[one.id], vectors[other.id])) >= KIN
        }
        if kin:
            listed = ", ".join(f"“{phrase}”" for phrase in sorted(kin)[:3])
            lines.append(f"“{one.phrase}” is close to {listed}; it is kept as you put it.")
    return lines
