"""Between a record and the fields of a form. Lists are lines, and the parts of a line stand between ``｜`` (or ``|``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from knowledge.schema import ContentError

Fields = Mapping[str, str]
_BAR = "｜"
_SPLIT = re.compile(r"\s*[｜|]\s*")
# Fields that are one text each, by kind; an empty one is left out.
PLAIN = {
    "guide": ("title", "matter", "confirmed", "valid_from", "valid_until", "source"),
    "channel": (
        "name",
        "kind",
        "number",
        "link",
        "handles",
        "owner",
        "source",
        "source_date",
        "confirmed",
        "valid_from",
        "valid_until",
        "note",
    ),
    "scope": ("reason", "text", "confirmed", "valid_from", "valid_until"),
    "status": ("status", "label", "text", "confirmed", "valid_from", "valid_until"),
}
LISTS = {
    "guide": ("not_said",),
    "channel": ("aliases", "questions"),
    "scope": ("questions",),
    "status": ("follow_ups",),
}
ROUTED = ("guide", "scope", "status")


def fields_of(kind: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What the form shows for a record. A guide's sections are numbered: ``section.0.title``, ``section.0.0.text``."""
    fields = {name: str(body.get(name) or "") for name in PLAIN[kind]}
    fields |= {name: "\n".join(body.get(name, ())) for name in LISTS[kind]}
    if kind in ROUTED:
        fields["routes"] = _route_lines(body.get("routes", ()))
    if kind == "channel":
        fields["basis"] = basis_line(body["basis"]) if body.get("basis") else ""
    if kind == "guide":
        fields["urgent"] = "1" if body.get("urgent") else ""
        for number, section in enumerate(body.get("sections", ())):
            fields |= {f"section.{number}.{name}": value for name, value in _section_fields(section).items()}
    return fields


def body_from(kind: str, key: str, fields: Fields) -> dict[str, Any]:
    """The record that a form describes. ContentError where a line cannot be understood."""
    body: dict[str, Any] = {"reason" if kind == "status" else "id": key}
    body |= {name: value for name in PLAIN[kind] if (value := _text(fields, name))}
    body |= {name: lines for name in LISTS[kind] if (lines := _lines(fields, name))}
    if kind in ROUTED and (routes := _routes(fields, "routes")):
        body["routes"] = routes
    if kind == "channel" and (basis := _text(fields, "basis")):
        body["basis"] = basis_from(basis)
    if kind == "guide":
        if _text(fields, "urgent"):
            body["urgent"] = True
        numbers = sorted({int(name.split(".")[1]) for name in fields if re.fullmatch(r"section\.\d{1,3}\.id", name)})
        sections = [_section(number, fields) for number in numbers]
        body["sections"] = [section for section in sections if section["title"] or section["statements"]]
    return body


def basis_line(basis: Mapping[str, Any]) -> str:
    """``法律｜劳动法｜第五十条``, ``报告｜its words`` or ``来源｜name｜date``; the issuer last, where there is one."""
    if basis.get("law"):
        parts = ["法律", basis["law"], basis["article"]]
    elif basis.get("report"):
        parts = ["报告", basis["report"]]
    else:
        parts = ["来源", basis["source"], basis["date"]]
    return _BAR.join([*parts, *([basis["issuer"]] if basis.get("issuer") else [])])


def basis_from(line: str) -> dict[str, Any]:
    """Inverse of :func:`basis_line`. ContentError when the line is none."""
    kind, *parts = _SPLIT.split(line.strip())
    names = {"法律": ("law", "article", "issuer"), "报告": ("report", "issuer"), "来源": ("source", "date", "issuer")}
    known = names.get(kind)
    if known is None or not len(known) - 1 <= len(parts) <= len(known) or not all(parts):
        raise ContentError(
            f"依据“{line}”看不懂，要写成：法律｜劳动法｜第五十条，或 报告｜原话，或 来源｜名称｜日期｜单位"
        )
    return dict(zip(known, parts, strict=False))


def _section_fields(section: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: section[name] for name in ("id", "title", "facet")}
    fields["questions"] = "\n".join(section["questions"])
    fields["routes"] = _route_lines(section.get("routes", ()))
    for number, statement in enumerate(section["statements"]):
        fields[f"{number}.text"] = statement["text"]
        fields[f"{number}.basis"] = "\n".join(basis_line(basis) for basis in statement["basis"])
    return fields


def _section(number: int, fields: Fields) -> dict[str, Any]:
    prefix = f"section.{number}."
    own = {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
    statements = []
    for name in sorted((name for name in own if re.fullmatch(r"\d{1,3}\.text", name)), key=lambda n: int(n[:-5])):
        if text := _text(own, name):
            bases = [basis_from(line) for line in _lines(own, name.replace("text", "basis"))]
            statements.append({"text": text, "basis": bases})
    section: dict[str, Any] = {name: _text(own, name) for name in ("id", "title", "facet")}
    section |= {"statements": statements, "questions": _lines(own, "questions")}
    if routes := _routes(own, "routes"):
        section["routes"] = routes
    return section


def _route_lines(routes: Any) -> str:
    return "\n".join(
        _BAR.join([row["door"], row["why"], *([basis_line(row["basis"])] if row.get("basis") else [])])
        for row in routes
    )


def _routes(fields: Fields, name: str) -> list[dict[str, Any]]:
    found = []
    for line in _lines(fields, name):
        door, *rest = _SPLIT.split(line, maxsplit=2)
        if not rest:
            raise ContentError(f"去处“{line}”看不懂，要写成：渠道卡编号｜为什么去那里")
        row: dict[str, Any] = {"door": door, "why": rest[0]}
        found.append(row | ({"basis": basis_from(rest[1])} if len(rest) > 1 else {}))
    return found


def _text(fields: Fields, name: str) -> str:
    return fields.get(name, "").replace("\r\n", "\n").strip()


def _lines(fields: Fields, name: str) -> list[str]:
    return [line.strip() for line in fields.get(name, "").splitlines() if line.strip()]
