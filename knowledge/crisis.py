"""Danger now: told from questions, past events and figures of speech by the signs in ``content/crisis.yml``.

Deterministic and run before everything else. The judging steps and the pattern language are described at the top of
the yml. Only the first 2000 and the last 500 characters of a message are looked at, and every gap in a pattern is
bounded, so the time does not grow with the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.normalise import normalise

CRISIS_FILE = Path(__file__).parent / "content" / "crisis.yml"
EMERGENCY = ("110", "119", "120")
HEAD, TAIL = 2000, 500

_MARKS = re.compile(r"[,.。、;:!?…~·\n]+")
_NOISE = re.compile(r"[^\w,' ]+|_")
_SPACE_AT_HAN = re.compile(r"(?<![a-z0-9',]) | (?![a-z0-9'])")
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d+,\}|\.\.")
_WORD = re.compile(r"\{([a-z_]+)\}")
_NUMBER = re.compile(r"(?<!\d)\d{3,}(?!\d)")


class CrisisContentError(ValueError):
    """The yml cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class CrisisMatch:
    """``kind`` is a row of the yml; ``matched`` the words that decided, as they stand in the folded text."""

    kind: str
    matched: str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _bounded(pattern: str) -> str:
    if _UNBOUNDED.search(pattern):
        raise ValueError(f"a pattern must not repeat without limit: {pattern}")
    return pattern


Patterns = tuple[Annotated[str, Field(min_length=1), AfterValidator(_bounded)], ...]


class Signs(_Strict):
    """Signs that count for every kind."""

    harmless: Patterns
    unreal: Patterns
    urgent: Patterns
    now: Patterns
    past: Patterns
    question: Patterns
    claim: Patterns
    asks: Patterns
    supposed: Patterns
    habit: Patterns


class CrisisKind(_Strict):
    """One kind of danger. The first door is an emergency number, and the text names only numbers that are doors."""

    kind: str
    doors: tuple[str, ...] = Field(min_length=1)
    text: str = Field(min_length=1)
    present: Patterns
    danger: Patterns
    together: tuple[Patterns, ...] = ()
    hints: Patterns = ()
    ignores: tuple[Literal["question", "supposed", "habit", "claim"], ...] = ()
    present_ignores: tuple[Literal["question", "supposed", "claim"], ...] = ()
    harmless: Patterns = ()
    past: Patterns = ()
    unless: Patterns = ()
    fallback: Patterns = ()

    @model_validator(mode="after")
    def _numbers_are_doors(self) -> CrisisKind:
        if self.doors[0] not in EMERGENCY:
            raise ValueError(f"the first door must be one of {EMERGENCY}")
        if "12356" in self.doors and not {"110", "120"} <= set(self.doors[: self.doors.index("12356")]):
            raise ValueError("12356 stands behind 110 and 120")
        if strange := set(_NUMBER.findall(self.text)) - set(self.doors):
            raise ValueError(f"the text names numbers that are no doors: {sorted(strange)}")
        return self


class CrisisContent(_Strict):
    """The whole file."""

    fold: dict[str, str]
    words: dict[str, Patterns]
    signs: Signs
    kinds: tuple[CrisisKind, ...] = Field(min_length=1)


def load_content(path: Path = CRISIS_FILE) -> CrisisContent:
    """Read and check the yml. Raises CrisisContentError naming the file and the key."""
    try:
        return CrisisContent.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise CrisisContentError(f"{path.name}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise CrisisContentError(f"{path.name}: {faults}") from error


class _Compiler:
    """Turns the pattern language of the yml into regular expressions."""

    def __init__(self, content: CrisisContent, name: str) -> None:
        self._words = content.words
        self._name = name

    def __call__(self, key: str, patterns: Patterns) -> re.Pattern[str] | None:
        if not patterns:
            return None
        try:
            return re.compile("|".join(f"(?:{self._expand(pattern)})" for pattern in patterns))
        except (re.error, KeyError, RecursionError) as error:
            raise CrisisContentError(f"{self._name}: {key}: {error!r}") from error

    def _expand(self, pattern: str) -> str:
        pattern = pattern.replace("~", ".{0,8}").replace("_", ".{0,3}")
        return _WORD.sub(lambda found: f"(?:{'|'.join(map(self._expand, self._words[found[1]]))})", pattern)


class _Kind:
    """The compiled patterns of one kind."""

    def __init__(self, row: CrisisKind, compiled: _Compiler) -> None:
        self.row = row
        self.harmless = compiled(f"{row.kind}.harmless", row.harmless)
        self.present = compiled(f"{row.kind}.present", row.present)
        self.danger = compiled(f"{row.kind}.danger", row.danger)
        self.together = [[compiled(f"{row.kind}.together", (part,)) for part in parts] for parts in row.together]
        self.hints = compiled(f"{row.kind}.hints", row.hints)
        self.past = compiled(f"{row.kind}.past", row.past)
        self.unless = compiled(f"{row.kind}.unless", row.unless)
        self.fallback = compiled(f"{row.kind}.fallback", row.fallback)


class _View:
    """A message as one kind sees it: without what is harmless there, and what explains the rest away.

    What explains away is looked at only once there is something to explain: most messages show no sign of danger.
    """

    def __init__(self, entry: _Kind, text: str, signs: dict[str, re.Pattern[str] | None]) -> None:
        self.entry = entry
        self.text = text
        self._signs = signs

    @cached_property
    def over(self) -> bool:
        against = {"claim", "question", "supposed"} - {*self.entry.row.ignores, *self.entry.row.present_ignores}
        return not self._now and (self._past or self._any(*sorted(against)))

    @cached_property
    def excused(self) -> bool:
        signs = [sign for sign in ("question", "supposed", "habit") if sign not in self.entry.row.ignores]
        return not self._now and (self._past or self._any(*signs) or _found(self.entry.unless, self.text) is not None)

    @property
    def asks(self) -> bool:
        return self._any("asks")

    @cached_property
    def _now(self) -> bool:
        return self._any("now")

    @cached_property
    def _past(self) -> bool:
        return self._any("past") or _found(self.entry.past, self.text) is not None

    def _any(self, *signs: str) -> bool:
        return any(_found(self._signs[sign], self.text) for sign in signs)


class CrisisDetector:
    """Says whether somebody is in danger now. Safe to share between threads."""

    def __init__(self, content: CrisisContent, name: str = CRISIS_FILE.name) -> None:
        compiled = _Compiler(content, name)
        self._fold = content.fold
        self._spellings = re.compile("|".join(map(re.escape, sorted(content.fold, key=len, reverse=True))))
        self._signs = {key: compiled(f"signs.{key}", patterns) for key, patterns in content.signs}
        self._kinds = [_Kind(row, compiled) for row in content.kinds]

    @classmethod
    def from_file(cls, path: Path = CRISIS_FILE) -> CrisisDetector:
        """Raises CrisisContentError when the file cannot be used."""
        return cls(load_content(path), path.name)

    def row(self, kind: str) -> CrisisKind:
        """Doors and text of a kind. Raises KeyError when there is no such kind."""
        for entry in self._kinds:
            if entry.row.kind == kind:
                return entry.row
        raise KeyError(kind)

    def detect(self, text: str) -> CrisisMatch | None:
        """The kind with the strongest sign that is not explained away; among equals the first in the yml."""
        folded = self.fold(text)
        folded = _without(self._signs["harmless"], folded)
        if _found(self._signs["unreal"], folded) and not _found(self._signs["urgent"], folded):
            return None
        views = [_View(entry, _without(entry.harmless, folded), self._signs) for entry in self._kinds]
        for tier in (_present, _danger, _hints, _fallback):
            for view in views:
                if matched := tier(view):
                    return CrisisMatch(view.entry.row.kind, matched)
        return None

    def fold(self, text: str) -> str:
        """The form that patterns are written for."""
        if len(text) > HEAD + TAIL:
            text = f"{text[:HEAD]}\n{text[-TAIL:]}"
        text = _NOISE.sub("", _MARKS.sub(",", normalise(text).lower()))
        return self._spellings.sub(lambda found: self._fold[found[0]], _SPACE_AT_HAN.sub("", text))


def _present(view: _View) -> str | None:
    found = _found(view.entry.present, view.text)
    return found if found and not view.over else None


def _danger(view: _View) -> str | None:
    found = _found(view.entry.danger, view.text) or _all_found(view.entry.together, view.text)
    return found if found and not view.excused else None


def _hints(view: _View) -> str | None:
    found = _found(view.entry.hints, view.text)
    return found if found and not view.excused and not view.asks else None


def _fallback(view: _View) -> str | None:
    return _found(view.entry.fallback, view.text)


def _found(pattern: re.Pattern[str] | None, text: str) -> str | None:
    found = pattern.search(text) if pattern else None
    return found[0] if found else None


def _all_found(rows: list[list[re.Pattern[str] | None]], text: str) -> str | None:
    """The words of the first row of which every part stands in ``text``, in any order."""
    for row in rows:
        parts = [_found(part, text) for part in row]
        if all(parts):
            return " + ".join(part for part in parts if part)
    return None


def _without(pattern: re.Pattern[str] | None, text: str) -> str:
    return pattern.sub("□", text) if pattern else text
