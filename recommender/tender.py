"""News that hurts: an item that names the contact's employer, town or family together with trouble.

Pure. A long article mentions many things; only what stands close together belongs together.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.domain import Contact

NEAR_CHARACTERS = 200
"""A name and trouble within so many characters are about each other."""
READ_CHARACTERS = 6000

_TROUBLE = {
    "layoffs": r"lay-?offs?|la(?:id|y|ys|ying) off|redundanc\w+|made redundant|job (?:cuts|losses)|"
    r"cut(?:s|ting)? (?:[\d,.]+ |hundreds of |thousands of )?jobs|sack(?:s|ed|ing)|"
    r"bankrupt\w*|insolven\w+|goes bust|collapses?|clos(?:es|ing|ure of) (?:its|the) "
    r"(?:plant|factory|office|doors)",
    "a death": r"deaths?|dies|died|dead|dying|fatal\w*|kill(?:s|ed|ing)|obituar\w+|funeral|"
    r"mourn\w*|passed away|suicid\w*|drown(?:s|ed)|tragedy|crash(?:es|ed)?",
    "crime": r"murder\w*|homicide|stabb\w+|shootings?|shot|rape[ds]?|assault\w*|arrest\w*|"
    r"robb\w+|burgl\w+|fraud\w*|embezzl\w+|indict\w*|convict\w*|jail\w*|prison|kidnap\w*|scandal|"
    r"manslaughter|abus(?:e|ed|ive)|police",
    "a lawsuit": r"lawsuits?|sue[ds]?|suing|class action|prosecut\w+|trial|plaintiffs?|defendants?|"
    r"settle(?:s|d) with|malpractice|fined",
}
_COMPANY_FORM = re.compile(
    r"[\s,]+(?:inc|incorporated|llc|ltd|limited|plc|gmbh|ag|se|sa|s\.a|corp|corporation|co|company|"
    r"group|bv|nv|oy|ab|as|kg|llp)\.?$",
    re.IGNORECASE,
)


def tender_reason(text: str, contact: Contact) -> str | None:
    """Why a text may hurt this contact, in words, or None.

    Args:
        text: Title and text; the first 6,000 characters are read.
        contact: Whose employer, town and family name are looked for.
    """
    text = text[:READ_CHARACTERS]
    for name, whose in (
        (bare_company(contact.employer), "the employer"),
        (contact.town, "the town"),
        (contact.family_name, "the family name"),
    ):
        if not name:
            continue
        for place in _naming(name).finditer(text):
            start = max(0, place.start() - NEAR_CHARACTERS)
            around = text[start : place.end() + NEAR_CHARACTERS]
            for what, trouble in _troubles().items():
                if trouble.search(around):
                    return f"it tells of {what} and names {name}, {whose} of {contact.first_name}"
    return None


def bare_company(name: str) -> str:
    """A company's name without its legal form: "Harbour Lights Ltd." is Harbour Lights."""
    return _COMPANY_FORM.sub("", name.strip()).strip()


@cache  # compiled when first needed: it would cost `suggest` more than all the rules
def _troubles() -> dict[str, re.Pattern[str]]:
    return {
        what: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for what, words in _TROUBLE.items()
    }


@lru_cache(maxsize=256)
def _naming(name: str) -> re.Pattern[str]:
    """Where a text names somebody.

    A name of one word may be a common one (King, Apple, Reading): only with its capital, or all in
    capitals, is it the name.
    """
    words = name.split()
    if len(words) > 1:
        spaced = r"\s+".join(map(re.escape, words))
        return re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
    as_written = name[:1].upper() + name[1:]
    return re.compile(rf"(?<!\w)(?:{re.escape(as_written)}|{re.escape(name.upper())})(?!\w)")
