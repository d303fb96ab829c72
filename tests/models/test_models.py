"""Models: verified, compiled once, reproducible; vectors and the matrix on disk."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommender_models import (
    ChecksumMismatch,
    CompileError,
    DimensionMismatch,
    EmbedderError,
    UnknownEmbedder,
    VectorMatrix,
    all_subjects,
    describe,
    embedder_key,
    from_bytes,
    load_embedder,
    relevance_numbers,
    rows_from_blobs,
    to_bytes,
    word_rarity,
)
from recommender_models.compilation import compile_once, is_compiled
from recommender_models.manifest import DEFAULT_SHA256, ModelSpec, resolve, verify

from recommender.demo import demo_feeds


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real BERT with random weights, saved as sentence-transformers saves models."""
    folder = tmp_path_factory.mktemp("tiny")
    code = f"""
import warnings; warnings.simplefilter("ignore")
import torch
from pathlib import Path
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
torch.manual_seed(1)
base = Path({str(folder)!r}) / "base"
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + list("abcdefghijklmnopqrstuvwxyz")
words += ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"]
tok = Tokenizer(models.WordPiece({{w: i for i, w in enumerate(words)}}, unk_token="[UNK]"))
tok.pre_tokenizer = pre_tokenizers.Whitespace()
tok.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
PreTrainedTokenizerFast(tokenizer_object=tok, pad_token="[PAD]", unk_token="[UNK]",
    cls_token="[CLS]", sep_token="[SEP]").save_pretrained(base)
BertModel(BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2,
    num_attention_heads=2, intermediate_size=64)).save_pretrained(base)
t = Transformer(str(base), max_seq_length=64)
SentenceTransformer(modules=[t, Pooling(32)], device="cpu").save(str(Path({str(folder)!r}) / "st"))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=180)
    return folder / "st"


def test_the_default_model_is_the_published_one() -> None:
    spec = resolve("default")
    verify(spec)
    assert spec == resolve("all-MiniLM-L6-v2")
    assert embedder_key("default") == f"all-MiniLM-L6-v2@{DEFAULT_SHA256[:12]}+int8"


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    shutil.copytree(resolve("default").weights.parent, tmp_path / "model")
    with (tmp_path / "model" / "model.safetensors").open("r+b") as handle:
        handle.seek(1000)
        handle.write(b"x")
    spec = ModelSpec("all-MiniLM-L6-v2", "x", tmp_path / "model", is_default=True)
    with pytest.raises(ChecksumMismatch, match="install the model's package again") as caught:
        verify(spec)
    assert caught.value.expected == DEFAULT_SHA256


def test_models_that_are_not_there() -> None:
    with pytest.raises(UnknownEmbedder, match="there is no model folder"):
        resolve("/no/such/folder")


def test_pickles_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(UnknownEmbedder, match="a pickle, which is never read"):
        resolve(str(tmp_path))


@pytest.mark.slow
def test_another_model_by_its_folder(tiny_model: Path, tmp_path: Path) -> None:
    embedder = load_embedder(str(tiny_model), tmp_path)
    assert (embedder.dim, embedder.backend) == (32, "sentence-transformers")
    assert embedder.key.startswith("st@")
    vectors = embedder.embed(["abc", "", "xyz"])
    assert vectors.shape == (3, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, 32)
    assert describe(str(tiny_model), tmp_path)["backend"] == "sentence-transformers"


@pytest.mark.slow
def test_compiling_a_model_keeps_its_meaning(tiny_model: Path, tmp_path: Path) -> None:
    from recommender_models.onnx_embedder import OnnxEmbedder

    lines: list[str] = []
    compile_once(tiny_model, tmp_path / "c", lines.append)
    compile_once(tiny_model, tmp_path / "c", lines.append)
    assert len(lines) == 1
    texts = ["abc def", "xyz", "hello there"]
    reference = load_embedder(str(tiny_model), tmp_path).embed(texts)
    compiled = OnnxEmbedder(tmp_path / "c", key="k").embed(texts)
    assert np.all((reference * compiled).sum(axis=1) > 0.95)
    (tmp_path / "c" / "model.onnx").write_bytes(b"torn")  # tampered with, or a torn write
    assert not is_compiled(tmp_path / "c")
    with pytest.raises(EmbedderError, match="delete that folder"):
        OnnxEmbedder(tmp_path / "c", key="k")
    compile_once(tiny_model, tmp_path / "c", lines.append)
    assert is_compiled(tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "c.lock"]


def test_a_model_that_cannot_be_compiled_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(CompileError, match="could not be compiled"):
        compile_once(tmp_path / "src", tmp_path / "c", lambda _line: None)
    assert not (tmp_path / "c").exists()
    assert not list(tmp_path.glob("*.part-*"))


def test_int8_stays_close_to_the_reference(model_cache: Path) -> None:
    from recommender_models.st_embedder import SentenceTransformerEmbedder

    texts = [a.text for feed in demo_feeds() for a in feed.articles][::2]
    ours = load_embedder("default", model_cache).embed(texts)
    folder = str(resolve("default").path)
    cosines = (ours * SentenceTransformerEmbedder(folder, key="k").embed(texts)).sum(axis=1)
    assert cosines.mean() >= 0.985
    assert cosines.min() >= 0.96


def test_a_text_has_one_vector_whatever_its_company(model_cache: Path) -> None:
    embedder = load_embedder("default", model_cache)
    texts = ["sailing", "a much longer text about fly fishing in cold rivers " * 9, "", "chess"]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.array_equal(together, alone)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, 384)


vectors = st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4).map(
    lambda v: np.array(v, np.float32)
)


@given(st.lists(vectors, min_size=1, max_size=5))
def test_vectors_survive_as_bytes(rows: list[np.ndarray[tuple[int], np.dtype[np.float32]]]) -> None:
    blobs = [to_bytes(row) for row in rows]
    assert np.array_equal(rows_from_blobs(blobs, 4), np.stack(rows))
    assert np.array_equal(from_bytes(blobs[0], 4), rows[0])


def test_vectors_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DimensionMismatch):
        from_bytes(b"\0" * 12, 4)
    with pytest.raises(DimensionMismatch):
        rows_from_blobs([b"\0" * 12], 4)
    with pytest.raises(DimensionMismatch):
        VectorMatrix(tmp_path / "m", 4).append([1], np.zeros((1, 3), np.float32))


def rows(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.arange(n * 4, dtype=np.float32).reshape(n, 4)


def test_the_matrix_gives_back_what_was_appended(tmp_path: Path) -> None:
    matrix = VectorMatrix(tmp_path / "m", 4)
    assert (matrix.n_rows, matrix.last_seq, list(matrix.blocks())) == (0, 0, [])
    matrix.append([2, 5, 9], rows(3))
    matrix.append([5, 9, 12], rows(3))  # what is there already is passed over
    again = VectorMatrix(tmp_path / "m", 4)
    assert (again.n_rows, again.last_seq) == (4, 12)
    blocks = list(again.blocks(2, block_rows=2))
    assert [seqs.tolist() for seqs, _ in blocks] == [[5, 9], [12]]
    assert np.array_equal(blocks[0][1], rows(3)[1:])
    again.clear()
    assert matrix.n_rows == 0


def test_a_torn_tail_is_cut_off(tmp_path: Path) -> None:
    matrix = VectorMatrix(tmp_path / "m", 4)
    matrix.append([1, 2], rows(2))
    with (tmp_path / "m.f32").open("ab") as handle:
        handle.write(b"half a row")
    assert matrix.n_rows == 2
    matrix.append([3], rows(1))
    assert [s for seqs, _ in matrix.blocks() for s in seqs.tolist()] == [1, 2, 3]
    assert np.array_equal(next(iter(matrix.blocks(2)))[1], rows(1))
    with (tmp_path / "m.seq").open("r+b") as handle:
        handle.truncate(20)
    assert matrix.last_seq == 2


def _append(path: Path, start: int) -> None:
    matrix = VectorMatrix(path, 4)
    for n in range(50):
        matrix.append([start + 10 * n], rows(1))


def test_two_processes_append_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_append, args=(tmp_path / "m", n)) for n in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    seqs = [s for found, _ in VectorMatrix(tmp_path / "m", 4).blocks() for s in found.tolist()]
    assert seqs == sorted(set(seqs))
    assert len(seqs) >= 50


def test_the_shipped_numbers_are_sane() -> None:
    numbers = relevance_numbers()
    assert 0 < numbers["threshold"] < 1
    assert set(numbers["weights"]) == {"cosine", "margin", "body", "title"}
    assert sum(numbers["weights"].values()) > 0
    assert len(all_subjects()) == len(set(all_subjects())) > 500
    assert all(subject == subject.strip() for subject in all_subjects())
    assert all(0 < weight < 1 for weight in word_rarity().values())
    package = Path(sys.modules["recommender_models"].__file__ or "").parent
    card = json.loads((package / "relevance.json").read_text("utf-8"))["card"]
    assert card["expected_calibration_error"] <= 0.05


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, recommender_models as m; m.relevance_numbers(); "
        "print([n for n in ('numpy','torch','onnxruntime','sklearn') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
