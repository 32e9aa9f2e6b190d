"""As many passages as a large knowledge would have, recombined from real sentences; nothing of it is kept or shown."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable
from pathlib import Path

from knowledge.passages import searchable, targets
from knowledge.release import Release

SEED = 13
SENTENCE = re.compile(r"[^。；;!?\n]+[。；;!?]?")
SHORTEST, LONGEST = 8, 80


def synthetic_passages(release: Release, public: Path, count: int) -> list[str]:
    """``count`` different texts of two sentences each, in the form that is searched; the same for the same sources.

    Sources are the report, our own statements and, where the public retrieval sets are, their articles of statutes.
    """
    texts = [passage.text for passage in release.passages]
    texts += [text for goal in targets(release.catalogue) for text in goal.texts]
    statutes = public / "statute_corpus.jsonl.gz"
    if statutes.is_file():
        lines = gzip.decompress(statutes.read_bytes()).decode().splitlines()
        texts += [json.loads(line)["text"] for line in lines if line]
    sentences = sorted(_sentences(texts))
    chance = random.Random(SEED)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.sample(sentences, 2))] = None
    return list(found)


def _sentences(texts: Iterable[str]) -> set[str]:
    cut = (sentence.strip() for text in texts for sentence in SENTENCE.findall(searchable(text)))
    return {sentence for sentence in cut if SHORTEST <= len(sentence) <= LONGEST}
