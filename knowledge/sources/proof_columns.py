"""The header of a proof list: which column holds what, in one row or two, below any title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.normalise import normalise
from knowledge.sources.files import ImportRefused
from knowledge.sources.tables import Table

SEARCHED_ROWS = 12
FEWEST_FIELDS = 3

# Names of columns without white space, brackets and punctuation. ``either`` is the matter where another column is the
# proof, else the proof; ``purpose`` is the matter where no other column is.
NAMES = {
    "number": "序号|编号|序|项目序号|证明编号|事项编号|总序号",
    "proof": "证明(?:材料|事项|文件)?名称|证明(?:材料)?|材料名称|(?:所|需要的|需提供的|需提交的)(?:需)?证明",
    "matter": "(?:对应|涉及)?(?:办理)?事项(?:名称)?|政务服务事项(?:名称)?|办理业务",
    "purpose": "(?:证明)?用途",
    "either": "证明事项",
    "legal_basis": "(?:设定|设立|设定及保留|保留|法律|政策)?依据(?:名称|内容|条文|条文及内容|名称文号及条文内容)?|条文内容",
    "basis_level": "(?:依据)?效力层级",
    "level": "(?:行使|实施)层级",
    "asking_unit": "(?:证明)?(?:索要|索取|要求|使用)(?:单位|部门|机关)",
    "issuing_unit": "(?:证明)?(?:开具|出具)(?:单位|部门|机关)",
    "item_type": "(?:事项)?(?:类型|类别)",
    "note": "备注|办理指南|说明",
    "valid_from": "(?:有效期|聘期|服务期|合同期)(?:起|自|开始)(?:日期|时间|日)?|(?:生效|起用|启用|起聘)(?:日期|时间|日)?",
    "valid_until": "(?:有效期|聘期|服务期|合同期)(?:至|止|到|截止)(?:日期|时间|日)?|有效期截止(?:日期|时间|日)?|(?:到期|失效)(?:日期|时间|日)",
    "replaceable": "是否.*(?:承诺|替代).*",
    "reason": ".*(?:不能|不可|不宜|不实行|不予|不适用).*(?:原因|理由|承诺).*|.*保留(?:原因|理由).*",
}
# A list may give several columns of these; in all others two columns for one thing cannot be told apart.
JOINED = frozenset({"legal_basis", "note"})
_PART = frozenset({"内容", "名称"})


@dataclass(frozen=True, slots=True)
class Header:
    """``fields`` maps a field to its columns, ``labels`` has every column's name as printed, data begins at ``below``."""

    fields: dict[str, tuple[int, ...]]
    labels: tuple[str, ...]
    below: int
    printed: tuple[tuple[str, ...], ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that no field takes; their words are kept in the quotation all the same."""
        used = {column for columns in self.fields.values() for column in columns}
        return tuple(label for column, label in enumerate(self.labels) if label and column not in used)


def field_of(label: str) -> str | None:
    """What a column with this name holds, None when the name is not known."""
    plain = re.sub(r"[(（\[【].*?[)）\]】]|[\s、，,：:/*＊.。“”\"]", "", normalise(label))
    return next((field for field, names in NAMES.items() if re.fullmatch(names, plain)), None)


def find_header(table: Table, name: str) -> Header | None:
    """The header among the first rows, None when there is none. ImportRefused when two columns claim the same field."""
    for row in range(min(SEARCHED_ROWS, len(table.rows))):
        for depth in (2, 1):
            header = _header(table, row, depth, name)
            if header is not None:
                return header
    return None


def not_understood(tables: Sequence[Table], name: str) -> ImportRefused:
    """What was read of a file in which no header was found, for the person who knows the file."""
    rows = [" | ".join(filter(None, row)) for table in tables for row in table.rows[:SEARCHED_ROWS]]
    shown = "\n".join(f"  {row[:120]}" for row in rows if row)
    return ImportRefused(
        f"{name}: 认不出表头，什么都没导入。要有“证明名称”一列，还要有“证明用途（办理事项）、设定依据、索要单位、开具单位”里的两列。"
        f" / the header was not understood, nothing was imported\n读到的前几行 / first rows read:\n{shown}"
    )


def _header(table: Table, row: int, depth: int, name: str) -> Header | None:
    if depth == 2 and not _is_second_row(table, row):
        return None
    upper = table.top[row]
    lower = table.rows[row + 1] if depth == 2 else ("",) * len(upper)
    labels: list[str] = []
    found: dict[str, list[int]] = {}
    parent = ""
    for column, (above, below) in enumerate(zip(upper, lower, strict=True)):
        # Without merged cells the name over several columns stands over the first of them only.
        parent = above or (parent if below else "")
        labels.append(" ".join((below or above).split()))
        field = _field(parent, below)
        if field is not None:
            found.setdefault(field, []).append(column)
    _settle(found)
    if "proof" not in found or len(found) < FEWEST_FIELDS:
        return None
    for field, columns in found.items():
        if len(columns) > 1 and field not in JOINED:
            doubled = "、".join(f"“{labels[column]}”（第 {column + 1} 列）" for column in columns)
            raise ImportRefused(f"{name}: 分不清这几列：{doubled} / columns that cannot be told apart")
    fields = {field: tuple(columns) for field, columns in found.items()}
    return Header(fields, tuple(labels), row + depth, table.rows[row : row + depth])


def _is_second_row(table: Table, row: int) -> bool:
    """Does the next row go on with the header at ``row``? Then this one is no title, and all below are names of columns."""
    if row + 1 >= len(table.rows) or sum(field_of(cell) is not None for cell in table.rows[row]) < 2:
        return False
    cells = [cell for cell in table.rows[row + 1] if cell]
    return bool(cells) and all(field_of(cell) or cell in _PART for cell in cells)


def _field(parent: str, below: str) -> str | None:
    above = field_of(parent)
    if not below or below in _PART:
        return above
    own = field_of(below)
    if own == "number" and above is not None:
        return None  # counts the proofs of one matter
    return own or above


def _settle(found: dict[str, list[int]]) -> None:
    """Decide about 证明事项 and 证明用途 by what other columns there are."""
    either = found.pop("either", None)
    if either:
        found.setdefault("matter" if "proof" in found else "proof", either)
    purpose = found.pop("purpose", None)
    if purpose:
        found.setdefault("matter", purpose)
