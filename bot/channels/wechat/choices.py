"""Short replies that mean something only after what was shown before: a number, 满意, 不满意."""

from __future__ import annotations

import re
import unicodedata

from bot.conversations.feedback import Verdict

_HAN = dict(zip("一二三四五六七八九", range(1, 10), strict=True)) | {"两": 2}
_NUMBER = re.compile(r"(?:请?回复|我?选|我要问|问)? ?第?([1-9]|[一二三四五六七八九两])(?:个|项|条|号)?[.。、,)]?")
_VERDICT = re.compile(r"(不太?满意|满意|很满意|非常满意)(?:了|啊|呢)?[.。!~]*(?:[:,，、;\s]+(.*))?", re.DOTALL)
_GIVEN = re.compile(r"(ask|good|bad)/([A-Za-z0-9_-]{1,40})(?:/([1-9]))?")


def number(text: str) -> int:
    """The number from 1 to 9 that ``text`` is, however it is written; 0 when it is none."""
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return 0
    sign = match.group(1)
    return int(sign) if sign.isdecimal() else _HAN[sign]


def picked(wanted: int, offered: tuple[str, ...]) -> str | None:
    """The offered text with this number, or None when there is none."""
    return offered[wanted - 1] if 1 <= wanted <= len(offered) else None


def verdict(text: str) -> tuple[Verdict, str] | None:
    """What ``text`` says about the answer before, and why; None when it says something else."""
    match = _VERDICT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    kind = Verdict.UNSATISFIED if match.group(1).startswith("不") else Verdict.SATISFIED
    return kind, (match.group(2) or "").strip()


def menu_items(turn_id: str, choices: tuple[str, ...], rate: tuple[str, str] | None) -> list[dict[str, str]]:
    """Entries of a message menu: the choices, then 满意 and 不满意 if asked for. Their ids say which turn they are about."""
    items = [{"id": f"ask/{turn_id}/{number}", "content": text} for number, text in enumerate(choices, 1)]
    if rate is not None:
        items += [
            {"id": f"{kind}/{turn_id}", "content": text} for kind, text in zip(("good", "bad"), rate, strict=True)
        ]
    return items


def clicked(menu_id: str) -> tuple[str, str, int] | None:
    """What a click in a message menu means: ask, good or bad; the turn; the number of the choice (0 if none)."""
    match = _GIVEN.fullmatch(menu_id)
    if match is None:
        return None
    return match.group(1), match.group(2), int(match.group(3) or 0)
