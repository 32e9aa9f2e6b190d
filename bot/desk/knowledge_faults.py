"""Faults of an entry in the words of its form: ``guide x: sections.0.questions: …`` becomes ``第 1 节，居民怎么问：…``."""

from __future__ import annotations

import re

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
