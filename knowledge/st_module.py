"""Lets sentence-transformers (6.2) run the ONNX model that ships; ``modules.json`` beside the model names the class."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer
from torch.nn.utils.rnn import pad_sequence

from knowledge.encoder import MAX_TOKENS, MODEL_FILE, TOKENIZER_FILE, OnnxEncoder


class OnnxEmbedding(InputModule):
    """Tokenizer and network in one module; pooling and normalisation are inside the network. Runs on the CPU."""

    config_file_name = "onnx_embedding_config.json"
    config_keys = ["max_seq_length", "threads"]  # noqa: RUF012 - declared so by the base class

    def __init__(self, folder: str | Path, max_seq_length: int = MAX_TOKENS, threads: int = 1) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.threads = threads
        self.encoder = OnnxEncoder(Path(folder), threads=threads, max_tokens=max_seq_length)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", *args: Any, **kwargs: Any) -> OnnxEmbedding:
        """From a local folder only; raises ``ModelUnavailable`` when its files are missing or corrupt."""
        folder = Path(model_name_or_path, subfolder)
        return cls(folder, **cls.load_config(str(folder), local_files_only=True))

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        target = Path(output_path)
        for name in (MODEL_FILE, TOKENIZER_FILE):
            if target.resolve() != self.encoder.folder.resolve():
                shutil.copyfile(self.encoder.folder / name, target / name)
        (target / self.config_file_name).write_text(json.dumps(self.get_config_dict()) + "\n", encoding="utf-8")

    @property
    def tokenizer(self) -> Tokenizer:  # type: ignore[override]
        return self.encoder.tokenizer

    @property
    def max_seq_length(self) -> int:
        return self.encoder.max_tokens

    def get_embedding_dimension(self) -> int:
        return self.encoder.dimension

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(self.encoder.token_ids((prompt or "") + text)) for text in inputs]
        return {
            "input_ids": pad_sequence(ids, batch_first=True),
            "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        }

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Row by row without the padding, for the reason that :meth:`OnnxEncoder.vector` gives."""
        lengths = features["attention_mask"].sum(dim=1).tolist()
        rows = zip(features["input_ids"].tolist(), lengths, strict=True)
        vectors = [torch.from_numpy(self.encoder.vector(ids[:length])) for ids, length in rows]
        features["sentence_embedding"] = torch.stack(vectors)
        return features
