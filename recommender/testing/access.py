"""What every storage promises: who may come in, what is muted, and a whole account's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.account import Grant, Mute, Session, Token
from recommender.domain import Enjoys, StatusEvent, suggestion_id
from recommender.errors import ConflictError, ItemNotFound, NotFoundError, TokenNotFound
from recommender.testing.builders import (
    MODEL,
    NOW,
    fill,
    make_contact,
    make_interest,
    make_item,
    make_match,
    make_touch,
    raises,
)

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage

SOON = NOW + timedelta(minutes=5)
TOKEN = Token("t", "laptop", "write", NOW, None, None, None)


class AccessContract:
    """Tokens, codes, sessions, answers, mutes, erasing; part of `StorageContract`."""

    def test_tokens_open_until_revoked(self, storage: Storage) -> None:
        """Only the hash is known; a revoked token opens nothing; names are free again then."""
        storage.access.add_token("me", TOKEN, "hash")
        assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "write")
        assert storage.access.grant_of_token("other", NOW) is None
        with raises(ConflictError):
            storage.access.add_token("me", replace(TOKEN, id="u"), "hash2")
        with raises(TokenNotFound):
            storage.access.revoke_token("you", "laptop", NOW)
        storage.access.revoke_token("me", "laptop", NOW)
        assert storage.access.grant_of_token("hash", NOW) is None
        storage.access.add_token("me", replace(TOKEN, id="u"), "hash2")

    def test_tokens_run_out(self, storage: Storage) -> None:
        """To the moment; their use is noted to the minute."""
        token = replace(TOKEN, scope="read", expires_at=SOON)
        storage.access.add_token("me", token, "hash")
        assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "read")
        assert storage.access.grant_of_token("hash", SOON) is None
        (kept,) = storage.access.tokens("me")
        assert kept == replace(token, last_used_at=NOW.replace(second=0, microsecond=0))

    def test_a_code_is_taken_once(self, storage: Storage) -> None:
        """By its kind, and before it runs out."""
        put = storage.access.put_code
        put("me", "pair", "code", now=NOW, expires_at=SOON)
        assert storage.access.take_code("login", "code", NOW) is None
        assert storage.access.take_code("pair", "code", NOW) == "me"
        assert storage.access.take_code("pair", "code", NOW) is None
        put("me", "pair", "late", now=NOW, expires_at=SOON)
        assert storage.access.take_code("pair", "late", SOON) is None

    def test_sessions_open_until_they_end(self, storage: Storage) -> None:
        """By their hash; one account does not end another's."""
        storage.access.put_code("me", "login", "x", now=NOW, expires_at=SOON)
        session = Session("s", NOW, NOW, SOON)
        storage.access.add_session("me", session, "hash")
        assert storage.access.grant_of_session("hash", NOW) == Grant("me", "s", "admin")
        assert storage.access.grant_of_session("hash", SOON) is None
        assert [one.id for one in storage.access.sessions("me", NOW)] == ["s"]
        assert storage.access.sessions("me", SOON) == []
        with raises(NotFoundError):
            storage.access.end_session("you", "s")
        storage.access.end_session("me", "s")
        assert storage.access.grant_of_session("hash", NOW) is None

    def test_answers_are_kept_by_key(self, storage: Storage) -> None:
        """For an account; the old ones go, and all of them with a contact."""
        contact, _ = fill(storage)

        def put(key: str, at: int) -> None:
            storage.access.put_answer(
                "me", key, fingerprint="f", body=key, now=NOW + timedelta(hours=at),
                keep_from=NOW + timedelta(hours=at - 24),
            )  # fmt: skip

        put("a", 0)
        assert storage.access.answer("me", "a") == ("f", "a")
        assert storage.access.answer("you", "a") is None
        with raises(ConflictError):
            put("a", 1)
        put("b", 25)
        assert storage.access.answer("me", "a") is None
        storage.people.delete_contact("me", contact.id)
        assert storage.access.answer("me", "b") is None

    def test_mutes_are_put_and_taken_back(self, storage: Storage) -> None:
        """Twice is the same as once."""
        mute = Mute("topic", "golf", NOW)
        storage.rhythm.put_mute("me", mute)
        storage.rhythm.put_mute("me", mute._replace(created_at=SOON))
        storage.rhythm.put_mute("you", Mute("source", "Feed", NOW))
        assert storage.rhythm.mutes("me") == [mute]
        assert not storage.rhythm.delete_mute("me", "source", "golf")
        assert storage.rhythm.delete_mute("me", "topic", "golf")
        assert storage.rhythm.mutes("me") == []

    def test_own_pages_go_unless_somebody_had_them(self, storage: Storage) -> None:
        """Only pages, and only the account's own."""
        contact, _ = fill(storage)
        page = make_item("https://p", kind="page")
        storage.items.put_items([page], feed_id=None, owner_id="me", now=NOW)
        item = storage.items.own_by_key("me", "https://p")
        shared = storage.items.items("me")[-1]
        assert storage.items.own_ids("me", [item.id, shared.id]) == {item.id}
        assert storage.items.own_ids("you", [item.id]) == set()
        for account_id, item_id in (("you", item.id), ("me", shared.id)):
            with raises(ItemNotFound):
                storage.items.delete_own(account_id, item_id)
        ref = suggestion_id("me", contact.id, item.key)
        event = StatusEvent(ref, contact.id, item.id, item.key, "opened", NOW, None)
        storage.history.add_status("me", event, None)
        with raises(ConflictError):
            storage.items.delete_own("me", item.id)
        storage.history.undo_status("me", ref)
        storage.items.delete_own("me", item.id)
        with raises(ItemNotFound):
            storage.items.own_by_key("me", "https://p")

    def test_an_item_tells_whom_it_would_be_for(self, storage: Storage) -> None:
        """The best interest of each contact that likes it, the best contact first."""
        joe, sailing = fill(storage)
        maren = make_contact("Maren Lindqvist")
        storage.people.add_contact("me", maren)
        interests = [
            sailing,
            make_interest(joe, "boats"),
            make_interest(maren, "wind"),
            make_interest(maren, "storms", polarity="avoid"),
        ]
        (item, *_) = storage.items.items("me")
        for interest, relevance in zip(interests, (0.6, 0.8, 0.9, 0.95), strict=True):
            if interest is not sailing:
                storage.people.add_interest("me", interest)
            storage.matches.put_matches(
                "me", MODEL, interest.id, [make_match(interest, item.id, relevance)],
                matched_seq=1, keep=10,
            )  # fmt: skip
        found = storage.matches.enjoyed_by("me", [item.id], at_least=0.5)
        assert found == {item.id: [Enjoys(maren.id, "wind", 0.9), Enjoys(joe.id, "boats", 0.8)]}
        assert storage.matches.enjoyed_by("me", [item.id], at_least=0.85)[item.id][0][0] == maren.id
        assert storage.matches.enjoyed_by("you", [item.id], at_least=0.0) == {}

    def test_what_came_of_suggestions_is_told_newest_first(self, storage: Storage) -> None:
        """The last word on each, in pages."""
        joe, _ = fill(storage)
        for item in storage.items.items("me"):
            for status in ("opened", "sent") if item.id % 2 else ("dismissed",):
                ref = suggestion_id("me", joe.id, item.key)
                event = StatusEvent(ref, joe.id, item.id, item.key, status, NOW, None)
                storage.history.add_status("me", event, None)
        found = storage.history.had("me")
        assert [had.event.item_id for _, had in found] == [
            item.id for item in reversed(storage.items.items("me"))
        ]
        assert {had.event.status for _, had in found} == {"sent", "dismissed"}
        assert found[0][1].title.startswith("About")
        rest = storage.history.had("me", before=found[0][0], limit=1)
        assert rest == [found[1]]
        assert storage.history.had("me", status="opened") == []
        assert storage.history.had("me", contact_id="nobody") == []
        assert storage.history.had("you") == []

    def test_an_account_ends_without_a_trace(self, storage: Storage) -> None:
        """With all that is its own; what others read stays as it is."""
        contact, _ = fill(storage)
        feed_url = "https://example.com/feed"
        storage.feeds.subscribe("you", feed_url, kind="article", title="Feed", now=NOW)
        storage.feeds.subscribe("me", "https://e.com/2", kind="article", title="2", now=NOW)
        storage.items.put_items([make_item("https://p")], feed_id=None, owner_id="me", now=NOW)
        storage.history.add_touch("me", make_touch(contact))
        storage.access.add_token("me", TOKEN, "hash")
        theirs = list(storage.export_rows("you"))
        erased = storage.erase_account("me")
        assert (erased["contacts"], erased["feeds"], erased["own items"]) == (1, 2, 1)
        assert storage.accounts() == ["you"]
        assert storage.access.grant_of_token("hash", NOW) is None
        assert [row for kind, row in storage.export_rows("me") if kind != "sawthis"] == []
        assert list(storage.export_rows("you")) == theirs
        assert [feed.url for feed in storage.feeds.subscribed_feeds()] == [feed_url]
        assert len(storage.items.items("you")) == 3
        assert set(storage.erase_account("me").values()) == {0}
