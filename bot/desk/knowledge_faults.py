"""Faults of an entry in the words of its form: ``guide x: sections.0.questions: …`` becomes ``第 1 节，居民怎么问：…``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NAMES = {
    "id": "编号",
    "title": "标题",
    "matter": "事项",
    "confirmed": "最近核对日期",
    "valid_until": "有效到",
    "source": "来源",
    "source_date": "来源的日期",
    "name": "名称",
    "kind": "种类",
    "number": "电话",
    "link": "网址",
    "handles": "管什么",
    "reason": "结果（固定答复的编号）",
    "text": "文字",
    "routes": "去处",
    "questions": "居民怎么问",
    "aliases": "别名",
    "sections": "节",
    "statements": "句",
    "facet": "说的是",
    "basis": "依据",
    "door": "渠道卡编号",
    "why": "为什么去那里",
    "label": "工作人员看到的名字",
}
_COUNTED = {"sections": "节", "statements": "句", "routes": "个去处", "basis": "条依据", "questions": "个问法"}
_PREFIX = re.compile(r"^(?:guide|channel|scope|status) \S*: ")
_PLACE = re.compile(r"^[a-z_]+(?:\.(?:[a-z_]+|\d+))*(?=: )")


def readable(fault: str) -> str:
    """One line for the page; what is not in this shape stays as it is."""
    rest = _PREFIX.sub("", fault)
    place = _PLACE.match(rest)
    if place is None or place[0].split(".")[0] not in _NAMES:
        return rest
    said, steps = [], place[0].split(".")
    for number, step in enumerate(steps):
        if step.isdigit():
            continue
        following = steps[number + 1] if number + 1 < len(steps) else ""
        counted = following.isdigit() and step in _COUNTED
        said.append(f"第 {int(following) + 1} {_COUNTED[step]}" if counted else _NAMES.get(step, step))
    return f"{'，'.join(said)}：{rest[place.end() + 2 :]}"


# Faults between records, as the command line tells them to developers.
_DOOR = re.compile(r"^(?P<file>[\w-]+)\.yml(?::\d+)?: door '(?P<door>.+)' is not in channels\.yml$")
_TWICE = re.compile(r"^question '(?P<text>.+)' occurs more than once(?:: (?P<files>.+))?$")
_LAW = re.compile(
    r"^(?P<file>[\w-]+)\.yml(?::\d+)?: section (?P<section>[\w-]+): law '(?P<law>.+)' is not in laws\.yml$"
)
_REPORT = re.compile(
    r"^(?P<file>[\w-]+)\.yml(?::\d+)?: section (?P<section>[\w-]+): the report does not contain '(?P<text>.+)'$"
)
_FILES = {"scope": "不归我们管的问法", "statuses": "固定答复", "channels": "渠道卡"}
_WITH_SOFTWARE = ("legal_aid", "situations", "hours")  # content that has no form


def all_readable(faults: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    """Each fault once, what points at the same card in one line; ``titles`` are the guides' names by id."""
    lines: list[str] = []
    pointing: dict[str, list[str]] = {}
    for fault in dict.fromkeys(faults):
        if door := _DOOR.match(fault):
            pointing.setdefault(door["door"], []).append(_where(door["file"], titles))
        elif twice := _TWICE.match(fault):
            files = [_where(name.split(".yml")[0], titles) for name in (twice["files"] or "").split(", ") if name]
            at = f"（{'、'.join(dict.fromkeys(files))}）" if files else ""
            lines.append(f"问法“{twice['text']}”已经有了{at}，一句问法只能写在一个地方")
        elif law := _LAW.match(fault):
            lines.append(
                f"{_where(law['file'], titles)}，{law['section']} 一节：没有《{law['law']}》，名字要和“法律”列表里的一样"
            )
        elif words := _REPORT.match(fault):
            lines.append(
                f"{_where(words['file'], titles)}，{words['section']} 一节：报告里没有“{words['text']}”这句原话"
            )
        else:
            lines.append(readable(fault))
    for card, places in pointing.items():
        lines.append(f"这些还指着渠道卡“{card}”，要先改它们：{'、'.join(dict.fromkeys(places))}")
    return lines


def _where(file: str, titles: Mapping[str, str]) -> str:
    if file in titles:
        return f"指引“{titles[file]}”"
    return _FILES.get(file) or ("随软件来的内容（要请维护人员改）" if file in _WITH_SOFTWARE else file)
