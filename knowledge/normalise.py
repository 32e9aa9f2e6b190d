"""One form for text that is searched or compared, and a careful one for text that is shown."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

# Characters that print nothing although they are letters or marks: joiner, fillers, variation selectors, empty Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_LINE_BREAKS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n[ \n]*")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−⁻₋", "-"))
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_GAP = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}0-9])|(?<=[0-9])\s+(?=[{_HAN}])")


@cache
def _converter() -> Any:
    """Loaded at the first use: the dictionaries are files, and importing this module must stay cheap."""
    import opencc

    return opencc.OpenCC("t2s")


def _simplified(text: str) -> str:
    """Traditional to simplified. A few characters need two rounds (薴 → 苧 → 苎), so go on until nothing changes."""
    for _ in range(3):
        previous, text = text, _converter().convert(text)
        if text == previous:
            break
    return text


def _visible(text: str) -> str:
    """``text`` without hidden characters; line breaks become ``\\n``, a tab becomes a space.

    Going through UTF-16 joins surrogate pairs and drops lone ones, which no encoder or database would take.
    """
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text).replace("\t", " "))
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) not in {"Cc", "Cf"})


def for_display(text: str) -> str:
    """``text`` as its writer meant it: only hidden characters and lone surrogates go, ends trimmed. Never raises."""
    return _visible(text).strip()


@lru_cache(maxsize=256)
def normalise(text: str) -> str:
    """The one form in which messages and searchable text meet. Idempotent; never raises, whatever the Unicode.

    NFKC makes letters, digits and ``,?!:;()`` half-width, while 。、《》〈〉“” stay as they are; all dashes become
    ``-`` (phone numbers are written with any of them); traditional characters become simplified; runs of white space
    become one space, or one ``\\n`` where they hold a line break. The result may be longer than ``text`` (㈠ → (一)):
    whoever limits length limits it before and after.
    """
    text = unicodedata.normalize("NFKC", _visible(text)).translate(_DASHES)
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", _simplified(text))).strip()


def close_gaps(text: str) -> str:
    """Without the white space that typesetting leaves inside Chinese text: ``建党 100 周年`` → ``建党100周年``."""
    return _GAP.sub("", text)
