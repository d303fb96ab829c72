"""Which version of a thing a caller has: ETag, If-Match, If-None-Match (RFC 9110, 8.8 and 13.1)."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header, HTTPException

IfMatch = Annotated[
    str | None,
    Header(max_length=200, description="The ETag it was read with; 412 if it changed since."),
]


def etag(shape: dict[str, Any]) -> str:
    """A name of exactly this content."""
    text = json.dumps(shape, sort_keys=True, ensure_ascii=False)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def names(header: str | None, tag: str) -> bool:
    """Whether a list of tags, or *, names this one."""
    if header is None:
        return False
    return any(one.strip().removeprefix("W/") in {tag, "*"} for one in header.split(","))


class NotModified(HTTPException):
    """The caller has it already."""

    def __init__(self, tag: str) -> None:
        super().__init__(304, headers={"ETag": tag})
