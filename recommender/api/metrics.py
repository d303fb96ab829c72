"""Figures for Prometheus, if the settings ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from recommender.api.guard import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    Observe = Callable[[str, str, int, float], None]

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


def measured() -> tuple[APIRouter, Observe]:
    """A route that tells the figures of this process, and what counts the answers."""
    from prometheus_client import (
        CONTENT_TYPE_LATEST,
        CollectorRegistry,
        Counter,
        Histogram,
        PlatformCollector,
        ProcessCollector,
        generate_latest,
    )

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    labels = ("method", "route")
    requests = Counter("sawthis_requests", "Answers given.", (*labels, "status"), registry=registry)
    seconds = Histogram(
        "sawthis_request_seconds",
        "Seconds an answer took.",
        labels,
        registry=registry,
        buckets=BUCKETS_S,
    )
    router = APIRouter(tags=["service"])

    @router.get(
        "/metrics",
        operation_id="get_metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    def metrics(_house: Reader) -> Response:
        """Figures of this process in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def observe(method: str, route: str, status: int, took_s: float) -> None:
        requests.labels(method, route, str(status)).inc()
        seconds.labels(method, route).observe(took_s)

    return router, observe
