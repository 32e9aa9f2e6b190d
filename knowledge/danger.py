"""Danger that no pattern of ``knowledge/crisis.py`` was written for: a model that learns from cases, the second net.

Residents word danger in more ways than patterns foresee. The model is fitted at each release on ``danger_cases.yml`` and
on the known questions; at run time it is plain arithmetic on the embedding and the words, the same for the same message.
Each matter of the known questions is a class of its own: «no danger» as one class is too many things for a linear model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.catalogue import ContentError
from knowledge.groups import GroupModel
from knowledge.index import Vector

CASES_FILE = Path(__file__).parent / "content" / "danger_cases.yml"
NONE = "none"
# SURE alone is danger, below UNLIKELY the model outvotes a pattern (knowledge/alarm.py has the bounds between). Chosen on 110
# dangers and 110 near-misses that neither patterns nor model were made from, checked on as many others (docs/decisions/0006).
SURE = 0.6
UNLIKELY = 0.01
# A kind with less than this share of the danger is a guess: about half of such guesses are wrong.
CLEAR = 0.7

Texts = tuple[Annotated[str, Field(min_length=1)], ...]


class DangerList(BaseModel):
    """Messages of people in danger now by kind, and near-misses that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    present: dict[str, Texts]
    near_misses: Texts


Lists = dict[str, DangerList]
_LISTS = TypeAdapter(Lists)


def load_cases(path: Path = CASES_FILE) -> Lists:
    """Read and check the lists. ContentError naming file and key."""
    try:
        return _LISTS.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ContentError(f"{path.name}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ContentError(f"{path.name}: {faults}") from error


def labelled(lists: Lists) -> list[tuple[str, str]]:
    """Every case as (text, kind of danger or ``none``)."""
    rows = [(text, kind) for item in lists.values() for kind, texts in item.present.items() for text in texts]
    return rows + [(text, NONE) for item in lists.values() for text in item.near_misses]


class DangerModel:
    """Says how likely a message speaks of danger now, and of which kind. Safe to share between threads."""

    def __init__(self, groups: GroupModel, kinds: Sequence[str]) -> None:
        self._groups = groups
        self._kinds = tuple(kinds)

    @classmethod
    def fit(
        cls, cases: Sequence[tuple[str, str]], known: Sequence[tuple[str, str]], vectors: Vector, kinds: Sequence[str]
    ) -> DangerModel:
        """Learn from ``cases`` (text, kind) and ``known`` questions (text, matter) that are no danger.

        Texts are in the form that is compared; ``vectors`` are their embeddings, those of the cases first.
        """
        rows = [*cases, *known]
        return cls(GroupModel.fit([text for text, _ in rows], vectors, [label for _, label in rows]), kinds)

    def judge(self, text: str, vector: Vector) -> tuple[str | None, float]:
        """Kind and probability of danger in a message in the form that is compared; None when the kind is not clear."""
        found = self._groups.probabilities(text, vector)
        shares = {kind: found.get(kind, 0.0) for kind in self._kinds}
        kind, danger = max(shares, key=shares.__getitem__), sum(shares.values())
        return kind if shares[kind] >= CLEAR * danger else None, danger

    def save(self, folder: Path) -> None:
        """Write the model below ``folder``, which is made."""
        self._groups.save(folder)

    @classmethod
    def load(cls, folder: Path, kinds: Sequence[str]) -> DangerModel:
        """Inverse of :meth:`save`. OSError or ValueError when a file is missing or damaged."""
        return cls(GroupModel.load(folder), kinds)
