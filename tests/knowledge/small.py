"""A small knowledge for tests of everything but search: some of the shipped guides, and an embedder that counts letters."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from knowledge import __main__ as command_line
from knowledge.catalogue import CONTENT

GUIDES = ("commitment", "legal-aid")


class LetterEmbedder:
    """A text's vector says how often it has each of 32 kinds of characters."""

    name = digest = "letters"
    dimension = 32

    def warm_up(self) -> None:
        """Nothing to load."""

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for char in text:
                counts[row, ord(char) % self.dimension] += 1
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    passages = queries


def small_content(folder: Path) -> Path:
    """A copy of the shipped content with a few guides and few questions everywhere: learning from them takes seconds."""
    shutil.copytree(CONTENT, folder)
    for path in (folder / "guides").iterdir():
        if path.stem not in GUIDES:
            path.unlink()
    _change(folder / "scope.yml", lambda notes: [_shorter(note, 3) for note in notes[:4]])
    _change(folder / "channels.yml", lambda cards: [_shorter(card, 3 * (card["kind"] == "hotline")) for card in cards])
    _change(folder / "situations.yml", lambda rows: [])
    _change(folder / "danger_cases.yml", lambda lists: {"first": lists["first"]})
    for path in (folder / "guides").iterdir():
        _change(path, lambda guide: guide | {"sections": [_shorter(section, 2) for section in guide["sections"]]})
    return folder


def _shorter(row: dict[str, Any], questions: int) -> dict[str, Any]:
    return row | {"questions": row.get("questions", [])[:questions]}


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    data = change(yaml.safe_load(path.read_text(encoding="utf-8")))
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


class CommandLine:
    """``python -m knowledge …`` in this process, on a data folder of its own and the small content."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = folder / "data"
        self.content = small_content(folder / "content")
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("YINFAWEN_DATA_DIR", str(self.data))
        monkeypatch.setattr(command_line, "CONTENT", self.content)
        monkeypatch.setattr(command_line, "SentenceTransformerEmbedder", lambda source, workers=1: LetterEmbedder())
        monkeypatch.setattr(command_line, "load_embedder", lambda source: LetterEmbedder())

    def __call__(self, *words: object) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        self._monkeypatch.setattr(sys, "argv", ["knowledge", *map(str, words)])
        code = command_line.main()
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err
