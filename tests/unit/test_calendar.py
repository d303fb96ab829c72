"""The calendar of who is due, read back by a library and line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender.mail.calendar import Birthday, DueDay, render_calendar
from recommender.rhythm import falls_on
from tests.digests import BREAKS_OUT, ENCODED, ENDLESS, HEADER, HOME, NOW, TURNED

DUE = DueDay(
    uid="due-c1-2026-12-31@sawthis.invalid",
    name="Ferraro, Joe; “the \\ sailor”",
    on=date(2026, 12, 31),
    reason="You last wrote 6 weeks ago;\nevery month, you said.",
    url=f"{HOME}/person/joe-ferraro",
)
BIRTHDAY = Birthday("birthday-c1@sawthis.invalid", "Joe Ferraro", "1984-07-04", DUE.url)
ANYTHING = st.one_of(
    st.text(st.characters(), max_size=60),
    st.sampled_from([BREAKS_OUT, TURNED, HEADER, ENCODED, ENDLESS, "x\nEND:VEVENT\nBEGIN:VALARM"]),
)


def read(*dues: DueDay, birthdays: tuple[Birthday, ...] = ()) -> Any:
    sent = render_calendar(dues, birthdays=birthdays, name="Sawthis: who is due", now=NOW)
    assert sent.endswith(b"\r\nEND:VCALENDAR\r\n")
    assert b"\n" not in sent.replace(b"\r\n", b"")
    assert max(map(len, sent.split(b"\r\n"))) <= 75
    return icalendar.Calendar.from_ical(sent)


def test_what_programs_that_subscribe_want_to_know() -> None:
    found = read()
    assert found["prodid"] == "-//Sawthis//Keeping in touch//EN"
    assert found["version"] == "2.0"
    assert found["method"] == "PUBLISH"
    assert found["name"] == found["x-wr-calname"] == "Sawthis: who is due"
    assert found["refresh-interval"].dt == timedelta(hours=6)
    assert found["refresh-interval"].params["value"] == "DURATION"
    assert found["x-published-ttl"] == "PT6H"
    assert found.events == []


def test_a_due_day_is_a_day_that_takes_no_time_and_tells_nobody() -> None:
    (event,) = read(DUE).events
    assert event["summary"] == "Write to Ferraro, Joe; “the \\ sailor”"
    assert event["description"] == DUE.reason
    assert event["uid"] == DUE.uid
    assert event["url"] == DUE.url
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2026, 12, 31), date(2027, 1, 1))
    assert event["dtstart"].params["value"] == "DATE"
    assert event["dtstamp"].dt == NOW
    assert event["transp"] == "TRANSPARENT"
    assert event["class"] == "PRIVATE"
    assert "rrule" not in event
    assert not event.errors


def test_the_same_state_makes_the_same_file() -> None:
    made = [render_calendar([DUE], birthdays=[BIRTHDAY], name="Sawthis", now=NOW) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("on", ["1984-07-04", "--07-04", "1984-02-29", "--02-29", "2001-12-31"])
def test_a_birthday_comes_on_the_day_it_is_kept_every_year(on: str) -> None:
    (event,) = read(birthdays=(replace(BIRTHDAY, on=on),)).events
    assert event["summary"] == "Birthday: Joe Ferraro"
    rule = event["rrule"].to_ical().decode()
    start = event["dtstart"].dt
    first = datetime(start.year, start.month, start.day)  # noqa: DTZ001  (a day has no zone)
    until = datetime(2037, 1, 1)  # noqa: DTZ001
    days = [at.date() for at in rrulestr(rule, dtstart=first).between(first, until, inc=True)]
    every_day = (date(2026, 1, 1) + timedelta(days=n) for n in range(366 * 11))
    assert days == [day for day in every_day if day.year < 2037 and falls_on(on, day)]
    assert len(days) == 11
    assert ("description" in event) == (on[0] != "-")


def test_the_year_of_birth_is_told_where_it_is_known() -> None:
    (event,) = read(birthdays=(BIRTHDAY,)).events
    assert event["description"] == "Born in 1984"


@settings(max_examples=150, deadline=None)
@given(st.lists(ANYTHING, min_size=3, max_size=3))
@example([HEADER, HEADER, "javascript:alert(1)"])
def test_whatever_strangers_write_it_stays_one_event(words: list[str]) -> None:
    name, reason, url = words
    hostile = replace(DUE, name=name, reason=reason, url=url)
    born = replace(BIRTHDAY, name=name, url=url)
    found = read(hostile, DUE, birthdays=(born,))
    assert [one.name for one in found.walk()] == ["VCALENDAR", "VEVENT", "VEVENT", "VEVENT"]
    known = {"SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "CLASS", "TRANSP", "DESCRIPTION"}
    for event in found.events:
        assert set(event) <= known | {"URL", "RRULE"}
        assert not event.errors
        assert "\n" not in event["summary"]
        assert str(event.get("url", "https:")).startswith(("http:", "https:"))
    assert found.events[1]["summary"].endswith("sailor”")
    assert found.events[0]["dtstamp"].dt.utcoffset() == timedelta(0)
