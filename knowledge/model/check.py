"""Compares the files made with the model they were made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from knowledge.encoder import MAX_TOKENS, OnnxEncoder

REPORT = Path(__file__).parents[1] / "content" / "documents" / "000_cabebfb8727e5438.txt"
SENTENCES = 200
MEAN_COSINE = 0.995
SHORTEST = 6  # characters; below it there is only a heading number or a single word
# Residents do not speak like a report: the check needs the way they ask, too.
QUESTIONS = (
    "法律援助热线电话是多少?",
    "老板拖着工资不给,我该找谁",
    "俺村的法律顾问咋联系",
    "离婚了孩子归谁",
    "打官司没钱请律师咋办",
    "邻居占了我家宅基地,说了不听",
    "被人骗了钱,报警有用吗",
    "开证明跑了三趟都不给办,能不能写个承诺代替",
    "劳动仲裁要交多少钱?",
    "公司没签合同就把我辞了,有赔偿吗?",
    "我老公打我,我能申请保护令不",
    "欠条过了三年还能要回来吗",
    "12348是24小时的吗",
    "对处罚不服,去哪儿申请行政复议",
    "村里调解员管不管分家的事",
    "工地上摔伤了,算不算工伤",
    "房东不退押金",
    "交通事故对方全责但是不赔钱",
    "老人不在了,房子咋过户",
    "你是谁?你会做什么?",
)


@dataclass(frozen=True, slots=True)
class Original:
    """The model before pruning, export and quantisation."""

    tokenizer: Tokenizer
    network: nn.Module

    def token_ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids[:MAX_TOKENS]

    def encode(self, text: str) -> NDArray[np.float32]:
        ids = torch.tensor([self.token_ids(text)])
        with torch.inference_mode():
            vector: NDArray[np.float32] = self.network(ids, torch.ones_like(ids)).numpy()[0]
        return vector


def check_texts() -> list[str]:
    """Texts with their prompts: questions in residents' words, then sentences and clauses of the report in turn."""
    report = REPORT.read_text(encoding="utf-8")
    sentences = ["passage: " + text for text in _parts(report, r"[。;\n]")]
    clauses = ["query: " + text for text in _parts(report, r"[,。;:\n]")]
    questions = ["query: " + text for text in QUESTIONS]
    in_turn = [text for pair in zip_longest(sentences, clauses) for text in pair if text]
    if len(questions) + len(in_turn) < SENTENCES:
        raise ValueError(f"{REPORT.name} has too few sentences to check {SENTENCES}")
    return questions + in_turn


def checks(
    original: Original,
    folder: Path,
    rows: list[int],
    pieces: tuple[tuple[str, ...], list[str]],
    texts: list[str],
) -> dict[str, dict[str, Any]]:
    """Each check's numbers and whether it is ``ok``: tokenisation on all texts, vectors on the first 200.

    ``rows`` tells which row of the original every piece of the files in ``folder`` was; ``pieces`` are the pieces as
    the weights and as the tokenizer name them.
    """
    encoder = OnnxEncoder(folder)
    ours = [[rows[piece] for piece in encoder.token_ids(text)] for text in texts]
    differing = [text for text, ids in zip(texts, ours, strict=True) if ids != original.token_ids(text)]
    sample = texts[:SENTENCES]
    expected = np.stack([original.encode(text) for text in sample])
    cosines = (expected * encoder.encode(sample, prompt="")).sum(axis=1)
    return {
        "weights and tokenizer name the same pieces": _pieces(*pieces),
        "tokenisation equal": {
            "ok": not differing,
            "equal": len(texts) - len(differing),
            "of": len(texts),
            "differing": differing[:5],
        },
        "cosine to fp32": _cosine(cosines),
    }


def _pieces(weights: tuple[str, ...], tokenizer: list[str]) -> dict[str, Any]:
    differing = sum(ours != theirs for ours, theirs in zip(weights, tokenizer, strict=False))
    return {"ok": differing == 0 and len(weights) == len(tokenizer), "differing": differing, "of": len(tokenizer)}


def _cosine(values: NDArray[np.float32]) -> dict[str, Any]:
    mean = float(values.mean())
    return {
        "ok": mean >= MEAN_COSINE,
        "mean": round(mean, 4),
        "min": round(float(values.min()), 4),
        "required_mean": MEAN_COSINE,
        "texts": len(values),
    }


def _parts(text: str, separators: str) -> list[str]:
    parts = dict.fromkeys(part.strip() for part in re.split(separators, text))
    return [part for part in parts if len(part) >= SHORTEST]
