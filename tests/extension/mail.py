"""The mail that a link hands to the reader's mail program."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tests.browser.conftest import PATIENCE_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.extension.chromium import Chromium


@dataclass(frozen=True, slots=True)
class Mail:
    """A mailto link as a mail program reads it (RFC 6068)."""

    to: str
    subject: str
    body: str


def read_mailto(link: str) -> Mail:
    """Read a link; a plus is a plus there, and a line ends with CRLF."""
    parts = urlsplit(link)
    assert parts.scheme == "mailto"
    assert not parts.fragment
    fields = dict(field.split("=", 1) for field in parts.query.split("&"))
    assert set(fields) == {"subject", "body"}
    body = unquote(fields["body"], errors="strict")
    assert "\n" not in body.replace("\r\n", "")
    subject = unquote(fields["subject"], errors="strict")
    return Mail(unquote(parts.path), subject, body.replace("\r\n", "\n"))


class Caught:
    """The mail, once there is one."""

    mail: Mail


@contextmanager
def next_mail(chromium: Chromium) -> Iterator[Caught]:
    """The mail that what happens here opens, exactly one of it."""
    caught = Caught()
    n_before = len(chromium.watch.programs)
    with chromium.context.expect_event(
        "request", lambda request: request.url.startswith("mailto:"), timeout=PATIENCE_MS
    ) as request:
        yield caught
    caught.mail = read_mailto(request.value.url)
    assert len(chromium.watch.programs) == n_before + 1
