"""The header of a directory of advisors: which column holds what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.normalise import normalise
from knowledge.sources.files import ImportRefused
from knowledge.sources.tables import Table

SEARCHED_ROWS = 12
FEWEST_FIELDS = 2
# Names of columns without white space, brackets and punctuation.
NAMES = {
    "number": "序号|编号|序",
    "code": "(?:村|村居|村社区|社区|行政|统计|统计用)?区?划?代码",
    "town": "(?:所属|所在)?(?:乡镇|镇街|街道|乡镇街道|乡镇办事处|乡镇街道办事处|乡镇办|乡|镇)(?:名称)?",
    "villages": "(?:所服务|服务|所在|担任顾问|受聘|聘用|对接|包联|联系)?的?(?:村居|村社区|村庄社区|村|社区|行政村|村庄|村居社区|村居委会|村社)(?:名称|名)?",
    "name": "(?:村居|村社区)?(?:法律)?(?:顾问|律师|法律顾问|法律工作者|法律服务人员|服务人员)?(?:姓名|名字)|(?:村居|村社区|驻村|包村)?法律顾问|律师|法律服务人员|顾问",
    "role": "(?:顾问|人员|执业)?(?:身份|类别|职业|职务|人员性质)",
    "office": "(?:所在|执业|工作|所属)?(?:单位|机构|律师事务所|律所|事务所|法律服务所)(?:名称)?|(?:执业|工作)(?:机构|单位)",
    "phones": "(?:顾问|律师|联系|办公|手机|移动|固定|服务)*(?:电话|手机|号码|手机号|方式|座机)(?:号码|号)?",
    "confirmed": "(?:最近|最后|信息|上次)*(?:核对|确认|核实|更新)(?:日期|时间|日)?",
    "valid_from": "(?:有效期|聘期|服务期|合同期)(?:起|自|开始)(?:日期|时间|日)?|(?:生效|起用|启用|起聘)(?:日期|时间|日)?",
    "valid_until": "(?:有效期|聘期|服务期|合同期)(?:至|止|到|截止)(?:日期|时间|日)?|有效期截止(?:日期|时间|日)?|(?:到期|失效)(?:日期|时间|日)",
}
# Several columns may hold numbers (手机, 座机).
JOINED = frozenset({"phones"})
_KINDS = {
    "villages": "村（社区）/ village",
    "name": "姓名 / name",
}


@dataclass(frozen=True, slots=True)
class Header:
    """``fields`` maps a field to its columns, ``labels`` has every column's name as printed; data begins at ``below``."""

    fields: dict[str, tuple[int, ...]]
    labels: tuple[str, ...]
    below: int

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that no field takes; they are not kept, for they may hold what is nobody's business."""
        used = {column for columns in self.fields.values() for column in columns}
        return tuple(label for column, label in enumerate(self.labels) if label and column not in used)


def field_of(label: str) -> str | None:
    """What a column with this name holds, None when the name is not known."""
    plain = re.sub(r"[(（)）\[\]【】\s、，,：:/*＊.。“”\"]", "", normalise(label))
    return next((field for field, names in NAMES.items() if re.fullmatch(names, plain)), None)


def find_header(table: Table, name: str) -> Header | None:
    """The header among the first rows, None when there is none. ImportRefused when two columns claim the same field."""
    for row in range(min(SEARCHED_ROWS, len(table.rows))):
        labels = tuple(" ".join(cell.split()) for cell in table.rows[row])
        found: dict[str, list[int]] = {}
        for column, label in enumerate(labels):
            field = field_of(label)
            if field is not None:
                found.setdefault(field, []).append(column)
        if "name" not in found or not found.keys() & {"villages", "code"}:
            continue
        for field, columns in found.items():
            if len(columns) > 1 and field not in JOINED:
                doubled = "、".join(f"“{labels[column]}”（第 {column + 1} 列）" for column in columns)
                raise ImportRefused(f"{name}: 分不清这几列：{doubled} / columns that cannot be told apart")
        return Header({field: tuple(columns) for field, columns in found.items()}, labels, row + 1)
    return None


def not_understood(tables: Sequence[Table], name: str) -> ImportRefused:
    """What was read of a file in which no header was found, for the person who knows the file."""
    rows = [" | ".join(filter(None, row)) for table in tables for row in table.rows[:SEARCHED_ROWS]]
    shown = "\n".join(f"  {row[:120]}" for row in rows if row)
    return ImportRefused(
        f"{name}: 认不出表头，什么都没导入。要有“法律顾问姓名”一列，还要有“村（社区）”或“区划代码”一列，最好还有“乡镇（街道）、单位、电话、核对日期”。"
        f" / the header was not understood, nothing was imported\n读到的前几行 / first rows read:\n{shown}"
    )
