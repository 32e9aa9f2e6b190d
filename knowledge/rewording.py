"""A release in which only texts changed: what was learnt from the questions is taken over, new texts alone are embedded."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from pydantic import TypeAdapter

from knowledge.catalogue import Catalogue
from knowledge.embed import Embedder
from knowledge.index import HybridIndex
from knowledge.learning import PARTS, fingerprint
from knowledge.passages import Target, searchable, targets
from knowledge.records import Passage

# What is learnt from questions and cases alone. The gate was fitted with the texts as they were: with some of them
# reworded it still holds (docs/decisions/0014), and the check before publishing asks golden questions of it.
FROM_QUESTIONS = tuple(part for part in PARTS if part != "texts")
_PASSAGES = TypeAdapter(list[Passage])


@dataclass(frozen=True, slots=True)
class Reworded:
    """A release made earlier (its folder and its catalogue) that a new one may take over from."""

    home: Path
    catalogue: Catalogue

    def fits(self, goals: Sequence[Target], lessons: Mapping[str, str], model: str, learnt: str) -> bool:
        """Has it the same targets with the same questions, the same files to learn from, model and code? ``learnt`` is its fingerprint,
        which only the code of today gives again when that code made it."""
        old = targets(self.catalogue)
        if _asked(old) != _asked(goals):
            return False
        mine = fingerprint(old, self._passages(), lessons, model)
        return mine == learnt

    def reindex(self, home: Path, goals: Sequence[Target], passages: Sequence[Passage], embedder: Embedder) -> None:
        """Write all parts below ``home``: copies, and the index of the texts as they are now."""
        for part in FROM_QUESTIONS:
            shutil.copytree(self.home / part, home / part)
        dense = faiss.read_index(str(self.home / "texts" / "dense.faiss"))
        before = _texts(targets(self.catalogue), self._passages())
        known = dict(zip(before, dense.reconstruct_n(0, dense.ntotal), strict=True))
        now = _texts(goals, passages)
        new = list(dict.fromkeys(text for text in now if text not in known))
        if new:
            known.update(zip(new, embedder.passages(new), strict=True))
        HybridIndex.build(now, np.stack([known[text] for text in now])).save(home / "texts")

    def _passages(self) -> list[Passage]:
        return _PASSAGES.validate_json((self.home / "passages.json").read_bytes())


def _asked(goals: Sequence[Target]) -> list[Target]:
    return [replace(goal, texts=()) for goal in goals]


def _texts(goals: Sequence[Target], passages: Sequence[Passage]) -> list[str]:
    """In the order in which learning indexes them."""
    return [searchable(text) for goal in goals for text in goal.texts] + [passage.searchable for passage in passages]
