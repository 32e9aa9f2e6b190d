"""How loud the emergency numbers are: instead of the answer, before it, after it, or not at all.

Two nets hear danger, the patterns of ``knowledge/crisis.py`` and the model of ``knowledge/danger.py``; what the message is
otherwise plainly about decides how much their word counts. Bounds: docs/decisions/0006.
"""

from __future__ import annotations

from enum import IntEnum

from knowledge.danger import SURE, UNLIKELY
from knowledge.search import Scored

# A matter of ours so probable is what the message is about; from GUESSED on it may be.
PLAIN, GUESSED = 0.85, 0.55
# The model alone: CERTAIN replaces even a plain answer, LIKELY stands before it; FAINT and HINT are heard where the message
# is about nothing of ours or only may be.
CERTAIN, LIKELY, FAINT, HINT, WHISPER = 0.85, 0.5, 0.2, 0.07, 0.03
# A pattern replaces a plain answer only when the model thinks danger so likely, one that may be meant from FAINT on.
HEARD = 0.3


class Alarm(IntEnum):
    """Where the emergency numbers stand."""

    NONE = 0
    AFTER = 1
    BEFORE = 2
    INSTEAD = 3


def alarm(heard: bool, danger: float, best: Scored | None) -> Alarm:
    """Place of the numbers when a pattern ``heard`` danger, the model gives it probability ``danger``, and ``best`` was found."""
    ours = best.probability if best is not None and best.ours else 0.0
    plain = ours >= PLAIN
    # That it is plainly about nothing of ours will do as well.
    guessed = ours >= GUESSED or (best is not None and best.probability >= PLAIN)
    if heard:
        if danger < UNLIKELY:
            return Alarm.AFTER if guessed else Alarm.BEFORE
        instead = HEARD if plain else FAINT if guessed else UNLIKELY
        return Alarm.INSTEAD if danger >= instead else Alarm.BEFORE
    if danger >= (CERTAIN if plain else SURE):
        return Alarm.INSTEAD
    if danger < WHISPER:
        return Alarm.NONE
    before = LIKELY if plain else FAINT if guessed else HINT
    return Alarm.BEFORE if danger >= before else Alarm.AFTER
