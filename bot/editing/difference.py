"""Two versions of a record side by side, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

_DOCUMENT = {
    "title": "标题",
    "issuer": "发文单位",
    "published": "发文日期",
    "source": "来源",
    "valid_from": "有效从",
    "valid_until": "有效到",
    "confirmed": "最近核对日期",
}
Line = tuple[str, str, bool]  # before, after, changed


def side_by_side(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Line]:
    """Lines of both, aligned; what stayed the same is kept to two lines around a change."""
    before, after = _lines(old), _lines(new)
    rows: list[Line] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(2):
        if rows:
            rows.append(("……", "……", False))
        for kind, a, b, c, d in group:
            left, right = before[a:b], after[c:d]
            for number in range(max(len(left), len(right))):
                rows.append(
                    (
                        left[number] if number < len(left) else "",
                        right[number] if number < len(right) else "",
                        kind != "equal",
                    )
                )
    return rows


def _lines(body: Mapping[str, Any] | None) -> list[str]:
    if body is None:
        return []
    if body.get("kind") == "document":
        return _document_lines(body)
    return str(yaml.safe_dump(dict(body), allow_unicode=True, sort_keys=True, width=200)).splitlines()


def _document_lines(body: Mapping[str, Any]) -> list[str]:
    """What a reviewer of a document reads: what is said of it, then its passages; not the words they were made of."""
    told = [f"{label}：{body[name]}" for name, label in _DOCUMENT.items() if body.get(name)]
    for passage in body["passages"]:
        above = " / ".join(passage["headings"])
        mark = "（不用）" if passage["left_out"] else ""
        told += [f"{mark}【{above}】"] if above else []
        told += [f"{mark}{line}" for line in passage["text"].splitlines()]
    return told
