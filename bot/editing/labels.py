"""What staff read for the fields of records: above the fields of a form, and in a comparison of two versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LABELS = {
    "title": "标题",
    "matter": "事项（居民看到的名字）",
    "confirmed": "最近核对日期（年-月-日）",
    "valid_from": "从哪天起用（年-月-日，这天以前不用；可以空着）",
    "valid_until": "用到哪天（年-月-日，过了这天自动不用；可以空着）",
    "source": "来源",
    "name": "名称",
    "kind": "种类",
    "number": "电话（没有就空着）",
    "link": "网址（https 开头，没有就空着）",
    "handles": "管什么",
    "owner": "主管单位",
    "source_date": "来源的日期",
    "note": "说明",
    "reason": "结果（固定答复的编号）",
    "text": "对居民说的话",
    "status": "结果的大类（不要改）",
    "label": "工作人员看到的名字",
    "not_said": "故意不说的话（一行一条）",
    "aliases": "别名（一行一个）",
    "questions": "居民怎么问（一行一句）",
    "follow_ups": "还可以问（一行一句）",
}
DOORS = {
    "hotline": "热线",
    "emergency": "紧急电话",
    "platform": "网上平台",
    "office": "机关、窗口",
    "advisor": "法律顾问",
    "mediation": "调解",
    "arbitration": "仲裁",
    "court": "法院",
    "lawyer": "律师",
    "notary": "公证",
}
FACETS = {
    "what": "是什么",
    "steps": "怎么做",
    "who": "谁可以",
    "bring": "带什么",
    "where": "去哪里",
    "deadline": "期限",
    "cost": "费用",
    "object": "不服怎么办",
    "limits": "不能怎样",
    "fact": "事实",
}


def title_of(body: Mapping[str, Any] | None, key: str) -> str:
    """The name of a record as staff know it; its key when it has none."""
    values = body or {}
    for name in ("title", "name", "label", "text"):
        if values.get(name):
            return str(values[name])
    return str(next(iter(values.get("questions") or ()), key))
