"""Proof lists for tests, in the four layouts that districts publish. Places and rows are examples, none is 殷都区's."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

Cells = Sequence[Sequence[Any]]

# Two header rows with merged cells, below a title; proofs that a promise replaces.
TWO_ROWS: Cells = [
    ["某市实行告知承诺制证明事项目录"],
    ["序号", "证明名称", "证明用途", "设定依据", None, "实施基本情况", None, "行使层级", "事项类型"],
    [None, None, None, "依据名称、文号及条文内容", "效力层级", "索要单位", "开具单位", None, None],
    [
        1,
        "经济困难证明",
        "申请法律援助(行政给付)",
        "《法律援助法》第四十一条",
        "法律",
        "市司法局",
        "乡镇人民政府",
        "市级",
        "行政给付",
    ],
    [
        2,
        "无犯罪记录证明",
        "律师执业核准(行政许可)",
        "《律师法》第七条",
        "法律",
        "市司法局",
        "公安机关",
        "市级",
        "行政许可",
    ],
    [
        3,
        "无犯罪记录证明",
        "教师资格认定",
        "《教师资格条例》第十五条",
        "行政法规",
        "市教育局",
        "公安机关",
        "市级",
        "行政确认",
    ],
    [
        4,
        "初中以上学历证明",
        "保安员证核发",
        "《保安服务管理条例》第十六条",
        "行政法规",
        "市公安局",
        "学校",
        "市级",
        "行政许可",
    ],
    ["合计", 4],
    ["注：本目录每年更新一次。"],
]
TWO_ROWS_MERGED = ("A1:I1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:G2", "H2:H3", "I2:I3")

# Kept proofs with the reason why no promise replaces them.
KEPT: Cells = [
    ["某市保留证明事项清单"],
    [
        "序号",
        "证明名称",
        "证明用途",
        "设定依据",
        "依据条文及内容",
        "索要单位",
        "开具单位",
        "行使层级",
        "事项类型",
        "不能实行告知承诺及保留原因",
    ],
    [
        1,
        "安全条件材料",
        "烟花爆竹经营（零售）许可",
        "《烟花爆竹安全管理条例》",
        "第十九条　……",
        "应急管理部门",
        "经营者",
        "县级",
        "行政许可",
        "不能保证符合安全生产条件。",
    ],
    [
        2,
        "健康证明",
        "食品摊点登记",
        "《食品安全法》",
        "第四十五条　……",
        "市场监管部门",
        "医疗机构",
        "县级",
        "行政许可",
        None,
    ],
]

# No column says whether a promise does.
PLAIN: Cells = [
    ["序号", "证明名称", "证明用途", "设定及保留依据", "效力层级", "索要单位", "开具单位", "备注"],
    [
        1,
        "单位同意办证函",
        "国家工作人员申办因私出国（境）证件",
        "《护照法》第六条",
        "法律",
        "公安局",
        "各单位组织人事部门",
        "原件",
    ],
    [2, "单位意见", "申办前往港澳通行证", "《暂行管理办法》第九条", "规章", "公安局", "所在单位", None],
]

# One matter with several proofs: its cells are merged downwards, and the proofs are counted apart.
BY_MATTER: Cells = [
    ["某区民政局证明事项清单", None, None, None, None, None, None, None],
    ["序号", "证明事项", "证明材料名称", None, "设定依据", "索要单位", "开具单位", "办理指南"],
    [None, None, "序号", "内容", None, None, None, None],
    [
        1,
        "社会团体成立登记",
        1,
        "会长无犯罪记录证明",
        "《社会团体登记管理条例》第十三条",
        "区民政局",
        "公安部门",
        "现场核验",
    ],
    [None, None, 2, "住所使用权证明", None, None, "产权单位", None],
    [
        2,
        "社会团体法定代表人变更登记",
        1,
        "法定代表人无犯罪记录证明",
        "《社会团体登记管理条例》第十三条",
        "区民政局",
        "公安部门",
        None,
    ],
]
BY_MATTER_MERGED = (
    "A1:H1",
    "A2:A3",
    "B2:B3",
    "C2:D2",
    "E2:E3",
    "F2:F3",
    "G2:G3",
    "H2:H3",
    "A4:A5",
    "B4:B5",
    "E4:E5",
    "F4:F5",
)

LAYOUTS: dict[str, tuple[Cells, Sequence[str]]] = {
    "two rows": (TWO_ROWS, TWO_ROWS_MERGED),
    "kept": (KEPT, ("A1:J1",)),
    "plain": (PLAIN, ()),
    "by matter": (BY_MATTER, BY_MATTER_MERGED),
}


def write_xlsx(path: Path, cells: Cells, merged: Sequence[str] = (), sheet: str = "目录") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in cells:
        page.append(list(row))
    for area in merged:
        page.merge_cells(area)
    book.save(path)
    return path


def write_csv(path: Path, cells: Cells, encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(cells)
    return path
