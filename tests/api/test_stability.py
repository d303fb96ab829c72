"""What was promised stays: the published document against today's, and a client made from it."""

from __future__ import annotations

import copy
import importlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from recommender.api.app import create_app
from recommender.settings import Settings
from recommender.wiring import House
from tests.api.breaking import breaking_changes
from tests.conftest import ROOT
from tests.integration.serving import Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sawthis

PROMISED = ROOT / "tests" / "api" / "openapi-v1.json"
"""What /api/v1 promised when it was published; changed only to add to it."""


@pytest.fixture
def promised() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(PROMISED.read_text("utf-8"))
    return document


def test_nothing_that_was_promised_is_gone(promised: dict[str, Any]) -> None:
    today = create_app(House(Settings(metrics=True))).openapi()
    assert breaking_changes(promised, today) == []


def test_a_breaking_change_is_seen(promised: dict[str, Any]) -> None:
    changed = copy.deepcopy(promised)
    del changed["paths"]["/api/v1/mutes"]["get"]
    contact = changed["components"]["schemas"]["ContactOut"]["properties"]
    del contact["slug"]
    contact["name"] = {"type": "integer"}
    changed["components"]["schemas"]["TouchIn"]["required"].append("at")
    joined = changed["paths"]["/api/v1/digest"]["get"]["parameters"]
    joined[0]["required"] = True
    found = "\n".join(breaking_changes(promised, changed))
    for words in (
        "list_mutes (get /api/v1/mutes) is gone",
        "ContactOut.slug is gone",
        "ContactOut.name has another type",
        "TouchIn.at is needed now",
        "get_digest now needs people",
    ):
        assert words in found
    # What is added breaks nobody.
    contact = promised["components"]["schemas"]["ContactOut"]["properties"]
    added = copy.deepcopy(promised)
    added["components"]["schemas"]["ContactOut"]["properties"]["pet"] = {"type": "string"}
    added["paths"]["/api/v1/pets"] = copy.deepcopy(added["paths"]["/api/v1/mutes"])
    for operation in added["paths"]["/api/v1/pets"].values():
        operation["operationId"] += "_of_pets"
    assert breaking_changes(promised, added) == []


def test_every_operation_is_described(promised: dict[str, Any]) -> None:
    del promised
    document = create_app(House(Settings(metrics=True))).openapi()
    tags = {tag["name"] for tag in document["tags"]}
    names = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names.append(operation["operationId"])
            assert operation["description"], names[-1]
            assert set(operation["tags"]) <= tags, names[-1]
            assert {"400", "429", "500"} <= operation["responses"].keys()
            if not path.startswith("/health") and path != "/api/v1/pair":
                assert operation["security"], (method, path)
    assert len(names) == len(set(names)) > 70


@pytest.mark.slow
def test_a_client_made_from_the_document_works(
    demo: Sawthis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated, typed, and used against the real service."""
    generator = ROOT / ".venv" / "client"
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(create_app(House(Settings())).openapi()), "utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(
        "project_name_override: sawthis-api\npost_hooks: []\n"
        "content_type_overrides: {application/jsonl: text/plain}\n",
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", document,
         "--config", config, "--output-path", tmp_path / "made", "--fail-on-warning"],
        env={**os.environ, "PYTHONPATH": str(generator)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", os.devnull, tmp_path / "made/sawthis_api"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stdout[-2000:]
    monkeypatch.syspath_prepend(str(tmp_path / "made"))

    service = Service(demo)
    try:
        _use(service)
    finally:
        service.stop()
        for name in [name for name in sys.modules if name.startswith("sawthis_api")]:
            del sys.modules[name]


def _use(service: Service) -> None:
    made = importlib.import_module("sawthis_api")
    models = importlib.import_module("sawthis_api.models")

    def call(tag: str, operation: str) -> Any:
        return importlib.import_module(f"sawthis_api.api.{tag}.{operation}").sync_detailed

    client = made.AuthenticatedClient(
        base_url=service.base, token=service.secret, httpx_args={"trust_env": False}, timeout=60
    )
    with client:
        joe = call("contacts", "get_contact")("joe", client=client)
        assert joe.parsed.name == "Joe Ferraro"
        found = call("contacts", "suggest")("joe", client=client, n=2).parsed
        assert found.suggestions[0].relevance >= 0.5
        status = models.StatusIn(status=models.StatusInStatus.OPENED)
        opened = call("suggestions", "set_status")(
            found.suggestions[0].id, client=client, body=status, idempotency_key="once"
        )
        assert opened.parsed.status.value == "opened"
        nobody = call("contacts", "get_contact")("nobody", client=client)
        assert nobody.status_code == 404
