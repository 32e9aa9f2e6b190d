"""The sentences of uploaded documents in an index of their own.

So nothing that was learnt from our own guides depends on what is uploaded, and a release with one document more is built
in seconds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from knowledge.documents.quotes import Sentence, sentences_of
from knowledge.documents.records import DocumentText
from knowledge.embed import Embedder
from knowledge.index import HybridIndex, Match, Vector

PART = "documents"
_WORDS = "words.json"
WIDTH = 40


@dataclass(frozen=True, slots=True)
class FoundSentence:
    """A sentence with its scores."""

    sentence: Sentence
    match: Match


class DocumentSearch:
    """Searches the sentences of the documents of a release. Safe to share between threads."""

    def __init__(self, sentences: Sequence[Sentence], index: HybridIndex) -> None:
        self._sentences = sentences
        self._index = index

    def find(self, form: str, vector: Vector) -> list[FoundSentence]:
        """The best sentences for a question in the form that is compared, best first."""
        return [FoundSentence(self._sentences[match.row], match) for match in self._index.search(form, vector, WIDTH)]


def write_document_index(
    home: Path, documents: Sequence[DocumentText], embedder: Embedder, earlier: Sequence[Path]
) -> None:
    """Write the index below ``home``; nothing when there is nothing to search. Vectors of words that one of the releases
    ``earlier`` (made with the same model) knows are taken from there."""
    words = [sentence.words for sentence in sentences_of(documents)]
    shutil.rmtree(home / PART, ignore_errors=True)
    if not words:
        return
    known: dict[str, Vector] = {}
    for release in earlier:
        known = _vectors(release) or known
        if known:
            break
    new = list(dict.fromkeys(text for text in words if text not in known))
    if new:
        known.update(zip(new, embedder.passages(new), strict=True))
    HybridIndex.build(words, np.stack([known[text] for text in words])).save(home / PART)
    (home / PART / _WORDS).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")


def load_document_search(home: Path, documents: Sequence[DocumentText]) -> DocumentSearch | None:
    """The search of the release in ``home``, None when it has no documents. ValueError when the index is another one's."""
    sentences = sentences_of(documents)
    if not sentences:
        return None
    if [sentence.words for sentence in sentences] != _words(home):
        raise ValueError("the index of the documents does not fit them")
    return DocumentSearch(sentences, HybridIndex.load(home / PART))


def _words(home: Path) -> list[str]:
    return list(json.loads((home / PART / _WORDS).read_text(encoding="utf-8")))


def _vectors(home: Path) -> dict[str, Vector]:
    if not (home / PART / _WORDS).is_file():
        return {}
    dense = faiss.read_index(str(home / PART / "dense.faiss"))
    return dict(zip(_words(home), dense.reconstruct_n(0, dense.ntotal), strict=True))
