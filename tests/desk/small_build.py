"""``python -m knowledge draft`` on small content with an embedder that counts letters: what the desk starts in tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from knowledge import __main__ as command_line
from knowledge import draft_command
from tests.knowledge.small import LetterEmbedder

content, questions, *words = sys.argv[1:]
draft_command.CONTENT = Path(content)
draft_command.SentenceTransformerEmbedder = lambda source: LetterEmbedder()  # type: ignore[assignment,misc]
sys.argv = ["knowledge", "draft", *words, "--questions", questions]
sys.exit(command_line.main())
