"""A digest's view as the two texts of its mail: plain, and HTML that needs nothing from outside.

Both show the same, in the same order. Templates and their libraries load with the first digest:
whatever else imports this package must stay light.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from recommender.mail.cleaning import cleaned, one_line
from recommender.mail.columns import fill, underlined

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Environment

    from recommender.mail.view import Call, DigestView, Occasion, Person

MAX_HEADLINE = 110
"""Beyond that mail programs show nothing of a subject."""
MAX_PREHEADER = 140
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def render_text(view: DigestView) -> str:
    """The plain text, in lines of at most 72 columns but for addresses."""
    text = _environment().get_template("digest.txt").render(_shown(view))
    return "\n".join(line.rstrip() for line in text.strip().split("\n")) + "\n"


def render_html(view: DigestView) -> str:
    """The HTML document: style in each element, and in its head only what depends on the reader."""
    html = _environment().get_template("digest.html").render(_shown(view))
    return _inliner().inline(html)


def headline(view: DigestView) -> str:
    """One line that says who; the subject and the first heading."""
    if view.people:
        reasons = "A good reason" if len(view.people) == 1 else "Good reasons"
        return _listed(f"{reasons} to write:", view.people)
    if view.calls:
        return _listed("Somebody to call:", view.calls)
    if view.occasions:
        return _listed("Days to remember:", view.occasions)
    return "Nothing to send this week"


def number(n: int) -> str:
    """A small number as a word."""
    return _NUMBERS[n] if 0 <= n < len(_NUMBERS) else f"{n:,}"


def _shown(view: DigestView) -> dict[str, object]:
    """What the templates see."""
    view = cleaned(view)
    return {
        "view": view,
        "headline": headline(view),
        "preheader": _preheader(view),
        "lead": _lead(view),
        "due": [person for person in view.people if person.is_due],
        "others": [person for person in view.people if not person.is_due],
    }


def _listed(start: str, named: tuple[Person, ...] | tuple[Call | Occasion, ...]) -> str:
    """Names while there is room, and how many more; whole ones where first names are the same."""
    shared = Counter(one.first_name for one in named)
    names = [one.first_name if shared[one.first_name] == 1 else one.name for one in named]
    names = list(dict.fromkeys(one_line(name, MAX_HEADLINE // 2) for name in names))
    for n in range(len(names), 0, -1):
        rest = f" and {number(len(names) - n)} more" if n < len(names) else ""
        line = f"{start} {', '.join(names[:n])}{rest}"
        if len(line) <= MAX_HEADLINE:
            return line
    return one_line(f"{start} {names[0]}", MAX_HEADLINE)


def _preheader(view: DigestView) -> str:
    """What stands beside the subject in a list of mails: who, and with what."""
    found = [
        f"{person.name}: {pick.title or pick.text.splitlines()[0]}"
        for person in view.people
        for pick in person.picks[:1]
    ]
    told = [*found, *(f"{one.name}: {one.what}" for one in view.occasions), *_honest(view)]
    return one_line("; ".join(told), MAX_PREHEADER)


def _lead(view: DigestView) -> list[str]:
    """How much it is, and honestly so when it is little."""
    n = len(view.people)
    minutes = f"about {number(view.minutes)} minute{'' if view.minutes == 1 else 's'}"
    told = [f"{number(n)} {'person' if n == 1 else 'people'}"] if n else []
    told += [minutes] if view.minutes > 0 and (n or view.calls or view.occasions) else []
    line = ", ".join(told)
    return [*([f"{line[0].upper()}{line[1:]}."] if line else []), *_honest(view)]


def _honest(view: DigestView) -> list[str]:
    if not view.people:
        waiting = f"{view.n_without:,} people are" if view.n_without > 1 else "One person is"
        rest = f" {waiting} due, and that can wait." if view.n_without > 0 else ""
        return [f"Nothing is good enough to send this week. That is fine.{rest}"]
    if view.n_without > 0:
        n = view.n_without
        people = "one person who is" if n == 1 else f"{n:,} people who are"
        return [f"For {people} due nothing was good enough."]
    return []


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, select_autoescape

    made = Environment(
        loader=PackageLoader("recommender.mail"),
        autoescape=select_autoescape(("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters.update(fill=fill, underlined=underlined)
    return made


@cache
def _inliner() -> CSSInliner:
    """Puts each rule where it applies, for many mail programs drop a sheet; media queries stay."""
    from css_inline import CSSInliner

    return CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
