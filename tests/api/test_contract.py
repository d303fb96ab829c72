"""The OpenAPI document against the service: a fuzzer that believes every word of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ELSEWHERE = {"preview_feeds", "look_at_site", "pull_contacts"}
"""These would ask other machines; tests/integration has them."""
SEES_NO_END = {"erase_account", "unpair"}
"""These end what the others stand on; tests/integration has them, too."""


@pytest.mark.slow
def test_every_operation_answers_as_it_is_documented(app: FastAPI, token: str) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {token}"}
    n_operations, failures = 0, []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        if name in ELSEWHERE | SEES_NO_END:
            continue
        n_operations += 1

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            answers()
        except Exception as error:
            failures.append(f"{name}: {getattr(error, 'exceptions', error)}")
    assert not failures, "\n\n".join(failures)
    assert n_operations > 60
