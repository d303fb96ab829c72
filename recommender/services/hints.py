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
