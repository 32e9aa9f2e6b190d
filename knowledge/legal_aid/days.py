"""How many days somebody speaks of: 还有五天, 20天后, 两个星期, 仨月."""

from __future__ import annotations

import re

_ONES = dict(zip("零〇一二两俩三仨四五六七八九", (0, 0, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9), strict=True))
_NUMBER = rf"\d{{1,3}}|[{''.join(_ONES)}十百]+"
_SPAN = re.compile(rf"(?P<number>{_NUMBER})个?(?:来|多)?(?P<unit>天|日|星期|礼拜|周|月)")
_LENGTH = {"天": 1, "日": 1, "星期": 7, "礼拜": 7, "周": 7, "月": 30}


def days_in(text: str) -> int | None:
    """Days of the first span of time named in ``text``, None when there is none."""
    match = _SPAN.search(text)
    number = number_in(match.group("number")) if match else None
    return None if match is None or number is None else number * _LENGTH[match.group("unit")]


def number_in(text: str) -> int | None:
    """``text`` (digits, or Chinese numerals below a thousand) as a number, None when it is none."""
    if text.isdigit():
        return int(text)
    total, rest = 0, text
    for sign, worth in (("百", 100), ("十", 10)):
        before, found, after = rest.partition(sign)
        if found:
            if len(before) > 1 or (before and before not in _ONES):
                return None
            total += worth * (_ONES[before] if before else 1)
            rest = after.lstrip("零〇")
    if len(rest) > 1 or (rest and rest not in _ONES):
        return None
    return total + (_ONES[rest] if rest else 0) if text else None
