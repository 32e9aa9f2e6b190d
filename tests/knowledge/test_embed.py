"""The Embedder contract on every implementation, and how a model is chosen and refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertConfig, BertModel, BertTokenizerFast, set_seed

from knowledge.embed import Embedder, SentenceTransformerEmbedder, load_embedder
from knowledge.encoder import ModelUnavailable, OnnxEncoder
from knowledge.settings import SHIPPED_MODEL, KnowledgeSettings

QUESTIONS = ["法律援助热线电话是多少?", "离婚了孩子归谁", ""]
LETTERS = "法律援助热线电话是多少离婚了孩子归谁你好啊？?"


def make_tiny_model(folder: Path, prompts: dict[str, str]) -> Path:
    """A real sentence-transformers folder with random weights: one BERT layer of 16 numbers."""
    set_seed(13)
    parts = folder / "parts"
    parts.mkdir(parents=True)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(LETTERS), "q", "p", ":"]
    (parts / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    BertTokenizerFast.from_pretrained(parts, model_max_length=32).save_pretrained(parts)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(parts)
    modules = [Transformer(str(parts), max_seq_length=32), Pooling(16, "mean")]
    SentenceTransformer(modules=modules, device="cpu", prompts=prompts).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), {})


@pytest.fixture(scope="module")
def tiny_embedder(tiny_model: Path) -> Embedder:
    return load_embedder(tiny_model)


@pytest.fixture(scope="module")
def shipped_embedder() -> Embedder:
    return load_embedder(KnowledgeSettings(_env_file=None).embedding_model)


class EmbedderContract:
    """Inherit and give the fixture ``embedder``."""

    def test_one_unit_row_per_text(self, embedder: Embedder) -> None:
        for vectors in (embedder.queries(QUESTIONS), embedder.passages(QUESTIONS)):
            assert vectors.shape == (len(QUESTIONS), embedder.dimension)
            assert vectors.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_texts(self, embedder: Embedder) -> None:
        assert embedder.queries([]).shape == (0, embedder.dimension)
        assert embedder.passages([]).shape == (0, embedder.dimension)

    def test_order_given_is_order_returned(self, embedder: Embedder) -> None:
        vectors = embedder.queries(QUESTIONS)
        np.testing.assert_allclose(embedder.queries(QUESTIONS[::-1])[::-1], vectors, atol=1e-5)

    def test_same_text_same_numbers(self, embedder: Embedder) -> None:
        np.testing.assert_array_equal(embedder.queries(QUESTIONS), embedder.queries(QUESTIONS))

    def test_long_text_is_cut(self, embedder: Embedder) -> None:
        long = "法律" * 2000
        np.testing.assert_allclose(embedder.queries([long]), embedder.queries([long + "孩子"]), atol=1e-6)

    def test_shared_between_threads(self, embedder: Embedder) -> None:
        alone = embedder.queries(QUESTIONS[:1])
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(lambda _: embedder.queries(QUESTIONS[:1]), range(8)):
                np.testing.assert_array_equal(vectors, alone)

    def test_has_name_and_digest(self, embedder: Embedder) -> None:
        assert embedder.name
        assert embedder.digest


class TestTinyModel(EmbedderContract):
    @pytest.fixture
    def embedder(self, tiny_embedder: Embedder) -> Embedder:
        return tiny_embedder


@pytest.mark.model
class TestShippedModel(EmbedderContract):
    @pytest.fixture
    def embedder(self, shipped_embedder: Embedder) -> Embedder:
        return shipped_embedder

    def test_same_vectors_as_without_torch(self, embedder: Embedder) -> None:
        encoder = OnnxEncoder(SHIPPED_MODEL)
        np.testing.assert_allclose(embedder.queries(QUESTIONS), encoder.encode(QUESTIONS), atol=1e-6)
        np.testing.assert_allclose(embedder.passages(QUESTIONS), encoder.encode(QUESTIONS, "passage: "), atol=1e-6)

    def test_queries_and_passages_have_their_own_prompts(self, embedder: Embedder) -> None:
        assert not np.allclose(embedder.queries(QUESTIONS), embedder.passages(QUESTIONS), atol=1e-3)

    def test_a_text_does_not_depend_on_its_neighbours(self, embedder: Embedder) -> None:
        together = embedder.passages(QUESTIONS)
        np.testing.assert_allclose(embedder.passages(QUESTIONS[1:2])[0], together[1], atol=1e-6)


def test_another_model_is_one_setting(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINFAWEN_EMBEDDING_MODEL", str(tiny_model))

    embedder = load_embedder(KnowledgeSettings(_env_file=None).embedding_model)

    expected = SentenceTransformer(str(tiny_model), device="cpu").encode(QUESTIONS, normalize_embeddings=True)
    assert embedder.dimension == 16
    np.testing.assert_allclose(embedder.queries(QUESTIONS), expected, atol=1e-6)
    np.testing.assert_allclose(embedder.passages(QUESTIONS), expected, atol=1e-6)


def test_prompts_of_another_model_are_used(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path, {"query": "q:", "passage": "p:"})
    plain = SentenceTransformer(str(folder), device="cpu")

    embedder = load_embedder(folder)

    for rows, prompt in ((embedder.queries(["你好"]), "q:"), (embedder.passages(["你好"]), "p:")):
        expected = plain.encode([prompt + "你好"], normalize_embeddings=True)
        np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert not np.allclose(embedder.queries(["你好"]), embedder.passages(["你好"]), atol=1e-3)


def test_torch_is_left_with_one_thread(tiny_model: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        load_embedder(tiny_model)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_nothing_heavy_at_import() -> None:
    heavy = "{'torch', 'sentence_transformers', 'transformers', 'onnx'} & set(sys.modules)"
    run = subprocess.run([sys.executable, "-c", f"import sys, knowledge.embed; print({heavy})"], capture_output=True)
    assert run.stdout.decode().strip() == "set()", run.stderr.decode()


def test_use_before_warm_up_is_an_error(tiny_model: Path) -> None:
    embedder = SentenceTransformerEmbedder(tiny_model)
    with pytest.raises(RuntimeError, match="warm_up"):
        embedder.queries(QUESTIONS)


class TestDigest:
    def test_changes_with_the_model_only(self, tiny_model: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(tiny_model, copy)
        digest = SentenceTransformerEmbedder(tiny_model).digest
        (copy / "PROVENANCE.md").write_text("about the model", encoding="utf-8")
        assert SentenceTransformerEmbedder(copy).digest == digest

        config = copy / "config.json"
        config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert SentenceTransformerEmbedder(copy).digest != digest

    def test_a_name_is_its_own_digest(self) -> None:
        assert SentenceTransformerEmbedder("someone/some-model").digest == "someone/some-model"


class TestRefused:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "copy"
        folder.mkdir()
        for path in SHIPPED_MODEL.iterdir():
            if path.suffix in {".onnx", ".json"}:
                shutil.copyfile(path, folder / path.name)
        yield folder
        shutil.rmtree(folder)

    def test_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailable, match="no such folder"):
            load_embedder(tmp_path / "nowhere")

    def test_folder_without_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailable) as caught:
            load_embedder(tmp_path)
        assert caught.value.folder == tmp_path
        assert caught.value.reason

    def test_name_without_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(ModelUnavailable, match="someone/some-model"):
            load_embedder("someone/some-model")

    @pytest.mark.model
    def test_a_copy_of_ours_loads_from_anywhere(self, copy: Path) -> None:
        assert load_embedder(copy).digest == SentenceTransformerEmbedder(SHIPPED_MODEL).digest

    @pytest.mark.model
    def test_corrupt_network(self, copy: Path) -> None:
        network = copy / "model.onnx"
        network.write_bytes(network.read_bytes()[:100_000])
        with pytest.raises(ModelUnavailable, match=r"model\.onnx cannot be read"):
            load_embedder(copy)

    @pytest.mark.parametrize("module", ["evil.Evil", "sentence_transformers.evil.Evil"])
    def test_code_that_a_model_brings_along_is_not_run(self, copy: Path, module: str) -> None:
        (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')\nclass Evil: pass\n", encoding="utf-8")
        ours = json.loads((copy / "modules.json").read_text(encoding="utf-8"))
        modules = [*ours, {"idx": 1, "name": "1", "path": "", "type": module}]
        (copy / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
        with pytest.raises(ModelUnavailable):
            load_embedder(copy)
        assert not (copy / "ran").exists()
