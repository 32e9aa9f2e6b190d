"""Single cells of a directory of advisors: names, numbers and days; what cannot be read is told, never mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from knowledge.normalise import close_gaps, normalise

AS_ABOVE = frozenset(("同上", "〃", "″"))
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4}|12348")
_PERSON = re.compile(r"[\u4e00-\u9fff·]{2,15}")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_BETWEEN = re.compile(r"[、,，;；/\n]+|\s+(?=[01])")


class Fault(ValueError):
    """Why a row cannot be taken, in Chinese and English."""


def person_of(cell: str) -> str:
    """One person's name. Fault when there is none, or more than one."""
    person = close_gaps(cell)
    if not person or person in AS_ABOVE:
        raise Fault("没有顾问姓名 / the advisor has no name")
    if not _PERSON.fullmatch(person):
        raise Fault(f"姓名看不懂，一行只写一个人：{person[:30]} / not one person's name")
    return person


def phones_of(cell: str) -> Iterator[str]:
    """The telephone numbers of a cell, without blanks and brackets. Fault for the first that is none."""
    text = normalise(cell)
    parts = [text] if _PHONE.fullmatch(_bare(text)) else _BETWEEN.split(text)
    for part in dict.fromkeys(_bare(part) for part in parts if part.strip()):
        if not _PHONE.fullmatch(part):
            raise Fault(f"电话不对（手机 11 位，座机要带区号）：{part[:30]} / not a telephone number")
        yield part


def day_of(cell: str, today: date) -> date | None:
    """The day of a cell, None for an empty one. Fault for what is no day, and for one after ``today``."""
    text = normalise(cell)
    if not text:
        return None
    match = _DAY.fullmatch(text.replace(" ", ""))
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        day = None
    if day is None:
        raise Fault(f"日期看不懂，要写成 2026-11-01 这样：{text[:30]} / not a date")
    if day > today:
        raise Fault(f"核对日期在今天以后：{text[:30]} / the date lies in the future")
    return day


def _bare(phone: str) -> str:
    return re.sub(r"[\s()]", "", phone)
