"""The application in this process, on a copy of the demo, with nothing beyond loopback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from recommender_feeds import Response

from recommender.api.app import create_app
from recommender.settings import Settings
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from tests.conftest import Sawthis


class OnePage:
    """An HTTP client to which the whole web is one page."""

    def get(self, url: str, **_: Any) -> Response:
        body = b"<title>A page</title><p>A sourdough loaf needs time, flour and patience.</p>"
        return Response(200, url, {"content-type": "text/html"}, body)


class Offline(House):
    """A house whose web is one page, whoever asks."""

    @contextmanager
    def http_client(self, *_: str) -> Iterator[Any]:
        yield OnePage()

    def for_account(self, account_id: str) -> House:
        other = super().for_account(account_id)
        other.__class__ = Offline
        return other


@pytest.fixture
def app(demo: Sawthis) -> Iterator[FastAPI]:
    house = Offline(Settings(data_dir=demo.data_dir, rate_limit=0, allowed_hosts=("testserver",)))
    made = create_app(house)
    yield made
    made.state.jobs.stop()
    house.close()


@pytest.fixture
def token(app: FastAPI) -> str:
    house: House = app.state.house
    return house.access.create_token("test", now=utc_now(), scope="admin")[1]
