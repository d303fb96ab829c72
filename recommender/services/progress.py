"""How a long service call tells its face how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from the service's own thread between two steps.

    It may raise to end the work early; what was not finished is done another time.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` steps of a stage are finished; the last call has done == total."""


def silent(stage: str, done: int, total: int) -> None:
    """A progress that nobody watches."""
