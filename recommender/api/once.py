"""Writes that are not done twice: an Idempotency-Key names one, and its answer is kept a day.

The work, and the answer it is remembered by, are one transaction: whoever sends the key again,
at the same moment or after a crash, gets the answer or does the work, never half of it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel

from recommender.errors import KeyReused
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_FOR = timedelta(days=1)
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Names this write: sent again with the same body, it is not done twice.",
    ),
]
Out = TypeVar("Out", bound=BaseModel)


def once(
    house: House,
    key: str | None,
    asked: tuple[str, BaseModel],
    kind: type[Out],
    work: Callable[[], Out],
) -> Out:
    """Do some work, or give the answer it had the last time.

    Args:
        house: Whose.
        key: The request's Idempotency-Key; None does the work.
        asked: What is asked for: the operation with what it is of, and the body.
        kind: What the answer is.
        work: Does it.

    Raises:
        KeyReused: The key was used for something else.
    """
    if key is None:
        return work()
    fingerprint = hashlib.sha256(f"{asked[0]}\0{asked[1].model_dump_json()}".encode()).hexdigest()
    access, now = house.storage.access, utc_now()
    with house.storage.transaction():
        known = access.answer(house.account_id, key)
        if known is not None:
            if known[0] != fingerprint:
                raise KeyReused("that Idempotency-Key was used for another request; take a new one")
            return kind.model_validate_json(known[1])
        answer = work()
        access.put_answer(
            house.account_id,
            key,
            fingerprint=fingerprint,
            body=answer.model_dump_json(),
            now=now,
            keep_from=now - KEPT_FOR,
        )
        return answer
