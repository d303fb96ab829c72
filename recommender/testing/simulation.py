"""Years of a user's days on a fake clock, and the rules that every day of them has to keep.

The real services plan, suggest and log; only the clock, the people and the feeds are made up.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from recommender.demo import demo_feeds
from recommender.domain import Details, NewItem
from recommender.plan import (
    ATTENTION_DAYS,
    ATTENTION_SHARE,
    DORMANT_AFTER_DAYS,
    EASY_BEFORE_DORMANT,
    FEW_PEOPLE,
    FEW_SLOTS,
)
from recommender.rhythm import QUIET_AFTER_HARD_DAYS, cadence_of, next_turn
from recommender.safety import may_be_written_to
from recommender.testing.builders import make_contact
from recommender.words import sentences, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.demo import DemoArticle
    from recommender.domain import Contact
    from recommender.services.outcomes import Outcomes
    from recommender.services.people import People
    from recommender.services.planning import Entry, Plans
    from recommender.services.refresh import Refresher
    from recommender.services.touches import Touches
    from recommender.storage.protocol import Storage

GROUPS = (("Close", 0.1), ("Friends", 0.4), ("Work", 0.3), ("Wider", 0.2))
CADENCES = {"Close": 21, "Friends": 60, "Work": 180, "Wider": 365}
SAME_WORDS = 0.85
"""Two texts that share so many of the shorter one's word quadruples are one in disguise."""
START = datetime(2027, 1, 4, 7, 0, tzinfo=UTC)


class Rooms(Protocol):
    """What a simulation needs of a house (`recommender.wiring.House`)."""

    @property
    def account_id(self) -> str:
        """Whose library."""

    @property
    def storage(self) -> Storage:
        """The library."""

    @property
    def people(self) -> People:
        """Contacts."""

    @property
    def plans(self) -> Plans:
        """Plans."""

    @property
    def outcomes(self) -> Outcomes:
        """What came of suggestions."""

    @property
    def touches(self) -> Touches:
        """Touches."""

    @property
    def refresher(self) -> Refresher:
        """Matching."""


class Done(NamedTuple):
    """One thing that was done."""

    day: date
    contact_id: str
    action: str
    is_dormant: bool
    title: str = ""
    text: str = ""
    kind: str = ""
    level: str = ""
    url: str = ""


@dataclass(slots=True)
class Log:
    """What happened."""

    start: date
    minutes: int
    done: list[Done] = field(default_factory=list)
    planned: list[Done] = field(default_factory=list)
    """What the plans said, done or not; without the items."""
    used: dict[date, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    """Ids of contacts that any plan named."""
    wrong: list[str] = field(default_factory=list)
    """Rules that a day broke, in words."""
    touched: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))
    """Days of every touch, of either side."""
    hard: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))


class Simulation:
    """A network, its feeds, and a user who does what the plan says.

    Args:
        rooms: An empty library with its services.
        seed: Of everything that is left to chance.
        n_people: How many contacts.
        minutes: How many the user has each day.
        diligence: Chance that a planned action is done.
    """

    def __init__(
        self,
        rooms: Rooms,
        *,
        seed: int = 1,
        n_people: int = 150,
        minutes: int = 5,
        diligence: float = 1.0,
    ) -> None:
        self._rooms = rooms
        self._rng = random.Random(seed)
        self._n_people = n_people
        self._diligence = diligence
        self._n_told = 0
        self.log = Log(START.date(), minutes)
        self._articles = [
            a for feed in demo_feeds() if feed.kind == "article" for a in feed.articles
        ]
        self._jokes = [a for feed in demo_feeds() if feed.kind == "joke" for a in feed.articles]
        self._subjects = sorted({a.subject for a in (*self._articles, *self._jokes)} - {""})
        self._told: list[NewItem] = []

    def run(self, weeks: int) -> Log:
        """Live so many weeks; returns what happened."""
        self._meet_people()
        for n in range(7 * weeks):
            now = START + timedelta(days=n, minutes=self._rng.randrange(180))
            if n % 7 == 0:
                self._tell(now, 60 if n == 0 else 14)
                self._rooms.refresher.match()
            self._live(now)
        return self.log

    def _meet_people(self) -> None:
        rng, people = self._rng, self._rooms.people
        with self._rooms.storage.transaction():
            for n in range(self._n_people):
                group = rng.choices([g for g, _ in GROUPS], [w for _, w in GROUPS])[0]
                day = f"{rng.randint(1, 12):02}-{rng.randint(1, 28):02}" if n else "02-29"
                contact = make_contact(
                    f"{chr(65 + n % 26)}{n} Person{n}",
                    id=f"p{n}",  # what is left to chance must be the same for the same seed
                    created_at=START,
                    updated_at=START,
                    emails=(f"p{n}@person{n}.example",),
                    humour=rng.choice(["none", "none", "clean", "any"]),
                    cadence_days=CADENCES[group],
                    groups=(group,),
                    birthday=f"--{day}" if rng.random() < 0.5 else "",
                    details=Details(time_zone="Europe/Berlin"),
                )
                self._rooms.storage.people.add_contact(self._rooms.account_id, contact)
                for phrase in rng.sample(self._subjects, 3):
                    people.add_interest(contact, phrase, now=START)
                self._put_away(contact, rng.random())
                if rng.random() < 0.7:
                    ago = timedelta(days=rng.randrange(1, 500))
                    kind = rng.choice(["sent", "call", "met"])
                    self._rooms.touches.log(contact, kind, now=START, at=START - ago)  # type: ignore[arg-type]  # one of the kinds
                    self.log.touched[contact.id].append((START - ago).date())

    def _put_away(self, contact: Contact, chance: float) -> None:
        changes: dict[str, Any] = {}
        if chance < 0.03:
            changes = {"state": "do_not_contact"}
        elif chance < 0.05:
            changes = {"state": "deceased"}
        elif chance < 0.07:
            changes = {"state": "paused", "paused_until": START + timedelta(days=100)}
        elif chance < 0.08:
            changes = {"archived_at": START}
        if changes:
            self._rooms.people.edit(contact, now=START, **changes)

    def _tell(self, now: datetime, n: int) -> None:
        """A week's feeds: new articles and jokes, and old ones in disguise."""
        items = [self._article(now) for _ in range(n)] + [self._joke(now) for _ in range(n // 4)]
        if self._told:
            items += [self._disguised(self._rng.choice(self._told), now) for _ in range(n // 3)]
        feeds = [
            self._rooms.storage.feeds.subscribe(
                self._rooms.account_id,
                f"https://feed{k}.example/",
                kind="article",
                title=f"Feed {k}",
                now=now,
            )
            for k in range(2)
        ]
        for item in items:
            feed = self._rng.choice(feeds)
            self._rooms.storage.items.put_items([item], feed_id=feed.id, owner_id="", now=now)
        self._told += items[:n]

    def _article(self, now: datetime) -> NewItem:
        """Half of one article and half of another of its subject, under a name of its own."""
        one = self._rng.choice(self._articles)
        kin = [a for a in self._articles if a.subject == one.subject]
        parts = [*self._half(one), *self._half(self._rng.choice(kin))]
        title = f"{one.title} ({self._n_told + 1})"
        return self._item(now, "article", title, " ".join(parts), one.author)

    def _half(self, article: DemoArticle) -> list[str]:
        found = [article.text[a:b] for a, b in sentences(article.text)]
        return self._rng.sample(found, max(1, len(found) // 2))

    def _joke(self, now: datetime) -> NewItem:
        one = self._rng.choice(self._jokes)
        return self._item(now, "joke", one.title, one.text, one.author)

    def _item(self, now: datetime, kind: Any, title: str, text: str, author: str) -> NewItem:  # noqa: ANN401
        self._n_told += 1
        url = f"https://paper{self._n_told % 5}.example/{kind}/{self._n_told}"
        return NewItem(
            key=url,
            kind=kind,
            url=url,
            title=title,
            text=text,
            author=author,
            language="en",
            tags=(),
            published_at=now - timedelta(hours=self._rng.randrange(72)),
            content_hash=f"{title}\0{text}",
        )

    def _disguised(self, item: NewItem, now: datetime) -> NewItem:
        """The same again: at another outlet, reposted, or a little edited."""
        self._n_told += 1
        url = f"https://copy{self._n_told % 3}.example/{self._n_told}?utm_source=x"
        text = self._rng.choice([item.text, f"{item.text} Read more.", item.text.upper()])
        return replace(item, key=url, url=url, text=text, content_hash=f"{url}", published_at=now)

    def _live(self, now: datetime) -> None:
        """A day: the plan, what is done of it, and what others do."""
        active = [c for c in self._rooms.people.all() if may_be_written_to(c, now)]
        plan = self._rooms.plans.today(now=now, minutes=self.log.minutes)
        again = self._rooms.plans.today(now=now + timedelta(minutes=5))
        if [e.slot for e in plan.entries] != [e.slot for e in again.entries]:
            self.log.wrong.append(f"{plan.day}: the plan changed within the day")
        self.log.used[plan.day] = sum(entry.slot.minutes for entry in plan.entries)
        for entry in plan.entries:
            self.log.shown.add(entry.contact.id)
            slot = entry.slot
            self.log.planned.append(Done(slot.day, slot.contact_id, slot.action, slot.is_dormant))
            if not may_be_written_to(entry.contact, now):
                self.log.wrong.append(f"{plan.day}: {entry.contact.name} may not be written to")
            if self._rng.random() < self._diligence:
                self._do(entry, now + timedelta(minutes=10))
        for contact in active:
            if self._rng.random() < 1 / 400:
                self._rooms.people.edit(contact, now=now, hard_at=now)
                self.log.hard[contact.id].append(now.date())
            elif self._rng.random() < 1 / 200:
                self._rooms.touches.log(contact, "received", now=now + timedelta(minutes=20))
                self.log.touched[contact.id].append(now.date())

    def _do(self, entry: Entry, now: datetime) -> None:
        contact, found = entry.contact, entry.suggestion
        done = Done(now.date(), contact.id, entry.slot.action, entry.slot.is_dormant)
        if found is not None:
            item = self._rooms.storage.items.item(self._rooms.account_id, found.item_id)
            done = done._replace(
                title=item.title,
                text=item.text,
                kind=item.kind,
                level=item.level or "",
                url=item.url or "",
            )
            self._rooms.outcomes.note(found.id, "sent", now=now)
        else:
            kind = "call" if entry.slot.action == "call" else "sent"
            self._rooms.touches.log(contact, kind, now=now)  # type: ignore[arg-type]  # one of the kinds
        self.log.done.append(done)
        self.log.touched[contact.id].append(now.date())


def broken_rules(log: Log, people: People, *, enough_minutes: bool) -> list[str]:
    """Every rule that a log breaks, in words.

    Args:
        log: Of a simulation.
        people: The contacts it was about.
        enough_minutes: Whether the minutes were enough for every cadence, and all was done.
    """
    contacts = {contact.id: contact for contact in people.all()}
    found = [*log.wrong]
    for day, used in log.used.items():
        if used > log.minutes:
            found.append(f"{day}: {used} minutes of {log.minutes}")
    for contact_id, contact in contacts.items():
        put_away = contact.state in ("do_not_contact", "deceased") or contact.archived_at
        if put_away and contact_id in log.shown:
            found.append(f"{contact.name} was named, and is {contact.state}")
        found += _of_contact(log, contact, enough_minutes=enough_minutes)
    return found + _of_all(log, len(contacts))


def _of_contact(log: Log, contact: Contact, *, enough_minutes: bool) -> list[str]:
    found = []
    done = [one for one in log.done if one.contact_id == contact.id]
    sent = [one for one in done if one.action == "send"]
    found += _repeats(contact, sent) + _jokes(contact, sent)
    for one in done:
        if any(
            0 <= (one.day - d).days < QUIET_AFTER_HARD_DAYS and one.day != d
            for d in log.hard[contact.id]
        ):
            found.append(f"{contact.name} was not left in peace ({one.day})")
    if enough_minutes and not log.hard[contact.id]:
        found += _out_of_rhythm(log, contact)
    return found


def _repeats(contact: Contact, sent: Sequence[Done]) -> list[str]:
    found = []
    texts = [_quadruples(one.text) for one in sent]
    for at, one in enumerate(sent):
        for earlier, words in zip(sent[:at], texts[:at], strict=True):
            least = min(words.total(), texts[at].total())
            shared = (words & texts[at]).total() / least if least else 0.0
            if one.url == earlier.url or one.text == earlier.text or shared >= SAME_WORDS:
                found.append(f"{contact.name} got “{one.title}” twice ({one.day})")
    return found


def _quadruples(text: str) -> Counter[tuple[str, ...]]:
    words = tokens(text)
    return Counter(tuple(words[at : at + 4]) for at in range(len(words) - 3))


def _jokes(contact: Contact, sent: Sequence[Done]) -> list[str]:
    found = []
    for at, one in enumerate(sent):
        if one.kind == "joke" and not _may_get(contact, one.level):
            found.append(f"{contact.name} got a joke beyond {contact.humour} ({one.day})")
        if one.kind == "joke" and any(s.kind == "joke" for s in sent[max(0, at - 2) : at]):
            found.append(f"{contact.name} got two jokes in three ({one.day})")
    return found


def _may_get(contact: Contact, level: str) -> bool:
    return contact.humour == "any" or (contact.humour == "clean" and level == "clean")


def _out_of_rhythm(log: Log, contact: Contact) -> list[str]:
    """Touches that a plan made outside the window of their turn."""
    cadence = cadence_of(contact, {})
    days = sorted(set(log.touched[contact.id]))
    planned = {
        one.day
        for one in log.done
        if one.contact_id == contact.id and one.action in ("send", "hello")
    }
    found = []
    for last, day in pairwise(days):
        window = next_turn(contact.id, cadence, last)
        # Before the first day of the simulation nobody kept a rhythm.
        if day in planned and last >= log.start and not window.earliest <= day <= window.latest:
            found.append(f"{contact.name}: {last} to {day} is outside {window.latest}")
    return found


def _of_all(log: Log, n_people: int) -> list[str]:
    found = []
    for at, one in enumerate(log.planned):
        before = [s for s in log.planned[:at] if (one.day - s.day).days < ATTENTION_DAYS]
        own = sum(s.contact_id == one.contact_id for s in before) + 1
        fair = max(FEW_SLOTS, int(ATTENTION_SHARE * (len(before) + 1)))
        if n_people > FEW_PEOPLE and one.action != "greet" and own > fair:
            found.append(f"{one.contact_id} took {own} of {len(before) + 1} slots ({one.day})")
        if one.is_dormant and one.action != "greet" and at:
            since = 0
            while since < at and not log.planned[at - since - 1].is_dormant:
                since += 1
            apart = (one.day - log.planned[at - since - 1].day).days if since < at else 999
            if since < min(EASY_BEFORE_DORMANT, at) and apart < DORMANT_AFTER_DAYS:
                found.append(f"{one.contact_id}: dormant ones too close together ({one.day})")
    weeks = Counter(one.day.isocalendar()[:2] for one in log.planned if one.action == "call")
    most = max(1, -(-n_people // 52))
    found += [f"{n} calls in week {week}" for week, n in weeks.items() if n > most]
    return found
