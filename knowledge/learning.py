"""What a release learns from its content: indexes, section model, gate and danger model, and when it must learn anew.

Besides the questions it learns from three files that lie in its folder: what danger sounds like, cases of danger and of none
(crisis.py, danger.py), and cases for the gate (fitting.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from knowledge.apart import Apart
from knowledge.catalogue import read_rows
from knowledge.crisis import CRISIS_FILE, CrisisDetector, load_content
from knowledge.danger import CASES_FILE, NONE, DangerModel, labelled, load_cases
from knowledge.embed import Embedder
from knowledge.evaluate.golden import Golden
from knowledge.evidence import Gate
from knowledge.fitting import Case, cases_for, fit_gate
from knowledge.index import HybridIndex, Vector
from knowledge.passages import Target, digest, searchable
from knowledge.records import Passage
from knowledge.sections import SectionFit

GATE_FILE = CASES_FILE.with_name("gate_cases.yml")
PARTS = ("questions", "texts", "sections", "apart", "danger")
# Modules that what is learnt depends on; a change in any other leaves it as it is.
_CODE = (
    "apart", "crisis", "danger", "embed", "encoder", "evidence", "fitting", "groups", "index", "learning", "normalise", "passages",
    "search", "sections", "st_module", "tokens",
)  # fmt: skip
BLOCK = 2000
Progress = Callable[[str], None]


def fingerprint(goals: Sequence[Target], passages: Sequence[Passage], lessons: Mapping[str, str], model: str) -> str:
    """Changes when a build would learn something else: other questions, texts, files to learn from, model or code."""
    here = Path(__file__).parent
    code = [(here / f"{name}.py").read_text(encoding="utf-8") for name in _CODE]
    told = [text for goal in goals for text in (goal.key, *goal.questions, "", *goal.texts, "")]
    return digest(*code, *told, *(passage.searchable for passage in passages), *lessons.values(), model)


def learn(home: Path, goals: Sequence[Target], passages: Sequence[Passage], embedder: Embedder, say: Progress) -> Gate:
    """Write the PARTS below ``home``, which holds the files to learn from already, and return the gate fitted for them."""
    questions = [searchable(question) for goal in goals for question in goal.questions]
    texts = [searchable(text) for goal in goals for text in goal.texts]
    texts += [passage.searchable for passage in passages]
    say(f"embedding {len(questions)} questions and {len(texts)} texts")
    asked = _embedded(questions, embedder.queries, "questions", say)
    told = _embedded(texts, embedder.passages, "texts", say)
    say("indexing")
    question_index, text_index = HybridIndex.build(questions, asked), HybridIndex.build(texts, told)
    say("learning to tell the matters apart")
    owners = [number for number, goal in enumerate(goals) for _ in goal.questions]
    sections = SectionFit(questions, asked, owners, len(goals))
    model = sections.model()
    apart = Apart.fit(goals, questions, asked)
    say("fitting the gate")
    cases = _gate_cases(home, goals, embedder)
    gate = fit_gate(goals, questions, question_index, asked, text_index, passages, sections, apart, cases)
    say("learning what danger sounds like")
    _fit_danger(home, goals, questions, asked, embedder).save(home / "danger")
    question_index.save(home / "questions")
    text_index.save(home / "texts")
    model.save(home / "sections")
    apart.save(home / "apart")
    return gate


def _embedded(texts: Sequence[str], embed: Callable[[Sequence[str]], Vector], what: str, say: Progress) -> Vector:
    """Vectors of ``texts``; says how far it is: a large import takes half an hour."""
    blocks = [embed(texts[:BLOCK])]
    for start in range(BLOCK, len(texts), BLOCK):
        say(f"embedded {start} of {len(texts)} {what}")
        blocks.append(embed(texts[start : start + BLOCK]))
    return np.concatenate(blocks)


def _gate_cases(home: Path, goals: Sequence[Target], embedder: Embedder) -> list[Case]:
    found = cases_for(read_rows(home / GATE_FILE.name, Golden), goals)
    vectors = embedder.queries([text for text, _ in found])
    return [Case(text, vector, groups) for (text, groups), vector in zip(found, vectors, strict=True)]


def _fit_danger(
    home: Path, goals: Sequence[Target], questions: list[str], asked: Vector, embedder: Embedder
) -> DangerModel:
    """The second net. Known questions that the patterns flag do not count as harmless: some are asked in danger. The gate's
    cases are harmless unless they say that they are not, whatever a pattern hears in them."""
    crisis = load_content(home / CRISIS_FILE.name)
    detector = CrisisDetector(crisis)
    cases = [(searchable(text), kind) for text, kind in labelled(load_cases(home / CASES_FILE.name))]
    harmless = (row for row in read_rows(home / GATE_FILE.name, Golden) if row.harmless)
    cases += [(searchable(row.q), next(iter(row.groups), NONE)) for row in harmless]
    matters = [goal.group for goal in goals for _ in goal.questions]
    calm = [row for row, question in enumerate(questions) if detector.detect(question) is None]
    vectors = np.concatenate([embedder.queries([text for text, _ in cases]), asked[calm]])
    known = [(questions[row], matters[row]) for row in calm]
    return DangerModel.fit(cases, known, vectors, [row.kind for row in crisis.kinds])
