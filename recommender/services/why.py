"""Why an item fits, feature by feature: what `--why` shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from recommender.relevance import count_words
from recommender.words import tokens

if TYPE_CHECKING:
    from recommender.domain import Suggestion
    from recommender.relevance import RelevanceModel


class Share(NamedTuple):
    """What one feature adds to the log-odds that an item fits."""

    words: str
    points: float


def shares(suggestion: Suggestion, model: RelevanceModel) -> list[Share]:
    """Every feature with its share; together they are the log-odds of the fit.

    Args:
        suggestion: With its evidence.
        model: The numbers it was judged with.
    """
    phrase = tokens(suggestion.interest)
    in_title = model.lexical(phrase, count_words(suggestion.title, "")[0])
    found = [
        Share("where any item starts", model.bias),
        Share(
            f"meaning, {suggestion.margin:+.1f} against the nearest other subjects "
            f"({_strength(suggestion.margin)})",
            model.weights.margin * suggestion.margin,
        ),
        Share(
            f"words, {suggestion.lexical:.0%} of them found",
            model.weights.body * suggestion.lexical,
        ),
        Share(f"of these in the title, {in_title:.0%}", model.weights.title * in_title),
    ]
    # The unit of the cosine is the model's own; what is left over is its share.
    p = min(max(suggestion.relevance, 1e-4), 1 - 1e-4)
    rest = math.log(p / (1 - p)) - sum(share.points for share in found)
    return [*found, Share(f"likeness as such, {suggestion.cosine:.2f}", rest)]


def evidence_lines(suggestion: Suggestion, model: RelevanceModel) -> list[str]:
    """The fit, its features, and what the suggestion is ranked by, in words."""
    lines = [f"Fit {suggestion.relevance:.0%} for “{suggestion.interest}”:"]
    lines += [f"  {share.points:+5.1f}  {share.words}" for share in shares(suggestion, model)]
    taste = ""
    if suggestion.lift != 1:
        more = "more" if suggestion.lift > 1 else "less"
        taste = f" x {suggestion.lift:.2f} (taste: {more} like what went well so far)"
    lines.append(
        f"Ranked by {suggestion.score:.2f}: fit {suggestion.relevance:.2f}"
        f" x weight {suggestion.weight:g} x freshness {suggestion.freshness:.2f}{taste}"
    )
    return lines


def _strength(margin: float) -> str:
    for least, word in ((3.0, "very strong"), (2.0, "strong"), (1.0, "fair"), (0.0, "weak")):
        if margin >= least:
            return word
    return "none: they are nearer"
