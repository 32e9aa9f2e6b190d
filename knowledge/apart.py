"""Which section of one guide a question belongs to: a small logistic model for each guide beside the one over all targets.

The sections of a guide speak of the same things; what tells them apart drowns among five hundred targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge.groups import GroupModel
from knowledge.index import Vector
from knowledge.passages import Target

GUIDE = "guide:"


class Apart:
    """One model a guide; safe to share between threads."""

    def __init__(self, models: Mapping[str, GroupModel]) -> None:
        self._models = models

    @classmethod
    def fit(cls, goals: Sequence[Target], questions: Sequence[str], vectors: Vector) -> Apart:
        """Learn from the known ``questions`` of ``goals`` in their order (normalised) with their embeddings (n, d)."""
        rows: dict[str, list[int]] = {}
        owners = [goal for goal in goals for _ in goal.questions]
        for number, goal in enumerate(owners):
            rows.setdefault(goal.group, []).append(number)
        several = {
            group: of
            for group, of in rows.items()
            if group.startswith(GUIDE) and len({owners[row].key for row in of}) > 1
        }
        return cls(
            {
                group: GroupModel.fit([questions[row] for row in of], vectors[of], [owners[row].key for row in of])
                for group, of in several.items()
            }
        )

    def shares(self, group: str, text: str, vector: Vector) -> dict[str, float]:
        """Probability of each target of ``group``, by key, for a normalised text that belongs to it; they add up to 1.

        Empty when there is nothing to tell apart.
        """
        model = self._models.get(group)
        return {} if model is None else model.probabilities(text, vector)

    def save(self, folder: Path) -> None:
        """Write the models below ``folder``, which is made."""
        folder.mkdir(parents=True)
        for group, model in self._models.items():
            model.save(folder / group.removeprefix(GUIDE))

    @classmethod
    def load(cls, folder: Path) -> Apart:
        """Inverse of :meth:`save`. OSError or ValueError when a file is missing or damaged."""
        return cls({f"{GUIDE}{home.name}": GroupModel.load(home) for home in sorted(folder.iterdir())})
