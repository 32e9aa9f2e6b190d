"""The directory of village legal advisors as it was imported: who serves which village, and how old that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.imported import AdvisorEntry, AdvisorList

# An entry older than a year is told to be possibly outdated: a directory is expected to be confirmed once a year.
STALE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Advisor:
    """A legal advisor of a village: the row of the directory that says so, and the directory."""

    entry: AdvisorEntry
    source: AdvisorList

    @property
    def confirmed(self) -> date:
        """The day on which the row was last known to be right."""
        return self.entry.confirmed

    def stale(self, today: date, days: int = STALE_DAYS) -> bool:
        """Was the row confirmed more than ``days`` days ago?"""
        return self.confirmed + timedelta(days=days) < today


class Advisors:
    """All imported directories by village code. Empty when none was imported."""

    def __init__(self, lists: Sequence[AdvisorList]) -> None:
        self._of: dict[str, list[Advisor]] = {}
        for source in sorted(lists, key=lambda item: item.published, reverse=True):
            for entry in source.entries:
                for code in entry.villages:
                    self._add(code, Advisor(entry, source))

    def __bool__(self) -> bool:
        return bool(self._of)

    def advisors_of(self, village_code: str) -> tuple[Advisor, ...]:
        """The advisors of a village (12-digit code), last confirmed first; empty when no directory names any."""
        return tuple(sorted(self._of.get(village_code, ()), key=lambda item: item.confirmed, reverse=True))

    @property
    def villages(self) -> tuple[str, ...]:
        """Codes of the villages that a directory names."""
        return tuple(self._of)

    def _add(self, code: str, advisor: Advisor) -> None:
        """The newest directory that names a village stands for it; older ones are not mixed in."""
        known = self._of.setdefault(code, [])
        if not known or known[0].source is advisor.source:
            known.append(advisor)
