"""The knowledge that this process answers from. Rasa's actions are created by Rasa's SDK, so they find it here."""

from __future__ import annotations

from knowledge.answer import Knowledge
from knowledge.embed import Embedder
from knowledge.release import ReleaseError, current, load_release
from knowledge.settings import KnowledgeSettings

_live: Knowledge | None = None


def use(knowledge: Knowledge) -> None:
    """Answer from ``knowledge`` from now on; calls under way finish with what they began with."""
    global _live
    _live = knowledge


def knowledge() -> Knowledge:
    """The knowledge in use. ReleaseError when none was loaded."""
    if _live is None:
        raise ReleaseError("no knowledge is loaded")
    return _live


def load(settings: KnowledgeSettings, embedder: Embedder) -> Knowledge:
    """Load the published release. ReleaseError when there is none (``python -m knowledge build`` makes it)."""
    release = current(settings.releases_dir)
    if release is None:
        raise ReleaseError(f"no release is published in {settings.releases_dir}: run `python -m knowledge build`")
    loaded = load_release(settings.releases_dir, release, embedder)
    return Knowledge(loaded, embedder, advisor_stale_days=settings.advisor_stale_days)
