"""One search for bot, desk and admin: which targets and passages have how much for them, the rejected ones included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.evidence import Features, Gate
from knowledge.groups import GroupModel
from knowledge.index import Index, Match, Matches, Vector
from knowledge.passages import Target, searchable
from knowledge.records import Passage
from knowledge.tokens import tokens

QUESTION_WIDTH, TEXT_WIDTH, PASSAGES = 60, 300, 20
NEAREST = 40
# Softmax temperature over cosines: e5 packs them between 0.8 and 1, so two hundredths are a lot.
TEMPERATURE = 0.02
KNOWN = 0.995
# Which section of a matter: the nearest question, what the section says, and the words both have. Chosen on the known
# questions with each left out in turn: 0.57 right sections, with the nearest question alone 0.45.
STATEMENT_WEIGHT, WORD_WEIGHT = 0.8, 0.1
SCOPE = "scope:"


@dataclass(frozen=True, slots=True)
class Scored:
    """A target with its evidence; ``question`` is the known question that came closest.

    ``group`` is the share of its matter, ``lead`` how much that is over the share of all scope notes, ``within`` ranks it
    inside the matter, ``dense`` the cosine of ``question``, ``statement`` the cosine of its best statement.
    """

    target: Target
    probability: float
    group: float
    within: float
    lead: float
    dense: float
    statement: float
    question: str
    weight: float

    @property
    def features(self) -> Features:
        return (self.lead, self.dense, self.statement)

    @property
    def ours(self) -> bool:
        """False for scope notes: questions that we decline or send elsewhere."""
        return not self.target.key.startswith(SCOPE)


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage of a document with its scores."""

    passage: Passage
    match: Match


@dataclass(frozen=True, slots=True)
class Found:
    """Everything one search brought, best first; ``normal`` is the form of the question that was compared."""

    normal: str
    targets: tuple[Scored, ...]
    passages: tuple[FoundPassage, ...]


class SharedWords:
    """How much of a question's words, weighted by rarity, each of some texts has."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        holders: dict[str, list[int]] = {}
        for number, text in enumerate(texts):
            for word in set(tokens(text)):
                holders.setdefault(word, []).append(number)
        self._holders = {word: np.array(numbers) for word, numbers in holders.items()}
        self._rarity = {word: math.log((len(texts) + 1) / len(numbers)) for word, numbers in holders.items()}
        self._unknown = math.log(len(texts) + 1)

    def shares(self, words: Iterable[str]) -> NDArray[np.float64]:
        """0 to 1 for each text: the rarity of the words that it has, over that of all ``words``."""
        weights = {word: self._rarity.get(word, self._unknown) for word in words}
        total = sum(weights.values()) or 1.0
        found = np.zeros(self._size)
        for word, weight in weights.items():
            if word in self._holders:
                found[self._holders[word]] += weight / total
        return found


class Searcher:
    """Searches known questions and quotable texts; holds no state between calls and may be shared between threads."""

    def __init__(
        self,
        targets: Sequence[Target],
        passages: Sequence[Passage],
        questions: Index,
        texts: Index,
        groups: GroupModel,
        gate: Gate,
    ) -> None:
        self._targets = targets
        self._passages = passages
        self._questions = questions
        self._texts = texts
        self._learned = groups
        self.gate = gate
        self._known = [question for target in targets for question in target.questions]
        self._owner = np.repeat(np.arange(len(targets)), [len(target.questions) for target in targets])
        self._teller = np.repeat(np.arange(len(targets)), [len(target.texts) for target in targets])
        names = {name: number for number, name in enumerate(dict.fromkeys(target.group for target in targets))}
        self._group = np.array([names[target.group] for target in targets])
        self._learned_group = np.array([names[name] for name in groups.names], dtype=np.int64)
        self._declining = np.array([name.startswith(SCOPE) for name in names])
        self._words = SharedWords([" ".join(map(searchable, target.texts)) for target in targets])

    def find(self, text: str, vector: Vector) -> Found:
        """Search for ``text`` with the embedding of ``searchable(text)``."""
        normal = searchable(text)
        asked = self._questions.search(normal, vector, QUESTION_WIDTH)
        told = self._texts.search(normal, vector, TEXT_WIDTH)
        scored = self._weigh(normal, asked, told, self._learned.shares(normal, vector))
        offset = len(self._teller)
        quotable = told.only(told.rows >= offset, PASSAGES)
        passages = tuple(FoundPassage(self._passages[match.row - offset], match) for match in quotable)
        return Found(normal, scored, passages)

    def _weigh(self, normal: str, asked: Matches, told: Matches, learned: NDArray[np.float32]) -> tuple[Scored, ...]:
        """Targets of the matches, best first: by the matter's share (nearest questions and learned model in equal
        parts; all scope notes count as one), then by what fits best within the matter. A known question word for word
        is certain.
        """
        shares = self._shares(asked, learned)
        declined = float(shares[self._declining].sum())
        rows, said = self._best_questions(asked), self._statements(told)
        words = self._words.shares(tokens(normal))
        scored = [
            self._scored(target, row, dense, float(shares[self._group[target]]), declined, said[target], words[target])
            for target, (row, dense) in rows.items()
        ]
        scored.sort(key=lambda item: (-item.weight, -item.group, -item.within, -item.dense))
        return tuple(scored)

    def _scored(
        self, target: int, question: int, dense: float, group: float, declined: float, said: float, words: float
    ) -> Scored:
        row = self._targets[target]
        within = dense + STATEMENT_WEIGHT * float(said) + WORD_WEIGHT * float(words)
        features = (group - declined, dense, float(said))
        if row.key.startswith(SCOPE):
            # Which note fits best matters less than that some note does: they stand or fall together.
            weight, probability = declined, declined
        else:
            weight, probability = group, self.gate.probability(features)
        if dense >= KNOWN:
            weight = probability = 1.0
        return Scored(row, probability, group, within, *features, self._known[question], weight)

    def _shares(self, asked: Matches, learned: NDArray[np.float32]) -> NDArray[np.float64]:
        """Share of each matter: half by a softmax over the cosines of the nearest questions, half learned."""
        shares = np.zeros(len(self._declining))
        np.add.at(shares, self._learned_group, 0.5 * learned)
        nearest = np.argsort(-asked.dense, kind="stable")[:NEAREST]
        if len(nearest):
            weights = np.exp((asked.dense[nearest] - asked.dense[nearest[0]]) / TEMPERATURE)
            np.add.at(shares, self._group[self._owner[asked.rows[nearest]]], 0.5 * weights / weights.sum())
        return shares

    def _best_questions(self, asked: Matches) -> dict[int, tuple[int, float]]:
        """For each target found, its closest known question and the cosine."""
        order = np.argsort(-asked.dense, kind="stable")
        owners, first = np.unique(self._owner[asked.rows[order]], return_index=True)
        chosen = order[first]
        rows, dense = asked.rows[chosen].tolist(), asked.dense[chosen].tolist()
        return dict(zip(owners.tolist(), zip(rows, dense, strict=True), strict=True))

    def _statements(self, told: Matches) -> NDArray[np.float64]:
        """Cosine of each target's best statement; what was not found gets the lowest cosine that was."""
        said = np.full(len(self._targets), told.dense.min() if len(told) else 0.0)
        ours = told.rows < len(self._teller)
        np.maximum.at(said, self._teller[told.rows[ours]], told.dense[ours])
        return said
