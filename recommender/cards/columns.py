"""What the columns of address books in CSV mean, by their headers.

Google, Outlook, Thunderbird, LinkedIn, iOS and others, in English and German, name the same
things by a few dozen words; the words are recognised, not the layouts, so that a column more or
less does no harm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS = (
    "name",
    "given",
    "family",
    "additional",
    "prefix",
    "suffix",
    "nicknames",
    "emails",
    "phones",
    "addresses",
    "town",
    "organisation",
    "role",
    "sites",
    "birthday",
    "anniversary",
    "groups",
    "notes",
    "interests",
)
"""What a column can be said to be."""
PARTS = ("birth year", "birth month", "birth day")
"""A birthday in three columns; recognised, not to be asked for."""

# In this order: the first that fits decides.
_RULES = tuple(
    (re.compile(pattern), field)
    for pattern, field in (
        (r".*\b(type|typ|label|art|opt in|yomi|phonetic|phonetisch\w*)", ""),
        (r"birth year|geburtsjahr", "birth year"),
        (r"birth month|geburtsmonat", "birth month"),
        (r"birth day", "birth day"),
        (r"birthday|birth ?date|date of birth|geburtstag|geburtsdatum|bday", "birthday"),
        (r"anniversary|jahrestag|wedding( day| anniversary)?|hochzeitstag", "anniversary"),
        (r"(name|full ?name|display name|anzeigename|n? ?fn|formatted name|voller name)", "name"),
        (r"(n |cp )?(given ?name|first ?name|vorname|given|first|prenom)", "given"),
        (r"n middle|(additional|middle) ?name|(weitere|zweiter) vornamen?|middle", "additional"),
        (r"(n )?(family ?name|last ?name|surname|nachname|family|last|familienname)", "family"),
        (r"(name )?prefix|n prefix|salutation|anrede", "prefix"),
        (r"(name )?suffix|n suffix", "suffix"),
        (r"nick ?name|short name|spitzname|rufname", "nicknames"),
        (r".*(e ?mail).*(display|anzeige) ?name.*", ""),
        (r".*\be ?mail\b.*|.*\bemail\w*\b.*", "emails"),
        (r".*(phone|telefon|mobil|handy|\bcell|fax|pager|rufnummer|\btel\b|tel ).*", "phones"),
        (r"(job ?title|position|organization( 1)? title|beruf|role|funktion|occupation)", "role"),
        (r"(company|organi[sz]ation( 1)?( name)?|org name|firma|unternehmen|arbeitgeber)",
         "organisation"),
        (r".*\b(web ?page|web ?site|webseite|homepage)\b.*|url( home)?", "sites"),
        (r"group membership|labels|categor(y|ies)|kategorien?|gruppen?|groups?|tags", "groups"),
        (r"notes?|notizen?|bemerkungen?|comments?|beschreibung|description", "notes"),
        (r"hobb(y|ies|ys)|interests?|interessen?", "interests"),
        (r"(town|city|locality|ort|stadt|wohnort)", "town"),
        (r"(home |work )?address( 2)?|adresse|address \d formatted|anschrift", "addresses"),
    )
)  # fmt: skip
_ADDRESS = re.compile(
    r"(?P<where>home|private?|privat|business|work|other|adr one|adr two|address \d|geschaftlich|"
    r"weitere)?\s*(address )?"
    r"(?P<what>street2?|strasse( \d)?|stra e( \d)?|city|ort|locality|state|region|bundesland\w*|"
    r"kanton|postal ?code|zip ?code|zip|postleitzahl|plz|country( region| or region)?|countryname|"
    r"land( region)?)( (?P<behind>home|work|privat|private|geschaftlich|weitere\w*|firma))?"
)
_TOWNS = ("city", "ort", "locality")


def folded(header: str) -> str:
    """A header in plain small words: "E-Mail 2: Adresse" is "e mail 2 adresse"."""
    text = plain(header.replace("ß", "ss"))
    words = re.sub(r"[^a-z0-9]+", " ", text).strip()
    return re.sub(r" value$", "", words)


def field_of(header: str) -> str:
    """The field a column is, one of FIELDS or PARTS, or empty for one not known."""
    words = folded(header)
    bare = re.sub(r"^(.*?) ?\d$", r"\1", words)
    for pattern, field in _RULES:
        if pattern.fullmatch(words) or pattern.fullmatch(bare):
            return field
    return ""


def place_of(header: str) -> tuple[str, bool] | None:
    """(which address, whether the town) for a column with a part of an address, or None."""
    match = _ADDRESS.fullmatch(folded(header))
    if match is None:
        return None
    where = match["where"] or match["behind"] or ""
    return where, match["what"] in _TOWNS


def guess(columns: Sequence[str]) -> dict[str, str]:
    """Column -> field, for those that are recognised."""
    found = {name: field for name in columns if (field := field_of(name)) in FIELDS}
    if "role" not in found.values():
        # "Title" is the job in most books, but an honorific where there is a job title besides.
        found.update({name: "role" for name in columns if folded(name) in ("title", "titel")})
    names = {field for field in found.values()}
    if "name" in names and "given" in names and "family" not in names:
        # "Name, Vorname": the one that is called so is the family's.
        found.update({name: "family" for name, field in found.items() if folded(name) == "name"})
    return found
