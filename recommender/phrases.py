"""Interests as people put them: "not golf" is something to avoid, "pêche à la mouche" is French.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Container

_NEGATION = re.compile(
    r"^(?:not (?:into|interested in|a fan of)|not|no more|no|never|nothing about|anything but|"
    r"avoid|hates?|dislikes?|can't stand|does(?:n't| not) like|do(?:n't| not) like)"
    r"\s+(?:any\s+)?(?=\w)",
    re.IGNORECASE,
)
# "no code", "no dig gardening" and the like are things people care about.
_NO_NEGATION = re.compile(r"^no[- ](?:code|dig|till|knead|bake|budget|wave|waste|kill)\b", re.I)
_FOREIGN_WORD = re.compile(
    r"der|das|dem|den|des|eine?|einen|und|oder|für|von|vom|zum|zur|im|auf|mit|ohne|über|"
    r"les?|la|une?|du|de|et|ou|à|aux?|sur|avec|pour|el|los|las|una|sin|por|del|"
    r"il|lo|gli|della|delle|di|nel|och|eller|att|på|för|het|een|voor|naar|dla|nad|og|til|ja"
)


def negated(phrase: str) -> str | None:
    """What "not golf" is about ("golf"); None for a phrase that denies nothing."""
    line = " ".join(phrase.replace("’", "'").split())
    if _NO_NEGATION.match(line):
        return None
    rest = _NEGATION.sub("", line, count=1)
    return rest if rest != line and rest else None


def stated(text: str) -> list[str]:
    """The interests of a sentence: "fly fishing, jazz; not golf" are three, each once."""
    pieces = (" ".join(piece.split()) for piece in re.split(r"[,;\n]+", text))
    return list(dict.fromkeys(p.removeprefix("and ") for p in pieces if p not in ("", "and")))


def looks_foreign(phrase: str, english: Container[str]) -> bool:
    """Whether a phrase is in a language other than English, as far as its letters and words tell.

    Args:
        phrase: A few words.
        english: Stems of common English words.
    """
    letters = [c for c in phrase if c.isalpha()]
    if any("LATIN" not in unicodedata.name(c, "LATIN") for c in letters):
        return True
    words = phrase.casefold().split()
    content = [word for word in words if not _FOREIGN_WORD.fullmatch(word)]
    if any(stem in english for word in content for stem in tokens(word)):
        return False
    return len(content) < len(words) or any(ord(c) > 127 for c in letters)
