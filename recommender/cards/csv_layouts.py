"""What the columns of a table of contacts mean, going by their headers.

It knows what Google, Outlook, Thunderbird (both also in German), LinkedIn, Roundcube and phones
write, and from their words it guesses the rest. And how they write a day.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from recommender.cards.dates import NO_YEARS, day_text, read_day
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = (
    "name", "given", "family", "additional", "prefix", "suffix", "nicknames", "emails", "phones",
    "addresses", "town", "organisation", "role", "sites", "birthday", "anniversary", "groups",
    "notes", "interests",
)  # fmt: skip
"""What a column may hold."""
KIND = "kind"
"""The column beside says of what kind its value is: Home, Anniversary."""
NAMING = frozenset({"name", "given", "family", "nicknames", "emails"})
"""A table without any of these is not one of people."""


class Column(NamedTuple):
    """What a column holds."""

    field: str = ""
    """One of FIELDS, KIND, or empty for what is left out."""
    group: str = ""
    """Columns of one address have it in common, as has the KIND of an address or event."""
    part: str = ""
    """Which part of an address or day it is, or a peculiarity of the column."""


MAX_HEADER = 200
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+|\d+")
_OF_ANOTHER = re.compile(
    r"\b(?:assist\w*|manager\w*|vorgesetzt\w*|spouse|children|referred|yomi|phonetic|furigana"
    r"|directory|free|frei|uri|lon|lat|vorwahl|photo|id|type|typ|label|format)\b"
    r"|email .*\bname\b|organization (?:location|symbol|job description)|custom\b.*"
)
"""Someone else's number, how a word is spoken, or of what kind the column beside is."""
_KIND = re.compile(r"(?:address|adresse|event) (?:type|label)")
_OWN = r"(?:(?:cp|n|contact|kontakt) )?"
"""How some systems mark the columns of a person."""
_RULES = tuple(
    (Column(field, "", part), re.compile(pattern))
    for field, part, pattern in (
        ("given", "", _OWN + "(?:(?:given|first|fore) ?name|vornamen?|given|first|prenom|fname)"),
        (
            "family",
            "",
            _OWN + "(?:(?:last|sur|family) ?name|(?:nach|familien)name|family|last|lname)",
        ),
        ("family", "", "cp name|nom de famille|apellidos?"),
        ("additional", "", _OWN + "(?:middle ?names?|additional ?name|weitere vornamen|middle)"),
        ("prefix", "", _OWN + "(?:name |honorific )?prefix|anrede|salutation|titel"),
        ("prefix", "", "cp (?:greeting|title)"),
        ("suffix", "", _OWN + "(?:name |honorific )?suffix|namenszusatz"),
        ("nicknames", "", "nick ?names?|nick|spitznamen?|rufname"),
        ("name", "", "(?:full |display |formatted |contact |complete )?name|n fn|fn|anzeigename"),
        ("name", "", "vollstandiger name|displayname|fullname|nom complet|nombre|kontakt|contact"),
        ("emails", "", r".*\be?mails?(?:adress\w*)?\b.*"),
        ("phones", "late", r".*\b(?:\w*fax\w*|pager|isdn|company main phone|telefon firma)\b.*"),
        ("phones", "", r".*\b(?:\w*phones?|\w*telefon\w*|tel|mobil\w*|handy\w*|cell|natel)\b.*"),
        ("organisation", "", "(?:company|org|organi[sz]ation|firma|firmen)(?: ?name)?"),
        ("organisation", "", "unternehmen|employer|arbeitgeber|societe|empresa"),
        ("role", "", "(?:job|organi[sz]ation) ?title|position|role|rolle|funktion|beruf"),
        ("role", "", "berufsbezeichnung|occupation|profession|jobtitel|arbeitstitel"),
        ("title", "", "title"),
        ("sites", "", r".*\b(?:web ?sites?|webseiten?|web ?page|web|home ?page|url|blog)\b.*"),
        ("birthday", "year", "birth ?year|geburtsjahr|year of birth"),
        ("birthday", "month", "birth ?month|geburtsmonat|month of birth"),
        ("birthday", "day", "birth day|day of birth"),
        ("birthday", "", "birthdays?|bday|geburtstag|geburtsdatum|(?:date of )?birth ?(?:date)?"),
        ("birthday", "", "dob|date of birth|geboren"),
        ("anniversary", "event", "event"),
        ("anniversary", "", "(?:wedding )?anniversary|jahrestag|hochzeitstag"),
        ("groups", "google", "group membership|labels"),
        ("groups", "", "categor(?:y|ies)|kategorien?|groups?|gruppen?|tags?"),
        ("notes", "", "notes?|notiz(?:en)?|bemerkung(?:en)?|anmerkung(?:en)?|comments?|remarks?"),
        ("notes", "", "kommentare?|memo|description|beschreibung"),
        ("interests", "", "interests?|interessen?|hobb(?:y|ies|ys)"),
        ("town", "town", r".*\b(?:city|ort|town|stadt|locality|wohnort|ville|location)\b.*"),
        ("addresses", "formatted", r".*\bformatted\b.*|(?:full|complete) address"),
        ("addresses", "country", r".*\b(?:country\w*|land|pays)\b.*"),
        ("addresses", "region", r".*\b(?:state|region|province|bundesland|county|kanton)\b.*"),
        ("addresses", "code", r".*\b(?:zip|zipcode|postal ?code|post ?code|postleitzahl|plz)\b.*"),
        ("addresses", "extra", r".*\b(?:po box|postfach|extended address)\b.*"),
        ("addresses", "street", r".*\b(?:street|strasse\w*|str|addr|address|adresse)\b.*"),
        ("addresses", "street", r".*\b(?:anschrift|hausnummer)\b.*"),
    )
)
_PLACES = (
    ("home", re.compile(r"\b(?:home|privat\w*|personal)\b")),
    ("work", re.compile(r"\b(?:work|business|geschaftlich|dienstlich)\b")),
    ("other", re.compile(r"\b(?:other|andere\w*|weitere\w*|two|alternative)\b")),
)
_GERMAN = re.compile(
    r"\b(?:vorname|nachname|anzeigename|geburt\w+|strasse|ort|plz|telefon\w*|notizen|firma)\b"
)
_DAY = re.compile(r"(\d{1,2})([/.-])\s?(\d{1,2})(?:[/.-]?\s?(\d{4}|\d\d)?(?![\d/]))")
_YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)")


def layout(headers: Sequence[str]) -> list[Column]:
    """What each column holds, seen beside the others."""
    keys = [_key(header) for header in headers]
    columns = [_column(header, key) for header, key in zip(headers, keys, strict=True)]
    fields = {column.field for column in columns}
    changes = _title(fields) | _days(columns)
    if "family" not in fields and {"vorname", "prenom"} & set(keys):
        changes[Column("name")] = Column("family")  # "Name; Vorname"
    if "connected on" in keys:
        # LinkedIn's address of a profile is no page of one's own.
        changes[Column("sites")] = Column()
    return [changes.get(column, column) for column in columns]


def mapped(headers: Sequence[str], mapping: Mapping[str, str]) -> list[Column]:
    """What each column holds, going by what somebody says of it."""
    found = []
    for header, column in zip(headers, layout(headers), strict=True):
        field = mapping.get(header, "")
        if column.field in (field, KIND):
            found.append(column)
        else:
            found.append(Column(field, column.group if field in ("addresses", "town") else ""))
    return found


def guess_mapping(columns: Sequence[str]) -> dict[str, str]:
    """Column header -> field of a card, for those that are recognised."""
    return {
        header: column.field
        for header, column in zip(columns, layout(columns), strict=True)
        if column.field in FIELDS
    }


def is_german(headers: Sequence[str]) -> bool:
    """Whether a program that speaks German wrote the headers."""
    return any(_GERMAN.search(_key(header)) for header in headers)


def table_day(text: str, *, day_first: bool) -> str:
    """A day as "1984-02-29", or "--02-29" without a year; empty for what is no such day.

    Args:
        text: As a table has it, perhaps with a time.
        day_first: What 3/4/1984 means; a dot always follows the day.
    """
    text = text.strip()[:40]
    if day := read_day(text):
        return day
    if match := _YEAR_FIRST.match(text):
        return day_text("" if match[1] in NO_YEARS else match[1], match[2], match[3])
    match = _DAY.match(text)
    if match is None:
        return ""
    first, second = match[1], match[3]
    # Two digits may be of either century: the day is kept, and the year left open.
    year = match[4] if match[4] and len(match[4]) == 4 and match[4] not in NO_YEARS else ""
    if match[2] == "." or int(first) > 12 or (day_first and int(second) <= 12):
        first, second = second, first
    return day_text(year, first, second)


def slashed(text: str) -> tuple[int, int]:
    """The first two numbers of 3/4/1984; zeros for anything else."""
    match = _DAY.match(text.strip()[:40])
    return (int(match[1]), int(match[3])) if match and match[2] == "/" else (0, 0)


def _key(header: str) -> str:
    """The words of a header: "E-Mail 2: Adresse" is "email adresse"."""
    return " ".join(word for word in _words(header) if not word.isdecimal() and word != "value")


def _words(header: str) -> list[str]:
    bare = plain(_CAMEL.sub(" ", header[:MAX_HEADER].strip()).casefold())
    return _WORD.findall(re.sub(r"\be\W?mail", "email", bare))


def _column(header: str, key: str) -> Column:
    if _KIND.fullmatch(key):
        return Column(KIND, _group(header, key))
    if not key or _OF_ANOTHER.search(key):
        return Column()
    column = next((column for column, pattern in _RULES if pattern.fullmatch(key)), Column())
    if column.field in ("addresses", "town") or column.part == "event":
        return column._replace(group=_group(header, key))
    return column


def _group(header: str, key: str) -> str:
    """Which address or event it is: Google's have numbers, the others' a place."""
    words = _words(header)
    if words[0] in ("address", "event") and len(words) > 1 and words[1].isdecimal():
        return " ".join(words[:2])
    return next((place for place, pattern in _PLACES if pattern.search(key)), "")


def _title(fields: set[str]) -> dict[Column, Column]:
    """A title is one's work, unless another column is: then it is Dr."""
    return {Column("title"): Column("prefix" if "role" in fields else "role")}


def _days(columns: Sequence[Column]) -> dict[Column, Column]:
    """A day of birth is a number where there is a column of months, or else a date."""
    whole, day = Column("birthday"), Column("birthday", "", "day")
    return {whole: day} if Column("birthday", "", "month") in columns else {day: whole}
