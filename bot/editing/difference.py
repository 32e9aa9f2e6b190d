"""Two versions of a record side by side, line by line, in the words of the forms: what a reviewer reads."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from bot.editing.forms import PLAIN, fields_of
from bot.editing.labels import DOORS, FACETS, LABELS
from knowledge.places.find import shipped_places

_ABOUT = {
    "title": "标题",
    "issuer": "发文单位",
    "published": "发文日期",
    "source": "来源",
    "valid_from": "有效从",
    "valid_until": "有效到",
    "confirmed": "最近核对日期",
}
_REPLACED = {True: "能", False: "不能", None: "没有写"}
Body = Mapping[str, Any]
Line = tuple[str, str, bool]  # before, after, changed


def side_by_side(kind: str, old: Body | None, new: Body | None) -> list[Line]:
    """Lines of both records of ``kind``, aligned; what stayed the same is kept to two lines around a change."""
    before, after = _lines(kind, old), _lines(kind, new)
    rows: list[Line] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(2):
        if rows:
            rows.append(("……", "……", False))
        for step, a, b, c, d in group:
            left, right = before[a:b], after[c:d]
            for number in range(max(len(left), len(right))):
                rows.append(
                    (
                        left[number] if number < len(left) else "",
                        right[number] if number < len(right) else "",
                        step != "equal",
                    )
                )
    return rows


def _lines(kind: str, body: Body | None) -> list[str]:
    if body is None:
        return []
    if kind in PLAIN:
        return list(_form_lines(kind, body))
    told = [f"{label}：{body[name]}" for name, label in _ABOUT.items() if body.get(name)]
    rows = _ROWS.get(str(body.get("kind")))
    if rows is not None:
        return [*told, *rows(body)]
    return str(yaml.safe_dump(dict(body), allow_unicode=True, sort_keys=True, width=200)).splitlines()


def _form_lines(kind: str, body: Body) -> Iterator[str]:
    """The fields of the form that hold something, a line each; sections of a guide under their titles."""
    fields = fields_of(kind, body)
    sections = sorted({int(name.split(".")[1]) for name in fields if name.startswith("section.")})
    for name, value in fields.items():
        if value and not name.startswith("section."):
            yield from _field(_label(name), _said(kind, name, value))
    for number in sections:
        own = {
            name.removeprefix(f"section.{number}."): value
            for name, value in fields.items()
            if name.startswith(f"section.{number}.")
        }
        yield f"【{own['title']}】（{own['id']}，{FACETS.get(own['facet'], own['facet'])}）"
        for name, value in own.items():
            if value and name not in ("title", "id", "facet", "questions", "routes"):
                yield from _field("依据" if name.endswith(".basis") else f"第 {int(name.split('.')[0]) + 1} 句", value)
        yield from _field("去处", own["routes"])
        yield from _field("问法", own["questions"])


_OTHERS = {"routes": "去处", "basis": "依据", "urgent": "常有危险"}


def _label(name: str) -> str:
    return _OTHERS.get(name) or LABELS.get(name, name).split("（")[0]


def _said(kind: str, name: str, value: str) -> str:
    if kind == "channel" and name == "kind":
        return DOORS.get(value, value)
    return "是" if name == "urgent" else value


def _field(label: str, value: str) -> Iterator[str]:
    for line in value.splitlines():
        yield f"{label}：{line}"


def _passages(body: Body) -> Iterator[str]:
    """The passages of a document, not the words that they were made of."""
    for passage in body["passages"]:
        above = " / ".join(passage["headings"])
        mark = "（不用）" if passage["left_out"] else ""
        if above:
            yield f"{mark}【{above}】"
        for line in passage["text"].splitlines():
            yield f"{mark}{line}"


def _dated(row: Body) -> str:
    days = (("从", row.get("valid_from")), ("到", row.get("valid_until")))
    return "".join(f"；有效{word} {day}" for word, day in days if day)


def _items(body: Body) -> Iterator[str]:
    for row in body["items"]:
        yield f"{row['quote']}【能不能用承诺代替：{_REPLACED[row['replaceable']]}{_dated(row)}】"


def _advisors(body: Body) -> Iterator[str]:
    """Each row with the villages that were understood."""
    code = shipped_places().code
    for row in body["entries"]:
        villages = "、".join(code[village].label if village in code else village for village in row["villages"])
        yield f"{row['quote']}【认出的村：{villages}{_dated(row)}】"


def _articles(body: Body) -> Iterator[str]:
    yield f"{body['name']}（{body['in_force']} 起施行）"
    for article in body["articles"]:
        yield f"{article['label']}　{article['text']}"


def _days(body: Body) -> Iterator[str]:
    for row in body["days"]:
        yield f"{row['day']}：{'放假' if row['off'] else '上班'}（{row['name']}）"


_ROWS: Mapping[str, Callable[[Body], Iterator[str]]] = {
    "document": _passages,
    "proofs": _items,
    "advisors": _advisors,
    "law": _articles,
    "holidays": _days,
}
