"""How long the next message would wait: what is under way, at the pace at which answers came of late (Little's law)."""

from __future__ import annotations

import time

# Seconds. Behind a longer queue nobody waits on the page.
LONGEST_WAIT = 6.0
# Through WeChat an answer that is late comes as a link to a page of its own, which waits for it.
LONGEST_WAIT_WITH_LINK = 30.0
FEW = 16  # so many always get in: one slow answer says nothing about a crowd
_NEW = 0.05  # what the newest answer counts in the pace


class Crowd:
    """Messages under way in this process; ``most`` bounds them, and how long they would wait bounds them earlier."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._since = 0.0  # when the last answer was given, or the first message came since nobody was here
        self._pace = 0.0  # seconds from answer to answer while there is work

    def full(self, longest: float = LONGEST_WAIT) -> bool:
        """Would one more wait for more than ``longest`` seconds?"""
        return self._inside >= self._most or (self._inside >= FEW and self._inside * self._pace > longest)

    def enter(self) -> None:
        """A message is under way."""
        if self._inside == 0:
            self._since = time.monotonic()
        self._inside += 1

    def leave(self) -> None:
        """It was answered."""
        now = time.monotonic()
        self._pace += _NEW * (now - self._since - self._pace)
        self._since = now
        self._inside -= 1
