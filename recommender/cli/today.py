"""`sawthis today`: the plan of the day, and leaving somebody out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, heading, note, say
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.services.planning import Entry, Plan

app = typer.Typer(help="Who to write to or call today, and why.", invoke_without_command=True)
_HEADINGS = {
    "send": "send {kind}",
    "greet": "congratulate",
    "call": "call",
    "hello": "write a line",
}


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="today")


@app.callback()
def today(
    ctx: typer.Context,
    minutes: Annotated[
        int | None, typer.Option("--minutes", "-m", help="How many you have; 5 unless set.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show today's plan: who, what, why, and a draft. It fits the minutes and leaves no backlog."""
    if ctx.invoked_subcommand is not None:
        return
    plan = open_house().plans.today(now=utc_now(), minutes=minutes)
    if as_json:
        emit_json(shapes.plan_shape(plan))
    else:
        _print(plan)


@app.command()
def skip(contact: ContactRef, as_json: Json = False) -> None:
    """Leave somebody out today; nobody takes the place."""
    _set_skipped(contact, as_json, undo=False)


@app.command()
def unskip(contact: ContactRef, as_json: Json = False) -> None:
    """Take a skip back."""
    _set_skipped(contact, as_json, undo=True)


def _set_skipped(ref: str, as_json: bool, *, undo: bool) -> None:
    house = open_house()
    person = house.people.find(ref)
    house.plans.skip(person, now=utc_now(), undo=undo)
    if as_json:
        emit_json({"contact_id": person.id, "skipped": not undo})
    else:
        say(f"{person.name} is {'back in' if undo else 'left out of'} today's plan.")


def _print(plan: Plan) -> None:
    left = [entry for entry in plan.entries if entry.is_open]
    minutes = sum(entry.slot.minutes for entry in left)
    heading(f"{plan.day:%A, %-d %B}: {_amount(len(left), minutes)}")
    if not plan.entries:
        say("Nobody's turn with something worth sending. That is fine." if plan.n_people else "")
        if not plan.n_people:
            note('No contacts yet: `sawthis contacts add "Joe Ferraro" -i sailing` adds one.')
    elif not left:
        say("All done for today.")
    for number, entry in enumerate(plan.entries, start=1):
        say()
        _print_entry(number, entry)


def _amount(n: int, minutes: int) -> str:
    if not n:
        return "nothing to do"
    return f"{n} {'person' if n == 1 else 'people'}, {minutes} minute{'s' if minutes > 1 else ''}"


def _print_entry(number: int, entry: Entry) -> None:
    contact, slot, found = entry.contact, entry.slot, entry.suggestion
    what = _HEADINGS[slot.action].format(kind=f"{_article(found.kind)}" if found else "something")
    state = " (done)" if entry.is_done else " (skipped)" if slot.skipped_at else ""
    say(f"{number}. {contact.name}: {what}, {slot.minutes} min{state}. {entry.last_contact}.")
    if not entry.is_open:
        return
    if found is not None:
        say(f"   {found.title}")
        if found.url and found.kind != "joke":
            say(f"   {found.url}")
    say(f"   Why: {entry.why}")
    if contact.details.channel:
        say(f"   Best by: {contact.details.channel}")
    for topic in entry.topics:
        say(f"   Ask about: {topic}")
    if slot.action != "call":
        say("   Draft:")
        for line in entry.note.splitlines():
            say(f"   | {line}".rstrip())
    done = f"sent {found.id}" if found else f"touch add {contact.slug} {_touch(entry)}"
    say(f"   Done? `sawthis {done}`. Not today? `sawthis today skip {contact.slug}`.")


def _article(kind: str) -> str:
    return "an article" if kind == "article" else f"a {kind}"


def _touch(entry: Entry) -> str:
    return "call" if entry.slot.action == "call" else "sent"
