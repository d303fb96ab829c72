"""A page at hand, from "who would enjoy it" to sent, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from recommender.wiring import utc_now

if TYPE_CHECKING:
    from tests.integration.serving import Service

PAGE = {
    "url": "https://keepers.test/diary?utm_source=mail",
    "title": "The lighthouse keepers who kept the Atlantic’s weather diary",
    "text": "For ninety years the keepers of the lighthouse wrote down the wind & the sea.\n\n"
    "Lighthouses were manned day and night, and their lamps were trimmed by hand.",
}


@pytest.fixture
def ada(service: Service) -> dict[str, Any]:
    """Somebody who likes lighthouses."""
    made: dict[str, Any] = service.post(
        "/contacts", name="Ada Byron", emails=["ada@example.org"], interests=["lighthouses"]
    )
    return made


def fit_of(service: Service, contact: dict[str, Any], **page: str) -> dict[str, Any] | None:
    people = service.post("/matches", 200, **{**PAGE, **page})["people"]
    return next((one for one in people if one["contact"]["id"] == contact["id"]), None)


def share(
    service: Service, contact: dict[str, Any], key: str | None = None, **changes: str
) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    answer = service.http.post(
        f"/api/v1/contacts/{contact['id']}/shares", json={**PAGE, **changes}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    shape: dict[str, Any] = answer.json()
    return shape


def touches(service: Service, contact: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/contacts/{contact['id']}/touches")["touches"]
    return found


def test_a_fit_says_why_and_drafts_a_note(service: Service, ada: dict[str, Any]) -> None:
    fit = fit_of(service, ada)
    assert fit is not None
    assert fit["contact"]["first_name"] == "Ada"
    assert fit["interest"] == "lighthouses"
    assert fit["span"] in PAGE["text"] or fit["span"] == PAGE["title"]
    assert fit["reason"].startswith("Ada is interested in lighthouses")
    assert PAGE["url"] in fit["note"]
    assert PAGE["title"] in fit["note"]
    assert (fit["status"], fit["had_it"], fit["has_email"]) == ("pending", False, True)
    assert touches(service, ada) == []


def test_opened_then_sent_then_undone(service: Service, ada: dict[str, Any]) -> None:
    note = "Hi Ada,\n\nthought of you & Grüße — 100 %"
    opened = share(service, ada, note=note)
    assert opened["status"] == "opened"
    link = urlsplit(opened["draft"])
    assert (link.scheme, unquote(link.path)) == ("mailto", "ada@example.org")
    assert parse_qs(link.query)["body"] == [note.replace("\n", "\r\n")]
    fit = fit_of(service, ada)
    assert fit is not None
    assert (fit["status"], fit["suggestion_id"]) == ("opened", opened["suggestion_id"])
    assert touches(service, ada) == []

    path = f"/suggestions/{opened['suggestion_id']}/status"
    service.post(path, 200, status="sent")
    (touch,) = touches(service, ada)
    assert (touch["kind"], touch["item_id"]) == ("sent", opened["item_id"])
    again = fit_of(service, ada)
    assert again is not None
    assert again["had_it"]
    assert again["last_contact"] != fit["last_contact"]

    service.post(path, 200, status="undo")
    assert touches(service, ada) == []
    undone = fit_of(service, ada)
    assert undone is not None
    assert not undone["had_it"]
    assert undone["status"] == "opened"


def test_sharing_twice_is_sharing_once(service: Service, ada: dict[str, Any]) -> None:
    first = share(service, ada, key="a-click-0001", status="sent")
    assert share(service, ada, key="a-click-0001", status="sent") == first
    assert share(service, ada, status="sent")["suggestion_id"] == first["suggestion_id"]
    assert share(service, ada, status="opened")["status"] == "sent"
    assert len(touches(service, ada)) == 1


def test_what_was_sent_stays_sent(service: Service, ada: dict[str, Any]) -> None:
    service.post("/items", **PAGE)
    path = f"/contacts/{ada['id']}/suggestions"
    shared = share(service, ada, status="sent")
    status = f"/suggestions/{shared['suggestion_id']}/status"
    for said in ("opened", "sent", "snoozed", "liked", "sent", "dismissed", "opened", "sent"):
        until = {"until": "2099-01-01T00:00:00Z"} if said == "snoozed" else {}
        service.post(status, 200, status=said, **until)
        offered = {one["item"]["title"] for one in service.get(path)["suggestions"]}
        assert PAGE["title"] not in offered
    sent = [touch for touch in touches(service, ada) if touch["kind"] == "sent"]
    assert len(sent) == 1


def test_a_page_is_for_nobody_whom_a_rule_holds_back(service: Service, ada: dict[str, Any]) -> None:
    service.cli.ok("contacts", "edit", "ada", "--language", "de")
    assert fit_of(service, ada) is None
    service.cli.ok("contacts", "edit", "ada", "--language", "en")
    assert fit_of(service, ada) is not None
    now = utc_now().isoformat()
    patched = service.http.patch(f"/api/v1/contacts/{ada['id']}", json={"hard_at": now})
    assert patched.status_code == 200, patched.text
    assert fit_of(service, ada) is None
    service.http.patch(f"/api/v1/contacts/{ada['id']}", json={"hard_at": None})
    service.post("/mutes", kind="topic", value="lighthouse keepers")
    assert fit_of(service, ada) is None


@pytest.mark.parametrize("url", ["http://", "https://[::1", "https://u:p@keepers.test/", "ftp://x"])
def test_what_leads_nowhere_is_not_shared(service: Service, ada: dict[str, Any], url: str) -> None:
    path = f"/api/v1/contacts/{ada['id']}/shares"
    assert service.http.post(path, json={**PAGE, "url": url}).status_code == 422


def test_another_copy_of_it_was_had_already(service: Service, ada: dict[str, Any]) -> None:
    share(service, ada, status="sent")
    copy = fit_of(
        service,
        ada,
        url="https://other.test/x",
        title=PAGE["title"].upper() + "!",
        text="Lighthouses.",
    )
    assert copy is not None
    assert copy["had_it"]
    assert copy["status"] == "pending"


def test_not_for_ada_is_not_offered_again(service: Service, ada: dict[str, Any]) -> None:
    dismissed = share(service, ada, status="dismissed")
    assert dismissed["draft"] == ""
    assert fit_of(service, ada) is None
    service.post(f"/suggestions/{dismissed['suggestion_id']}/status", 200, status="undo")
    assert fit_of(service, ada) is not None


def test_what_was_shared_is_never_suggested(service: Service, ada: dict[str, Any]) -> None:
    service.post("/items", **PAGE)
    path = f"/contacts/{ada['id']}/suggestions"
    (suggested,) = [
        s for s in service.get(path)["suggestions"] if s["item"]["title"] == PAGE["title"]
    ]
    shared = share(service, ada, status="sent")
    assert shared["suggestion_id"] == suggested["id"]
    assert PAGE["title"] not in {s["item"]["title"] for s in service.get(path)["suggestions"]}


def test_who_has_no_address_gets_text(service: Service) -> None:
    bo = service.post("/contacts", name="Bo", interests=["lighthouses"])
    path = f"/api/v1/contacts/{bo['id']}/shares"
    refused = service.http.post(path, json={**PAGE, "note": "Hi Bo"})
    assert refused.status_code == 422
    assert "no e-mail address" in refused.json()["detail"]
    assert service.get("/items?search=Atlantic")["items"] == []
    assert share(service, bo, note="Hi Bo", form="text")["draft"] == "Hi Bo"


def test_who_must_not_be_written_to_is_not(service: Service, ada: dict[str, Any]) -> None:
    patched = service.http.patch(f"/api/v1/contacts/{ada['id']}", json={"state": "do_not_contact"})
    assert patched.status_code == 200, patched.text
    assert fit_of(service, ada) is None
    refused = service.http.post(f"/api/v1/contacts/{ada['id']}/shares", json=PAGE)
    assert refused.status_code == 422
    assert touches(service, ada) == []
