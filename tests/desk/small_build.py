"""``python -m knowledge draft`` on small content with an embedder that counts letters: what the desk starts in tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from knowledge import __main__ as command_line
from knowledge import draft_command
from tests.knowledge.small import LetterEmbedder

content, questions, *words = sys.argv[1:]


class Cold(LetterEmbedder):
    """As the real one: of no use before it was warmed up."""

    warm = False

    def warm_up(self) -> None:
        self.warm = True

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self.warm:
            raise RuntimeError("used before warm_up()")
        return super().queries(texts)

    passages = queries


draft_command.CONTENT = Path(content)
draft_command.SentenceTransformerEmbedder = lambda source: Cold()  # type: ignore[assignment,misc]
sys.argv = ["knowledge", "draft", *words, "--questions", questions]
sys.exit(command_line.main())
