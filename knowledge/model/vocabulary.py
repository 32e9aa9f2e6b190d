"""Which pieces of the tokenizer stay: Chinese and what our texts need."""

from __future__ import annotations

import copy
from typing import Any

from tokenizers import Tokenizer

SPECIAL_PIECES = 4  # <s> <pad> </s> <unk> come first
QUERY, PASSAGE = "query: ", "passage: "
SYMBOLS = frozenset("×÷°℃→←①②③④⑤⑥⑦⑧⑨⑩·—…¥€§▁")
# Longer Latin pieces are other languages' words; short ones still spell any ASCII word.
LONGEST_ASCII = 3


def kept_rows(tokenizer_json: dict[str, Any], tokenizer: Tokenizer) -> list[int]:
    """Rows that stay, in order: special pieces, the pieces of both prompts, Chinese, figures and short ASCII."""
    pieces = [piece for piece, _score in tokenizer_json["model"]["vocab"]]
    # Pruned away, "query:" would be spelt from short pieces and every vector would be off.
    needed = {
        row for prompt in (QUERY, PASSAGE) for text in (prompt, prompt + "你") for row in tokenizer.encode(text).ids
    }
    last = len(pieces) - 1  # <mask>
    return [
        row
        for row, piece in enumerate(pieces)
        if row < SPECIAL_PIECES or row == last or row in needed or is_kept(piece)
    ]


def is_kept(piece: str) -> bool:
    """Whether a piece is Chinese (also mixed with ASCII), figures or punctuation (100%, -02-), or short ASCII."""
    letters = piece.replace("▁", "")
    if not all(_is_han(char) or _is_symbol(char) or " " <= char <= "~" for char in letters):
        return False
    return any(map(_is_han, letters)) or not any(map(str.isalpha, letters)) or len(letters) <= LONGEST_ASCII


def prune(tokenizer_json: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """A copy of the tokenizer's file with these rows only, renumbered from 0."""
    pruned = copy.deepcopy(tokenizer_json)
    new_id = {row: number for number, row in enumerate(rows)}
    model = pruned["model"]
    model["vocab"] = [model["vocab"][row] for row in rows]
    model["unk_id"] = new_id[model["unk_id"]]
    for added in pruned["added_tokens"]:
        added["id"] = new_id[added["id"]]
    for special in pruned["post_processor"]["special_tokens"].values():
        special["ids"] = [new_id[row] for row in special["ids"]]
    return pruned


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf"


def _is_symbol(char: str) -> bool:
    return (
        "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef" or "\u2010" <= char <= "\u2040" or char in SYMBOLS
    )
