"""Which edition of a law a text is, by the days that it states itself."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

from knowledge.sources.statute import numeral

_CHINESE = "〇零○一二三四五六七八九十"
_DAY = re.compile(
    rf"([12]\d{{3}}|[{_CHINESE}]{{4}})\s*年\s*(\d{{1,2}}|[{_CHINESE}]{{1,3}})\s*月\s*(\d{{1,2}}|[{_CHINESE}]{{1,3}})\s*日"
)
_IN_FORCE = re.compile(rf"自\s*{_DAY.pattern}\s*起\s*(?:开始)?(?:施行|实施|生效)")
_AT_ONCE = re.compile(r"自(?:公布|发布|颁布)之日起(?:施行|实施|生效)")
_AMENDED = re.compile(r"修正|修订|修改")
# An amendment comes into force within this time in practice.
_NOTICE = timedelta(days=400)


def _day(match: re.Match[str], first: int = 1) -> date | None:
    try:
        return date(*(numeral(match[number]) for number in range(first, first + 3)))
    except ValueError:
        return None


def differs(front: str, body: str, in_force: date) -> str | None:
    """Why a text with this ``front`` (all above the first article) and ``body`` is not the edition of ``in_force``.

    None when it fits. Raises LookupError when the text states no day to tell by. An amended law states the day of its
    first edition in its last article, so the amendments named in ``front`` count more.
    """
    front, body = unicodedata.normalize("NFKC", front), unicodedata.normalize("NFKC", body)
    stated = {day for match in _IN_FORCE.finditer(f"{front}\n{body}") if (day := _day(match))}
    dates = list(_DAY.finditer(front))
    ends = [*(match.start() for match in dates), len(front)][1:]
    named = {day for match in dates if (day := _day(match))}
    amended = {
        day
        for match, end in zip(dates, ends, strict=True)
        if _AMENDED.search(front[match.end() : end]) and (day := _day(match))
    }
    if amended:
        latest = max(amended)
        if latest > in_force:
            return f"文件写明 {latest} 修改过，比 {in_force} 新 / amended on {latest}, newer than {in_force}"
        if in_force in stated or in_force - latest <= _NOTICE:
            return None
        return f"文件写明最近一次修改在 {latest}，比 {in_force} 旧 / last amended on {latest}, older than {in_force}"
    if in_force in stated or (in_force in named and _AT_ONCE.search(front + body)):
        return None
    if not stated:
        raise LookupError("文件没有写明施行日期，没法核对是哪一版 / the text states no day to tell its edition by")
    days = "、".join(map(str, sorted(stated)))
    return f"文件写明自 {days} 起施行，不是 {in_force} / in force from {days}, not from {in_force}"
