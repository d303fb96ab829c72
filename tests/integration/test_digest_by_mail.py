"""The digest by mail: once a week, whatever happens on the way."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from recommender.api.loops import DigestLoop
from recommender.errors import ConfigError, InvalidInput, MailError, StorageBusy
from recommender.services.checking import checked_mailbox
from recommender.services.doctor import last_digest
from recommender.services.posting import post_office as office
from recommender.services.preferences import set_preferences
from recommender.settings import Settings, load_settings
from recommender.weekly import DAYS
from recommender.wiring import House, utc_now
from tests.integration.post import Post, post_office
from tests.integration.serving import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.storage.sqlite import SqliteStorage
    from tests.conftest import Sawthis

ME = "me@example.org"


@pytest.fixture
def post() -> Iterator[Post]:
    with post_office() as made:
        yield made


@pytest.fixture
def mailing(demo: Sawthis, post: Post) -> Sawthis:
    """The demo with a mail server and an address."""
    demo.environment.update(post.environment)
    demo.ok("digest", "schedule", "--to", ME)
    return demo


def house_of(cli: Sawthis, **settings: object) -> House:
    return House(load_settings(cli.env(), settings))


def wanted_now(cli: Sawthis) -> None:
    """Ask for the digest at this minute, as if that had been asked for long ago."""
    house = house_of(cli)
    now = utc_now() - timedelta(minutes=1)
    local = now.astimezone(house.zone)
    cli.ok("digest", "schedule", "--day", DAYS[local.weekday()], "--at", f"{local:%H:%M}")
    before = (now - timedelta(days=9)).isoformat()
    house.storage.rhythm.put_preference("me", "digest.since", before, now=now)
    house.close()


def doctor_on(cli: Sawthis, name: str) -> dict[str, str]:
    findings = json.loads(cli.run("doctor", "--json").stdout)["findings"]
    found: dict[str, str] = next(one for one in findings if one["name"] == name)
    return found


def test_a_digest_arrives_once(mailing: Sawthis, post: Post) -> None:
    assert "went to me@example.org" in mailing.ok("digest", "send")
    assert "went to me@example.org" in mailing.ok("digest", "send")
    (mail,) = post.mails
    assert post.recipients == [ME]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"].startswith("<http://127.0.0.1:8765/stop/")
    assert "List-Unsubscribe-Post" not in mail
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text["Content-Transfer-Encoding"] == html["Content-Transfer-Encoding"]
    assert text["Content-Transfer-Encoding"] == "quoted-printable"
    assert doctor_on(mailing, "digest")["state"] == "ok"
    mailing.ok("digest", "send", "--again")
    assert post.ids[0] == post.ids[1]  # whoever sorts out doubles can


def test_every_face_suggests_the_same(mailing: Sawthis, post: Post) -> None:
    mailing.ok("digest", "send")
    (mail,) = post.mails
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    service = Service(mailing)
    cards = service.get("/digest?people=7")["cards"]
    with service.browser() as browser:
        page = browser.get("/settings/digest").text
    told = json.loads(mailing.ok("digest", "preview", "--json"))["cards"]
    assert [c["contact"]["id"] for c in told] == [c["contact"]["id"] for c in cards]
    assert len(cards) > 2
    at = 0
    for card in cards:
        path = f"/contacts/{card['contact']['id']}/suggestions?n=3"
        by_api = [s["item"]["title"] for s in service.get(path)["suggestions"]]
        said = json.loads(mailing.ok("suggest", "--contact", card["contact"]["id"], "--json"))
        by_cli = [s["item"]["title"] for s in said["suggestions"]]
        mailed = [s["item"]["title"] for s in card["suggestions"]]
        assert 1 <= len(mailed) <= 3
        assert mailed == by_api[: len(mailed)] == by_cli[: len(mailed)]
        for title in mailed:
            at = text.index(f"* {title}", at)  # in this order
            assert title.replace("'", "&#39;") in page
    service.stop()


def test_reading_takes_five_minutes(mailing: Sawthis) -> None:
    shown = re.sub(r"(https?|mailto):\S+", "", mailing.ok("digest", "preview"))
    assert len(shown.split()) < 5 * 220


def test_the_schedule(mailing: Sawthis) -> None:
    assert "No digest comes by itself" in mailing.ok("digest", "schedule")
    said = mailing.ok("digest", "schedule", "--day", "Sunday", "--at", "18:00")
    assert "Sunday" in said
    assert "at 18:00" in said
    told = json.loads(mailing.ok("digest", "schedule", "--json"))
    assert (told["to"], told["day"], told["at"]) == (ME, "sunday", "18:00")
    assert datetime.fromisoformat(told["next_at"]) > utc_now()
    for wrong in (["--day", "someday"], ["--at", "25:00"], ["--to", "me@x\nBcc: you@x.org"]):
        assert "sawthis:" in mailing.fails("digest", "schedule", *wrong)
    assert "No digest" in mailing.ok("digest", "schedule", "--off")


def test_due_once_from_a_timer(mailing: Sawthis, post: Post) -> None:
    quiet = mailing.run("digest", "send", "--if-due")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    wanted_now(mailing)
    mailing.ok("digest", "send", "--if-due")
    mailing.ok("digest", "send", "--if-due")
    assert len(post.taken) == 1


def test_two_timers_at_once_send_one(mailing: Sawthis, post: Post) -> None:
    wanted_now(mailing)
    both = [mailing.popen("digest", "send", "--if-due") for _ in range(4)]
    for process in both:
        process.communicate(timeout=60)
    assert len(post.taken) == 1


def test_serve_sends_it_on_its_day(mailing: Sawthis, post: Post) -> None:
    wanted_now(mailing)
    service = Service(mailing)
    until = time.monotonic() + 30
    while not post.taken and time.monotonic() < until:
        time.sleep(0.05)
    (sent,) = [one for one in service.get("/digest/outbox")["digests"] if one["attempts"]]
    service.stop()
    (mail,) = post.mails
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"{service.base}/go/" in body.get_content()  # the port it listens at
    assert sent["recipient"] == ME


def test_a_server_that_is_down_is_tried_again_later(mailing: Sawthis, post: Post) -> None:
    wanted_now(mailing)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        mailing.environment["SAWTHIS_SMTP_PORT"] = str(closed.getsockname()[1])
        failed = mailing.run("digest", "send", "--if-due")
    assert failed.returncode == 1  # so that a timer shows it
    assert "did not go out: 127.0.0.1" in failed.stdout
    found = doctor_on(mailing, "digest")
    assert found["state"] == "warning"
    assert "tried once" in found["detail"]
    assert doctor_on(mailing, "mail server")["state"] == "fault"
    mailing.environment.update(post.environment)
    assert mailing.ok("digest", "send", "--if-due") == ""
    house = house_of(mailing)
    (waiting,) = house.storage.mail.outbox("me", limit=9)
    assert waiting.retry_at is not None
    later = house.mailer.send_if_due(now=waiting.retry_at + timedelta(seconds=1))
    assert later is not None
    assert (later.state, later.attempts) == ("sent", 2)
    house.close()
    assert len(post.taken) == 1


@pytest.mark.parametrize("refuse", ["refuse_recipient", "refuse_mail"])
def test_what_the_server_refuses_did_not_go_out(mailing: Sawthis, post: Post, refuse: str) -> None:
    setattr(post, refuse, "550 5.7.1 not today")
    said = mailing.fails("digest", "send")
    assert "550 5.7.1 not today" in said
    assert post.taken == []
    setattr(post, refuse, "")
    mailing.ok("digest", "send")
    assert len(post.taken) == 1


def test_what_may_have_arrived_is_not_sent_again_by_itself(mailing: Sawthis, post: Post) -> None:
    post.hang_up_after_mail = True
    assert "may have arrived" in mailing.fails("digest", "send")
    post.hang_up_after_mail = False
    assert "may have arrived" in mailing.ok("digest", "send")
    house = house_of(mailing)
    week = house.storage.mail.outbox("me", limit=1)[0].week
    before = (utc_now() - timedelta(hours=1)).isoformat(timespec="microseconds")
    house.close()
    _change(mailing, "UPDATE outbox SET at = ?", before)
    found = doctor_on(mailing, "digest")
    assert found["state"] == "warning"
    assert week in found["detail"]
    assert len(post.taken) == 1
    mailing.ok("digest", "send", "--again")
    assert len(post.taken) == 2


def _change(cli: Sawthis, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(cli.data_dir / "sawthis.db")) as db, db:
        db.execute(sql, values)


def test_without_a_server_or_an_address(demo: Sawthis) -> None:
    assert "no address" in demo.fails("digest", "send")
    demo.ok("digest", "schedule", "--to", ME)
    assert "SAWTHIS_SMTP_HOST" in demo.fails("digest", "send")
    assert "SAWTHIS_SMTP_HOST" in doctor_on(demo, "mail server")["detail"]
    out = demo.data_dir / "week.eml"
    assert "week.eml" in demo.ok("digest", "send", "--out", str(out))
    assert b"Subject: Good reasons to write" in out.read_bytes()
    assert "can't be written" in demo.fails("digest", "send", "--out", str(demo.data_dir))


def test_passwords_do_not_travel_in_clear() -> None:
    away = Settings(smtp_host="mail.example.org", smtp_security="none", smtp_user="me")
    with pytest.raises(ConfigError, match="in clear"):
        office(_with(away, smtp_password="x"))
    with pytest.raises(ConfigError, match="no password for me"):
        office(away)
    with pytest.raises(ConfigError, match="one of starttls, tls, none"):
        office(_with(away, smtp_security="ssl", smtp_password="x"))


def _with(settings: Settings, **changes: object) -> Settings:
    return replace(settings, **changes)  # type: ignore[arg-type]


SUNDAY = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)


@pytest.fixture
def weekly(mailing: Sawthis) -> Iterator[House]:
    """A house whose digest is asked for on Sundays at 18:00 UTC, since long before."""
    house = house_of(mailing, time_zone="UTC")
    values = {"digest.day": "sunday", "digest.at": "18:00"}
    set_preferences(house.storage, "me", values, now=SUNDAY - timedelta(days=30))
    yield house
    house.close()


def states(house: House) -> list[tuple[str, str]]:
    return [(one.week, one.state) for one in house.storage.mail.outbox("me", limit=9)]


def test_a_mended_address_does_not_cancel_what_is_due(weekly: House, post: Post) -> None:
    post.refuse_recipient = "550 no such user"
    failed = weekly.mailer.send_if_due(now=SUNDAY)
    assert failed is not None
    assert failed.state == "waiting"
    post.refuse_recipient = ""
    same = {"digest.day": "sunday", "digest.at": "18:00", "digest.to": "right@example.org"}
    set_preferences(weekly.storage, "me", same, now=SUNDAY + timedelta(minutes=3))
    weekly.mailer.send_if_due(now=SUNDAY + timedelta(minutes=10))
    assert post.recipients == ["right@example.org"]
    assert states(weekly) == [("2026-W48", "sent")]


def test_another_time_asks_anew(weekly: House, post: Post) -> None:
    later = SUNDAY + timedelta(hours=1)
    set_preferences(weekly.storage, "me", {"digest.at": "17:00"}, now=later)
    assert weekly.mailer.send_if_due(now=later) is None
    assert post.taken == []


def test_the_next_one_is_of_a_week_that_has_none_yet(weekly: House, post: Post) -> None:
    thursday = SUNDAY - timedelta(days=3)
    assert weekly.mailer.coming(now=thursday) == SUNDAY
    weekly.mailer.send(now=thursday)
    assert weekly.mailer.coming(now=thursday) == SUNDAY + timedelta(days=7)
    assert weekly.mailer.send_if_due(now=SUNDAY) is None
    next_week = SUNDAY + timedelta(days=7)
    assert weekly.mailer.send_if_due(now=next_week) is not None
    assert len(post.taken) == 2


def test_again_needs_a_server_before_it_forgets_anything(weekly: House, post: Post) -> None:
    weekly.mailer.send(now=SUNDAY)
    away = House(replace(weekly.settings, smtp_host=""))
    with pytest.raises(ConfigError):
        away.mailer.send(now=SUNDAY, again=True)
    away.close()
    assert states(weekly) == [("2026-W48", "sent")]
    assert weekly.mailer.send_if_due(now=SUNDAY + timedelta(hours=1)) is None
    assert len(post.taken) == 1


def test_what_is_wrong_with_one_account_does_not_silence_others(weekly: House, post: Post) -> None:
    now = utc_now()
    for account_id in ("me", "you"):
        house = weekly.for_account(account_id)
        values = {"digest.to": f"{account_id}@example.org", "digest.day": DAYS[now.weekday()]}
        before = now - timedelta(days=9)
        set_preferences(house.storage, account_id, values, now=before)
        at = f"{now - timedelta(minutes=1):%H:%M}"
        house.storage.rhythm.put_preference(account_id, "digest.at", at, now=before)
    weekly.storage.rhythm.put_preference("me", "digest.day", "someday", now=now)
    DigestLoop(weekly)._look()
    assert post.recipients == ["you@example.org"]
    assert weekly.mailer.schedule().weekly is None


def test_doctor_promises_no_more_than_it_will_do(weekly: House, post: Post) -> None:
    post.refuse_mail = "451 later"
    weekly.mailer.send_if_due(now=SUNDAY)
    (waiting,) = weekly.storage.mail.outbox("me", limit=9)
    assert waiting.retry_at is not None
    assert "tried again" in last_digest(waiting, SUNDAY).detail
    assert "tried again" not in last_digest(waiting, waiting.retry_at).detail


def test_a_busy_database_does_not_hide_what_the_server_said(weekly: House, post: Post) -> None:
    class Busy:
        """Refuses to note once that the mail was refused."""

        n = 0

        def put_back(self, *args: object, **named: object) -> None:
            Busy.n += 1
            if Busy.n == 1:
                raise StorageBusy("in use")
            real(*args, **named)  # type: ignore[arg-type]

    real = weekly.storage.mail.put_back
    weekly.storage.mail.put_back = Busy().put_back  # type: ignore[method-assign]
    post.refuse_mail = "451 later"
    with pytest.raises(MailError, match="451 later"):
        weekly.mailer.send(now=SUNDAY)
    assert states(weekly) == [("2026-W48", "waiting")]


def test_a_claim_is_on_the_disk_before_anything_is_handed_over(storage: SqliteStorage) -> None:
    level = "PRAGMA synchronous"
    db = storage._db
    assert db.rows(level)[0][0] == 1
    with db.durable():
        assert db.rows(level)[0][0] == 2
    assert db.rows(level)[0][0] == 1


_STEPS = ("prepare", "message", "connect", "claim", "taken", "settle")
_KILLED = """
import os, signal, sys
from recommender.mail import smtp
from recommender.services.preferences import set_preferences
from recommender.settings import load_settings
from recommender.wiring import House, utc_now

step, when = sys.argv[1:]
house = House(load_settings(os.environ))
mail, mailer = house.storage.mail, house.mailer


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying(real):
    def call(*args, **named):
        if when == "before":
            die()
        found = real(*args, **named)
        die()
        return found
    return call


if step in ("prepare", "claim", "settle"):
    setattr(mail, step, dying(getattr(mail, step)))
elif step == "message":
    mailer.message = dying(mailer.message)
elif step == "connect":
    smtp._open = dying(smtp._open)
elif step == "taken":
    smtp._hand_over = dying(smtp._hand_over)
mailer.send_if_due(now=utc_now())
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", _STEPS)
def test_killed_at_every_step_it_is_never_sent_twice(
    mailing: Sawthis, post: Post, step: str, when: str
) -> None:
    wanted_now(mailing)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, step, when],
        env=mailing.env(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    house = house_of(mailing)
    for n in range(20):
        house.mailer.send_if_due(now=utc_now() + timedelta(seconds=n))
    (found,) = house.storage.mail.outbox("me", limit=9)
    house.close()
    assert len(post.taken) <= 1
    # Whatever was not handed over for certain goes out the next time.
    lost = {("claim", "after"), ("taken", "before"), ("taken", "after"), ("settle", "before")}
    assert found.state == ("sending" if (step, when) in lost else "sent")
    assert len(post.taken) == (
        0 if (step, when) in {("claim", "after"), ("taken", "before")} else 1
    )


@pytest.mark.slow
def test_killed_at_any_moment_it_is_never_sent_twice(mailing: Sawthis, post: Post) -> None:
    wanted_now(mailing)
    post.wait_s = 0.2
    for n in range(20):
        process = mailing.popen("digest", "send", "--if-due")
        try:
            process.communicate(timeout=0.15 + n * 0.06)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    assert len(post.taken) <= 1
    mailing.run("digest", "send")
    assert len(post.taken) <= 1


@pytest.mark.parametrize(
    "address",
    ["me", "a..b@x.example", "me@x", "mé@x.example", "me@-x.example", "me@x.example,you@x.example"],
)
def test_what_no_mail_can_be_sent_to(address: str) -> None:
    with pytest.raises(InvalidInput):
        checked_mailbox(address)
