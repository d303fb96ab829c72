"""From a name in the settings to a model that embeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_models.manifest import DEFAULT_NAME, DEFAULT_SHA256, ModelSpec, resolve, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recommender_models.protocol import Embedder


def embedder_key(name: str) -> str:
    """The key a name's vectors carry; loads nothing."""
    return _key(resolve(name))


def is_default(embedder: Embedder) -> bool:
    """Whether an embedder is the default model, on whose vectors other numbers were fitted."""
    return is_default_key(embedder.key)


def is_default_key(key: str) -> bool:
    """Whether vectors with this key are the default model's."""
    return key == _key(ModelSpec(DEFAULT_NAME, DEFAULT_SHA256[:12], None, is_default=True))


def _key(spec: ModelSpec) -> str:
    backend = "int8" if spec.is_default else "st"
    return f"{spec.name}@{spec.revision or 'hub'}+{backend}"


def _folder(spec: ModelSpec, cache_dir: Path) -> Path:
    return cache_dir / f"{spec.name}-{spec.revision}-int8"


def load_embedder(
    name: str,
    cache_dir: Path,
    *,
    n_threads: int = 2,
    notice: Callable[[str], None] = lambda line: None,
) -> Embedder:
    """Load a model: the default one verified and compiled on first use, others as they are.

    Args:
        name: "default", a folder, or a hub name.
        cache_dir: Where compiled models are kept.
        n_threads: How many texts are embedded at once.
        notice: Gets a line when something takes long.

    Raises:
        EmbedderError: The model is missing, altered or broken.
    """
    spec = resolve(name)
    if not spec.is_default:
        from recommender_models.st_embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(str(spec.path or spec.name), key=_key(spec))
    from recommender_models.compilation import compile_once, is_compiled
    from recommender_models.onnx_embedder import OnnxEmbedder

    folder = _folder(spec, cache_dir)
    if not is_compiled(folder):
        verify(spec)
        assert spec.path is not None
        compile_once(spec.path, folder, notice)
    return OnnxEmbedder(folder, key=_key(spec), n_threads=n_threads)


def describe(name: str, cache_dir: Path) -> dict[str, object]:
    """What `doctor` shows of a model: name, revision, backend, whether it is compiled."""
    from recommender_models.compilation import is_compiled

    spec = resolve(name)
    about: dict[str, object] = {
        "name": spec.name,
        "revision": spec.revision or None,
        "backend": "onnx int8" if spec.is_default else "sentence-transformers",
    }
    if spec.is_default:
        about["compiled"] = "yes" if is_compiled(_folder(spec, cache_dir)) else "no"
    return about
