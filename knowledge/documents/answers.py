"""What an uploaded document says to a question: a sentence of it, word for word, when the evidence is clear.

The thresholds were chosen on questions about made-up documents against all golden questions, with six statutes uploaded that
speak of the same matters as our guides (docs/decisions/0015).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from knowledge.documents.quotes import Quoter, Sentence
from knowledge.documents.records import DocumentText
from knowledge.documents.search import FoundSentence
from knowledge.index import Vector
from knowledge.records import Answer
from knowledge.release import Release
from knowledge.search import SCOPE, Scored

# At least so near in meaning, with so many pairs of characters of the question, such a part of them without the title.
NEAR_SENTENCE, FEWEST, SHARED_ALONE = 0.88, 2, 0.15
# How far it must lead our best guide's own sentence (times AHEAD) and share the question's words, together.
AHEAD, ENOUGH = 10.0, 0.65
# A guide or card that is so probable, or a known question so near, answers itself.
GUIDE_KNOWS, QUESTION_KNOWN = 0.975, 0.95
# What a scope note declines for want of knowledge, a document may know; what must not be done stays declined.
_FOR_WANT_OF_KNOWLEDGE = frozenset({"nothing-found", "not-legal", "off-topic", "not-in-report"})
_RUNS = re.compile(r"[\u3400-\u9fff0-9a-z]+")


class DocumentAnswers:
    """Answers from the uploaded documents of a release."""

    def __init__(
        self, release: Release, citer: Quoter, status: Callable[[str], Answer], today: Callable[[], date]
    ) -> None:
        self._search = release.documents
        self._citer = citer
        self._passages = {item.id: item for item in release.passages if item.document_id in citer.uploaded}
        self._status = status
        self._today = today
        self._yielding = {f"{SCOPE}{row.id}" for row in release.catalogue.scope if row.reason in _FOR_WANT_OF_KNOWLEDGE}

    def found(self, form: str, vector: Vector) -> list[FoundSentence]:
        """The best sentences of documents that are valid today, for a question in the form that is compared."""
        if self._search is None:
            return []
        today = self._today()
        return [hit for hit in self._search.find(form, vector) if self._document(hit.sentence).valid_on(today)]

    def answer(self, form: str, vector: Vector, targets: Sequence[Scored]) -> Answer | None:
        """The sentence that answers ``form``; None when there is none, or our own knowledge (``targets``, best first)
        knows better."""
        if self._search is None:
            return None
        best = next(iter(targets), None)
        if best is not None and self._stands(best):
            return None
        said = max((row.statement for row in targets[:1]), default=0.0)
        for hit in self.found(form, vector)[:1]:
            if _speaks_of(form, hit, said):
                return self._quoted(hit.sentence)
        return None

    def every(self) -> list[tuple[str, Answer]]:
        """Every passage as an answer, for checks of the whole content."""
        return [
            (f"passage:{passage.id}", self._quoted(Sentence(passage.id, passage.text, "", "")))
            for passage in self._passages.values()
        ]

    def _stands(self, best: Scored) -> bool:
        """Does the best target answer itself, whatever a document says?"""
        if best.dense >= QUESTION_KNOWN:
            return best.ours or best.probability >= 1.0 or best.target.key not in self._yielding
        return best.probability >= GUIDE_KNOWS if best.ours else best.target.key not in self._yielding

    def _quoted(self, sentence: Sentence) -> Answer:
        citation = self._citer.passage(self._passages[sentence.passage_id])
        row = self._status("from-document")
        note = f"\n（{citation.note}）" if citation.note else ""
        text = row.text.format(document=citation.document.strip("《》"), quote=sentence.quote, note=note)
        return replace(row, text=text, citations=(citation,))

    def _document(self, sentence: Sentence) -> DocumentText:
        return self._citer.uploaded[sentence.passage_id.partition("/")[0]]


def _speaks_of(form: str, hit: FoundSentence, said: float) -> bool:
    """Is the evidence clear? ``said`` is the cosine of our best guide's sentence."""
    asked = _pairs(form)
    if not asked or hit.match.dense < NEAR_SENTENCE or hit.match.dense < said:
        return False
    shared = asked & _pairs(hit.sentence.words)
    if len(shared) < FEWEST or len(asked & _pairs(hit.sentence.own)) < SHARED_ALONE * len(asked):
        return False
    return AHEAD * (hit.match.dense - said) + len(shared) / len(asked) >= ENOUGH


def _pairs(text: str) -> set[str]:
    return {run[at : at + 2] for run in _RUNS.findall(text) for at in range(len(run) - 1)}
