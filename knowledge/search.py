"""One search for bot, desk and admin: which targets and passages have how much for them, the rejected ones included."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.evidence import Features, Gate
from knowledge.groups import GroupModel
from knowledge.index import Index, Match, Vector
from knowledge.passages import Target, searchable
from knowledge.records import Passage
from knowledge.tokens import tokens

QUESTION_WIDTH, TEXT_WIDTH = 60, 300
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
        self._texts = [frozenset(tokens(text)) for text in texts]
        counts = Counter(word for text in self._texts for word in text)
        self._rarity = {word: math.log((len(texts) + 1) / count) for word, count in counts.items()}
        self._unknown = math.log(len(texts) + 1)

    def weigh(self, words: Iterable[str]) -> dict[str, float]:
        """Words with their rarity, as shares that add up to 1."""
        weights = {word: self._rarity.get(word, self._unknown) for word in set(words)}
        total = sum(weights.values()) or 1.0
        return {word: weight / total for word, weight in weights.items()}

    def share(self, weights: Mapping[str, float], text: int) -> float:
        """0 to 1 for the text with this number; ``weights`` are the question's, from :meth:`weigh`."""
        return sum(weights[word] for word in weights.keys() & self._texts[text])


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
        self._groups = groups
        self.gate = gate
        self._question_rows = [(i, question) for i, target in enumerate(targets) for question in target.questions]
        self._text_rows = [i for i, target in enumerate(targets) for _ in target.texts]
        self._words = SharedWords([" ".join(map(searchable, target.texts)) for target in targets])

    def find(self, text: str, vector: Vector) -> Found:
        """Search for ``text`` with the embedding of ``searchable(text)``."""
        normal = searchable(text)
        asked = self._questions.search(normal, vector, QUESTION_WIDTH)
        told = self._texts.search(normal, vector, TEXT_WIDTH)
        scored = self._weigh(normal, asked, told, self._groups.probabilities(normal, vector))
        offset = len(self._text_rows)
        passages = tuple(FoundPassage(self._passages[m.row - offset], m) for m in told if m.row >= offset)
        return Found(normal, scored, passages)

    def _weigh(
        self, normal: str, asked: Sequence[Match], told: Sequence[Match], learned: Mapping[str, float]
    ) -> tuple[Scored, ...]:
        """Targets of the matches, best first: by the matter's share (nearest questions and learned model in equal
        parts; all scope notes count as one), then by what fits best within the matter. A known question word for word
        is certain.
        """
        near = self._shares(asked)
        statements = self._statements(told)
        floor = min((match.dense for match in told), default=0.0)
        best = self._best_questions(asked)
        of_group: dict[str, float] = {}
        for target, share in near.items():
            of_group[self._targets[target].group] = of_group.get(self._targets[target].group, 0.0) + share
        mixed = {
            name: 0.5 * of_group.get(name, 0.0) + 0.5 * learned.get(name, 0.0)
            for name in of_group.keys() | learned.keys()
        }
        words = self._words.weigh(tokens(normal))
        declined = sum(share for name, share in mixed.items() if name.startswith(SCOPE))
        scored = []
        for target, (dense, question) in best.items():
            row = self._targets[target]
            group = mixed[row.group]
            said = statements.get(target, floor)
            within = dense + STATEMENT_WEIGHT * said + WORD_WEIGHT * self._words.share(words, target)
            features = (group - declined, dense, said)
            if row.key.startswith(SCOPE):
                # Which note fits best matters less than that some note does: they stand or fall together.
                weight, probability = declined, declined
            else:
                weight, probability = group, self.gate.probability(features)
            if dense >= KNOWN:
                weight = probability = 1.0
            scored.append(Scored(row, probability, group, within, *features, question, weight))
        scored.sort(key=lambda item: (-item.weight, -item.group, -item.within, -item.dense))
        return tuple(scored)

    def _shares(self, asked: Sequence[Match]) -> dict[int, float]:
        """Share of each target among the nearest questions, by a softmax over their cosines."""
        nearest = sorted(asked, key=lambda match: -match.dense)[:NEAREST]
        if not nearest:
            return {}
        weights = [math.exp((match.dense - nearest[0].dense) / TEMPERATURE) for match in nearest]
        shares: dict[int, float] = {}
        for match, weight in zip(nearest, weights, strict=True):
            target = self._question_rows[match.row][0]
            shares[target] = shares.get(target, 0.0) + weight / sum(weights)
        return shares

    def _best_questions(self, asked: Sequence[Match]) -> dict[int, tuple[float, str]]:
        best: dict[int, tuple[float, str]] = {}
        for match in asked:
            target, question = self._question_rows[match.row]
            if match.dense > best.get(target, (-1.0, ""))[0]:
                best[target] = (match.dense, question)
        return best

    def _statements(self, told: Sequence[Match]) -> dict[int, float]:
        statements: dict[int, float] = {}
        for match in told:
            if match.row < len(self._text_rows):
                target = self._text_rows[match.row]
                statements[target] = max(statements.get(target, 0.0), match.dense)
        return statements
