"""Words for the lexical side of search: jieba words, single characters and character bigrams together.

bm25s' own tokenizer makes a Chinese sentence one token; colloquial questions share characters more often than words.
"""

from __future__ import annotations

import re
from functools import lru_cache

import rjieba

_RUN = re.compile(r"[0-9a-z]+(?:[.%-][0-9a-z]+)*|[\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]+")


@lru_cache(maxsize=64)
def tokens(text: str) -> tuple[str, ...]:
    """Tokens of normalised ``text``, repeated as often as they occur; numbers stay whole (``0372-5139017``).

    The last few are kept: both indexes and both learned models ask for the words of the same question.
    """
    found: list[str] = []
    for run in _RUN.findall(text.lower()):
        if not _HAN.fullmatch(run):
            found.append(run)
            if "-" in run:
                found.append(run.rsplit("-", 1)[1])
            continue
        found.extend(run)
        found.extend(run[i : i + 2] for i in range(len(run) - 1))
        found.extend(word for word in rjieba.cut(run) if len(word) > 2)
    return tuple(found)
