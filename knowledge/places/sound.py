"""How names sound: toneless syllables, with what dialect and voice recognition do not tell apart made equal."""

from __future__ import annotations

import itertools
import os
import re
from functools import cache, lru_cache
from typing import Any

_SAME_SOUNDS = ((re.compile(r"^([zcs])h"), r"\1"), (re.compile(r"(?<=[aei])ng$"), "n"))
MOST_READINGS = 8
_USUAL_READINGS = 3


@cache
def _pypinyin() -> Any:
    """Loaded at the first use, without its dictionary of phrases: single characters are read, and it takes 44 MB."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    import pypinyin

    return pypinyin


@lru_cache(maxsize=8192)
def syllables(char: str) -> tuple[str, ...]:
    """The ways to read one character, the usual one first; the character itself when it is no Chinese one."""
    pypinyin = _pypinyin()
    read = pypinyin.pinyin(char, style=pypinyin.Style.NORMAL, heteronym=True)[0]
    return tuple(dict.fromkeys(_plain(syllable) for syllable in read[:_USUAL_READINGS])) or (char,)


def key(words: str) -> str:
    """How ``words`` are usually read."""
    return " ".join(syllables(char)[0] for char in words)


def keys(words: str) -> list[str]:
    """All ways to read ``words``, the first few where many characters have several."""
    ways = itertools.product(*(syllables(char) for char in words))
    return [" ".join(way) for way in itertools.islice(ways, MOST_READINGS)]


def near(one: str, other: str) -> bool:
    """Do two characters sound alike in part: the same beginning, or the same rest?"""
    return any(first == second or first[1:] == second[1:] for first in syllables(one) for second in syllables(other))


def _plain(syllable: str) -> str:
    for pattern, short in _SAME_SOUNDS:
        syllable = pattern.sub(short, syllable)
    return syllable
