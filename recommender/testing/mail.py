"""What every storage promises of digests on their way, and of what opens an account's feeds."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

from recommender.testing.builders import NOW, fill

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage

WEEK = "2026-W48"
ME = "me@example.org"
LATER = NOW + timedelta(minutes=5)


class MailContract:
    """The outbox, the keys of feeds, the key that signs; part of `StorageContract`."""

    def test_a_digest_goes_from_waiting_to_sent(self, storage: Storage) -> None:
        """Step by step; what was sent is not prepared anew."""
        assert storage.mail.outgoing("me", WEEK) is None
        first = storage.mail.prepare("me", WEEK, ME, now=NOW)
        assert (first.state, first.attempts, first.retry_at) == ("waiting", 0, None)
        assert storage.mail.prepare("me", WEEK, ME, now=LATER) == first
        assert storage.mail.claim("me", WEEK, ME, now=NOW)
        storage.mail.settle("me", WEEK, now=LATER)
        sent = storage.mail.prepare("me", WEEK, "other@example.org", now=LATER)
        assert (sent.state, sent.recipient, sent.at) == ("sent", ME, LATER)
        assert not storage.mail.claim("me", WEEK, ME, now=LATER)

    def test_one_of_many_may_send(self, storage: Storage) -> None:
        """The claim is one door, from however many threads it is tried."""
        storage.mail.prepare("me", WEEK, ME, now=NOW)
        together, passed = Barrier(8), []

        def try_it() -> None:
            together.wait()
            passed.append(storage.mail.claim("me", WEEK, ME, now=NOW))

        threads = [Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(passed) == [False] * 7 + [True]

    def test_what_failed_for_certain_waits_again(self, storage: Storage) -> None:
        """Whether it failed before or after the claim; each attempt counts once."""
        storage.mail.prepare("me", WEEK, ME, now=NOW)
        back = {"now": NOW, "retry_at": LATER, "error": "the server is down"}
        storage.mail.put_back("me", WEEK, was_claimed=False, **back)  # type: ignore[arg-type]
        assert storage.mail.claim("me", WEEK, ME, now=LATER)
        storage.mail.put_back("me", WEEK, was_claimed=False, **back)  # type: ignore[arg-type]
        found = storage.mail.outgoing("me", WEEK)
        assert found is not None
        assert found.state == "sending"  # whoever did not claim it can't take it back
        storage.mail.put_back("me", WEEK, was_claimed=True, **back)  # type: ignore[arg-type]
        found = storage.mail.outgoing("me", WEEK)
        assert found is not None
        assert (found.state, found.attempts, found.retry_at) == ("waiting", 2, LATER)
        assert found.error == "the server is down"

    def test_sent_for_certain_only_after_a_claim(self, storage: Storage) -> None:
        """Settling what waits changes nothing."""
        storage.mail.prepare("me", WEEK, ME, now=NOW)
        storage.mail.settle("me", WEEK, now=NOW)
        assert storage.mail.claim("me", WEEK, ME, now=NOW)

    def test_what_was_sent_can_be_sent_again_on_purpose(self, storage: Storage) -> None:
        """By one of those who saw it as it is; of one account only."""
        for account_id in ("me", "you"):
            storage.mail.prepare(account_id, WEEK, "a@example.org", now=NOW)
            assert storage.mail.claim(account_id, WEEK, ME, now=NOW)
            storage.mail.settle(account_id, WEEK, now=NOW)
        assert not storage.mail.claim("me", WEEK, ME, now=LATER, after=LATER)
        assert storage.mail.claim("me", WEEK, "new@example.org", now=LATER, after=NOW)
        assert not storage.mail.claim("me", WEEK, ME, now=LATER, after=NOW)
        mine, theirs = (storage.mail.outgoing(one, WEEK) for one in ("me", "you"))
        assert mine is not None
        assert theirs is not None
        assert (mine.state, mine.attempts, theirs.state) == ("sending", 2, "sent")
        assert (mine.recipient, theirs.recipient) == ("new@example.org", ME)

    def test_the_outbox_is_newest_first(self, storage: Storage) -> None:
        """And as long as it is asked for."""
        for week in ("2026-W52", "2027-W01", "2026-W53"):
            storage.mail.prepare("me", week, ME, now=NOW)
        found = storage.mail.outbox("me", limit=2)
        assert [one.week for one in found] == ["2027-W01", "2026-W53"]
        assert storage.mail.outbox("you", limit=2) == []

    def test_a_feed_key_opens_one_account(self, storage: Storage) -> None:
        """Until there is another."""
        assert storage.mail.feed_key("me") is None
        storage.mail.put_feed_key("me", "first", now=NOW)
        storage.mail.put_feed_key("you", "theirs", now=NOW)
        assert storage.mail.account_of_feed_key("first") == "me"
        storage.mail.put_feed_key("me", "second", now=NOW)
        assert storage.mail.feed_key("me") == "second"
        assert storage.mail.account_of_feed_key("first") is None
        assert storage.mail.account_of_feed_key("theirs") == "you"

    def test_the_signing_key_stays(self, storage: Storage) -> None:
        """It is made once, and is long enough."""
        key = storage.mail.signing_key()
        assert len(key) >= 32
        assert storage.mail.signing_key() == key

    def test_outbox_and_keys_go_with_the_account(self, storage: Storage) -> None:
        """Nothing of them is left after erasing."""
        fill(storage)
        storage.mail.prepare("me", WEEK, ME, now=NOW)
        storage.mail.put_feed_key("me", "first", now=NOW)
        storage.erase_account("me")
        assert storage.mail.outbox("me", limit=9) == []
        assert storage.mail.account_of_feed_key("first") is None
