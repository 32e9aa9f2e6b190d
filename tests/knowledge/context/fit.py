"""Fits the weights of knowledge/context/going_on.py and within.py on the written dialogues, and says how well they do on
dialogues left out: ``python -m tests.knowledge.context.fit`` (some minutes; a release must be built)."""

from __future__ import annotations

import fnmatch
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from knowledge.answer import Knowledge
from knowledge.catalogue import Guide
from knowledge.context.going_on import BIAS, WEIGHTS, lag_behind, signs_alone
from knowledge.context.talk import words_of
from knowledge.context.within import BEHIND_QUESTION, FACET, ONLY_FACET
from knowledge.context.words import Message
from knowledge.embed import load_embedder
from knowledge.learning import GATE_FILE
from knowledge.passages import searchable
from knowledge.release import current, load_release
from knowledge.settings import SHIPPED_MODEL
from tests.knowledge.context.dialogues import dialogues

ASKED = Path(__file__).parents[3] / "bot/dialogue/data/nlu_ask.yml"
SETS = ("tuned", "held_out", "fresh", "chosen", "unseen", "taught")
KEPT, FOLDS, SEEDS = 0.425, 8, 3  # a turn is taken as going on from this probability
Array = np.ndarray


@dataclass(frozen=True)
class Said:
    """A turn in a talk about ``guide`` that began with ``question``; ``talk`` is what it is left out with."""

    talk: str
    text: str
    guide: Guide
    question: str
    wanted: tuple[str, ...]  # empty: anything but the guide


def later_turns(guides: dict[str, Guide]) -> list[Said]:
    """Turns after the first, each in the talk as it should have gone until then."""
    rows = []
    for name in SETS:
        for dialogue in dialogues(name):
            about, question = "", ""
            for turn in dialogue["turns"]:
                wanted = tuple(part.strip() for part in turn["expect"].split(" | "))
                if about:
                    rows.append(Said(name + dialogue["id"], turn["say"], guides[about], question, wanted))
                named = next((part.split("/")[0] for part in wanted if part.split("/")[0] in guides), about)
                if named != about:
                    about, question = named, searchable(turn["say"])
    return rows


def strangers(knowledge: Knowledge, guides: dict[str, Guide]) -> list[Said]:
    """The gate's cases and the dialogue model's questions, each put into a talk about something else."""
    draw = random.Random(5)
    cases = [row for row in yaml.safe_load(GATE_FILE.read_text("utf-8")) if row["kind"] not in ("crisis", "nearmiss")]
    rows = []
    for case in cases:
        guide = guides[draw.choice([name for name in guides if not name.startswith("report")])]
        asked = [row["q"] for row in cases if guide.id in (row.get("guides") or [])]
        if guide.id not in (case.get("guides") or []):
            rows.append(Said(case["q"], case["q"], guide, searchable(draw.choice(asked or [guide.matter])), ()))
    for line in yaml.safe_load(ASKED.read_text("utf-8"))["nlu"][0]["examples"].splitlines():
        if words_of(knowledge, searchable(line.removeprefix("- "))).bare:
            continue
        guide = guides[draw.choice([name for name in guides if not name.startswith("report")])]
        rows.append(Said(line, line.removeprefix("- "), guide, searchable(guide.sections[0].questions[0]), ()))
    return rows


def out_of_fold(rows: Sequence[Said], hits: Callable[[list[int], list[int]], float]) -> float:
    """Mean of ``hits(fitted on, counted on)`` over folds that keep talks together, as a share of ``rows``."""
    talks = sorted({row.talk for row in rows})
    total = 0.0
    for seed in range(SEEDS):
        fold = dict(zip(talks, np.random.default_rng(seed).integers(0, FOLDS, len(talks)).tolist(), strict=True))
        for number in range(FOLDS):
            out = [at for at, row in enumerate(rows) if fold[row.talk] == number]
            total += hits([at for at, row in enumerate(rows) if fold[row.talk] != number], out)
    return total / SEEDS / len(rows)


def _outcomes(knowledge: Knowledge, row: Said, message: Message) -> tuple[bool, bool]:
    """Would the turn go right as going on, and would it by itself?"""
    best = knowledge.search(message.text).targets[0].target.key.removeprefix("guide:")
    here = any(part.startswith(f"{row.guide.id}/") for part in row.wanted)
    there = not any("/" in part for part in row.wanted) or any(
        part.startswith(f"{best.split('/')[0]}/") or fnmatch.fnmatch(best, part) for part in row.wanted
    )
    return here, there


def fit_going_on(knowledge: Knowledge, turns: list[Said], others: list[Said]) -> None:
    rows, signs, outcomes = turns + others, [], []
    for row in rows:
        message = words_of(knowledge, searchable(row.text))
        alone = signs_alone(knowledge, row.guide, message)
        signs.append([*alone.values(), lag_behind(knowledge, row.guide, message, row.question)])
        outcomes.append(_outcomes(knowledge, row, message) if row.wanted else (False, True))
    names = [*alone, "lag_behind"]
    values = np.array(signs)
    mean, spread = values.mean(0), values.std(0) + 1e-9
    scaled, goes = (values - mean) / spread, np.array([here for here, _ in outcomes])

    def fit(on: list[int]) -> LogisticRegression:
        decided = [at for at in on if outcomes[at][0] != outcomes[at][1]]  # the others go right or wrong either way
        return LogisticRegression(max_iter=3000).fit(scaled[decided], goes[decided])

    def right(kept: Array, at: list[int]) -> float:
        return sum(outcomes[row][0 if keep else 1] for row, keep in zip(at, kept, strict=True))

    def hits(among: range) -> Callable[[list[int], list[int]], float]:
        def count(on: list[int], out: list[int]) -> float:
            out = [at for at in out if at in among]
            return right(fit(on).predict_proba(scaled[out])[:, 1] > KEPT, out) if out else 0.0

        return count

    first = range(len(turns))
    behind = range(len(turns), len(rows))
    stands = BIAS + values @ np.array([WEIGHTS[name] for name in names]) > 0
    for what, among in (("turns of talks", first), ("questions about something else", behind)):
        share = out_of_fold(rows, hits(among)) * len(rows) / len(among)
        now = right(stands[list(among)], list(among)) / len(among)
        print(f"going on, {len(among)} {what}: {now:.3f} right now, {share:.3f} fitted on the other talks")
    model = fit(list(range(len(rows))))
    weights = model.coef_[0] / spread
    bias = float(model.intercept_[0] - (weights * mean).sum() - np.log(KEPT / (1 - KEPT)))
    print("BIAS", round(bias, 1), "WEIGHTS", dict(zip(names, weights.round(1).tolist(), strict=True)))


def fit_within(knowledge: Knowledge, turns: list[Said]) -> None:
    rows = [row for row in turns if any(part.startswith(f"{row.guide.id}/") for part in row.wanted)]
    tables, answers = [], []
    for row in rows:
        message: Message = words_of(knowledge, searchable(row.text))
        alone, behind = (
            knowledge.within(row.guide.id, text) for text in (message.text, f"{row.question} {message.text}".strip())
        )
        fits = {section.id: float(message.asks_for(section.facet)) for section in row.guide.sections}
        tables.append(np.array([[alone[key], behind[key], fits[key], fits[key] * message.bare] for key in fits]))
        answers.append(
            np.array([any(fnmatch.fnmatch(f"{row.guide.id}/{key}", part) for part in row.wanted) for key in fits])
        )

    def loss(weights: Array, on: list[int]) -> tuple[float, Array]:
        value, slope = 0.01 * float(weights @ weights), 0.02 * weights
        for at in on:
            score = tables[at] @ weights
            share = np.exp(score - score.max())
            share /= share.sum()
            hit = share * answers[at]
            value -= float(np.log(hit.sum() + 1e-12))
            slope = slope - tables[at].T @ (hit / (hit.sum() + 1e-12) - share)
        return value, slope

    def fit(on: list[int]) -> Array:
        return np.asarray(minimize(loss, np.ones(4), args=(on,), jac=True, method="L-BFGS-B").x)

    def right(weights: Array, at: list[int]) -> float:
        return float(sum(answers[row][(tables[row] @ weights).argmax()] for row in at))

    everywhere = list(range(len(rows)))
    now = right(np.array([1, BEHIND_QUESTION, FACET, ONLY_FACET - FACET]), everywhere) / len(rows)
    share = out_of_fold(rows, lambda on, out: right(fit(on), out))
    print(f"section within the guide, {len(rows)} turns: {now:.3f} right now, {share:.3f} fitted on the other talks")
    weights = fit(everywhere)
    behind, facet, more = (weights[1:] / weights[0]).round(2).tolist()
    print("BEHIND_QUESTION", behind, "FACET", facet, "ONLY_FACET", round(facet + more, 2))


def main(folder: Path) -> None:
    embedder = load_embedder(SHIPPED_MODEL)
    knowledge = Knowledge(load_release(folder, current(folder) or "", embedder), embedder)
    guides = {guide.id: guide for guide in knowledge.release.catalogue.guides}
    turns = later_turns(guides)
    fit_going_on(knowledge, turns, strangers(knowledge, guides))
    fit_within(knowledge, turns)


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "var/releases"))
