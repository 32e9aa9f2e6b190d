"""What a talk is about at the moment: small, immutable, and in plain types outside, so that the dialogue engine can keep it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from knowledge.records import Answer, Status

EARLIER_KEPT, QUESTION_KEPT, CHOICES_KEPT = 4, 80, 6
MISSES = frozenset({"clarify", "nothing-found", "second-miss"})


@dataclass(frozen=True, slots=True)
class Focus:
    """``matter``: key of the target last answered with; ``earlier``: those of other matters before it, last first.

    ``question`` is the last question that named a matter, ``said`` the last message; ``choices`` are the offers of the
    last answer, ``doors`` the ids of its channel cards. ``misses`` counts answers without help in a row, ``told`` the
    reasons of fixed texts already told (so that they are not told again).
    """

    matter: str | None = None
    earlier: tuple[str, ...] = ()
    question: str = ""
    said: str = ""
    choices: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    misses: int = 0
    told: tuple[str, ...] = field(default=())

    @property
    def empty(self) -> bool:
        return self.matter is None and not self.choices and not self.question

    def after(self, answer: Answer, said: str, question: str, doors: tuple[str, ...]) -> Focus:
        """The focus once ``answer`` was given to ``said``, which was understood as ``question``."""
        missed = self.misses + 1 if answer.reason in MISSES else 0
        matter, earlier = self.matter, self.earlier
        guessed = answer.status is Status.CLARIFY and matter is None
        if answer.target is not None and (guessed or answer.status is Status.ANSWERED):
            if matter is not None and group(matter) != group(answer.target):
                earlier = (matter, *(key for key in earlier if group(key) != group(matter)))
            matter = answer.target
            earlier = tuple(key for key in earlier if group(key) != group(matter))[:EARLIER_KEPT]
        return Focus(
            matter=matter,
            earlier=earlier,
            question=question[:QUESTION_KEPT] if matter == answer.target is not None else self.question,
            said=said[:QUESTION_KEPT],
            choices=answer.follow_ups[:CHOICES_KEPT],
            doors=doors or self.doors,
            misses=missed,
            told=self.told,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types without what is empty."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }


def focus_from_dict(data: Any) -> Focus:
    """Inverse of :meth:`Focus.to_dict`. What is not of the right kind (another version's) counts as no context."""
    try:
        lists = {name: tuple(map(str, data.get(name) or ())) for name in ("earlier", "choices", "doors", "told")}
        matter = data.get("matter")
        return Focus(
            matter=None if matter is None else str(matter),
            question=str(data.get("question") or ""),
            said=str(data.get("said") or ""),
            misses=int(data.get("misses") or 0),
            **lists,
        )
    except (AttributeError, TypeError, ValueError):
        return Focus()


def group(key: str) -> str:
    """``guide:wages/steps`` → ``guide:wages``; cards stand for themselves."""
    return key.partition("/")[0]
