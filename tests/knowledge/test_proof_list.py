"""Proof lists as files: every layout is read, every row accounted for, and what is unsafe or unclear is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from knowledge.imported import ProofItem
from knowledge.proof_import import said_by_title
from knowledge.sources.files import ImportRefused
from knowledge.sources.proof_columns import field_of
from knowledge.sources.proof_list import ParsedList, parse_proof_list
from tests.knowledge.proof_lists import (
    KEPT,
    LAYOUTS,
    PLAIN,
    TWO_ROWS,
    TWO_ROWS_MERGED,
    write_csv,
    write_xlsx,
)

TITLE = "某市实行告知承诺制证明事项目录"


def parse(path: Path, replaceable: bool | None = None) -> ParsedList:
    return parse_proof_list(path, "list", replaceable)


def brief(items: list[ProofItem]) -> list[tuple[str, str, str | None, str | None]]:
    return [(item.matter, item.proof, item.asking_unit, item.issuing_unit) for item in items]


READ = {
    "two rows": [
        ("申请法律援助(行政给付)", "经济困难证明", "市司法局", "乡镇人民政府"),
        ("律师执业核准(行政许可)", "无犯罪记录证明", "市司法局", "公安机关"),
        ("教师资格认定", "无犯罪记录证明", "市教育局", "公安机关"),
        ("保安员证核发", "初中以上学历证明", "市公安局", "学校"),
    ],
    "kept": [
        ("烟花爆竹经营（零售）许可", "安全条件材料", "应急管理部门", "经营者"),
        ("食品摊点登记", "健康证明", "市场监管部门", "医疗机构"),
    ],
    "plain": [
        ("国家工作人员申办因私出国（境）证件", "单位同意办证函", "公安局", "各单位组织人事部门"),
        ("申办前往港澳通行证", "单位意见", "公安局", "所在单位"),
    ],
    "by matter": [
        ("社会团体成立登记", "会长无犯罪记录证明", "区民政局", "公安部门"),
        ("社会团体成立登记", "住所使用权证明", "区民政局", "产权单位"),
        ("社会团体法定代表人变更登记", "法定代表人无犯罪记录证明", "区民政局", "公安部门"),
    ],
}


class TestLayouts:
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_xlsx(self, tmp_path: Path, layout: str) -> None:
        cells, merged = LAYOUTS[layout]
        parsed = parse(write_xlsx(tmp_path / "list.xlsx", cells, merged))
        assert brief(parsed.items) == READ[layout]
        assert parsed.refused == []

    @pytest.mark.parametrize("delimiter", [",", "\t", ";"])
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_csv(self, tmp_path: Path, layout: str, encoding: str, delimiter: str) -> None:
        parsed = parse(write_csv(tmp_path / "list.csv", LAYOUTS[layout][0], encoding, delimiter))
        # Merged cells are empty in csv; the matter alone is sure to hold for the rows below it.
        lost = "产权单位"
        assert brief(parsed.items) == [
            (matter, proof, None if issuing == lost else asking, issuing)
            for matter, proof, asking, issuing in READ[layout]
        ]
        assert (layout == "by matter") == any("按上一行“社会团体成立登记”算" in note for note in parsed.notes)

    def test_every_field(self, tmp_path: Path) -> None:
        item = parse(write_xlsx(tmp_path / "list.xlsx", TWO_ROWS, TWO_ROWS_MERGED)).items[0]
        assert item.model_dump(exclude={"id"}) == {
            "valid_from": None,
            "valid_until": None,
            "number": "1",
            "matter": "申请法律援助(行政给付)",
            "proof": "经济困难证明",
            "legal_basis": "《法律援助法》第四十一条",
            "basis_level": "法律",
            "level": "市级",
            "asking_unit": "市司法局",
            "issuing_unit": "乡镇人民政府",
            "item_type": "行政给付",
            "replaceable": None,
            "reason": None,
            "note": None,
            "sheet": None,
            "row": 4,
            "quote": "序号：1；证明名称：经济困难证明；证明用途：申请法律援助(行政给付)；"
            "依据名称、文号及条文内容：《法律援助法》第四十一条；效力层级：法律；索要单位：市司法局；"
            "开具单位：乡镇人民政府；行使层级：市级；事项类型：行政给付",
        }

    def test_legal_basis_in_two_columns(self, tmp_path: Path) -> None:
        item = parse(write_xlsx(tmp_path / "list.xlsx", KEPT)).items[0]
        assert item.legal_basis == "《烟花爆竹安全管理条例》 第十九条 ……"

    @pytest.mark.parametrize(
        ("label", "field"),
        [
            ("证明材料名称（序号、内容）", "proof"),
            ("设定依据(依据名称、文号及条文内容)", "legal_basis"),
            ("索 要\n单 位", "asking_unit"),
            ("出具部门", "issuing_unit"),
            ("办理事项名称", "matter"),
            ("不能实行告知承诺及保留原因", "reason"),
            ("是否可以告知承诺", "replaceable"),
            ("咨询电话", None),
        ],
    )
    def test_names_of_columns(self, label: str, field: str | None) -> None:
        assert field_of(label) == field

    def test_several_sheets(self, tmp_path: Path) -> None:
        path = write_xlsx(tmp_path / "list.xlsx", PLAIN, sheet="公安局")
        book = openpyxl.load_workbook(path)
        for row in KEPT:
            book.create_sheet("应急局") if "应急局" not in book.sheetnames else None
            book["应急局"].append(list(row))
        book.create_sheet("说明").append(["填表说明", "随便写的"])
        book.create_sheet("旧").append(["序号", "证明名称", "证明用途"])
        book["旧"].append([1, "旧的证明", "旧的事项"])
        book["旧"].sheet_state = "hidden"
        book.save(path)
        parsed = parse(path)
        assert [(item.sheet, item.row) for item in parsed.items] == [
            ("公安局", 2),
            ("公安局", 3),
            ("应急局", 3),
            ("应急局", 4),
        ]
        assert any("工作表“说明”没有认得出的表头" in line for line in parsed.skipped)


class TestRows:
    def rows(self, tmp_path: Path, *rows: list[object]) -> ParsedList:
        return parse(write_xlsx(tmp_path / "list.xlsx", [*PLAIN[:2], *rows]))

    def test_titles_totals_notes_groups_and_headers_are_skipped_and_told(self, tmp_path: Path) -> None:
        parsed = self.rows(
            tmp_path,
            ["一、公安局"],
            list(PLAIN[0]),
            [],
            ["合计", "共 1 项"],
            ["注：以上为 2023 年数据"],
            ["联系电话：见网站"],
        )
        assert len(parsed.items) == 1
        assert [line.split(" / ")[0] for line in parsed.skipped] == [
            "第 3 行",
            "第 4 行",
            "第 6 行",
            "第 7 行",
            "第 8 行",
        ]
        assert parsed.refused == []

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            ([2, None, "办什么事", "依据"], "第 3 行 / row 3，“证明名称”列 / column: 没有证明名称"),
            ([2, "/", "办什么事", "依据"], "没有证明名称"),
            (
                [2, '=HYPERLINK("http://x","证明")', "办什么事", "依据"],
                "第 3 行 / row 3，“证明名称”列 / column: 是公式",
            ),
            ([2, "证明", "办什么事", "#REF!"], "“设定及保留依据”列 / column: 是出错的公式"),
            ([2, "证" * 201, "办什么事", "依据"], "超过 200 个字"),
        ],
        ids=["no proof", "a dash", "formula", "error", "too long"],
    )
    def test_a_bad_row_is_refused_alone_and_told(self, tmp_path: Path, row: list[object], why: str) -> None:
        parsed = self.rows(tmp_path, row, [3, "好的证明", "好的事项", "依据"])
        assert [item.proof for item in parsed.items] == ["单位同意办证函", "好的证明"]
        (line,) = parsed.refused
        assert why in line

    def test_a_formula_that_only_counts_does_no_harm(self, tmp_path: Path) -> None:
        parsed = self.rows(tmp_path, ["=A2+1", "好的证明", "好的事项", "依据"])
        assert (parsed.items[1].number, parsed.items[1].proof) == (None, "好的证明")

    def test_as_above(self, tmp_path: Path) -> None:
        parsed = self.rows(tmp_path, [2, "好的证明", "好的事项", "同上", "法律", "同上", "—"])
        item = parsed.items[1]
        assert (item.legal_basis, item.asking_unit, item.issuing_unit) == ("《护照法》第六条", "公安局", None)


class TestPromise:
    """Whether a promise replaces the proof: by the row, else by the list, else unknown."""

    @pytest.mark.parametrize(
        ("word", "verdict"),
        [("是", True), ("可以", True), ("√", True), ("否", False), ("不可以", False), ("看情况", None), (None, None)],
    )
    def test_by_a_column(self, tmp_path: Path, word: str | None, verdict: bool | None) -> None:
        cells = [["证明名称", "办理事项", "索要单位", "是否可以承诺"], ["收入证明", "申请公租房", "住建局", word]]
        parsed = parse(write_xlsx(tmp_path / "list.xlsx", cells))
        assert parsed.items[0].replaceable is verdict
        assert any("看不懂能不能承诺" in note for note in parsed.notes) == (word == "看情况")

    def test_by_the_reason(self, tmp_path: Path) -> None:
        items = parse(write_xlsx(tmp_path / "list.xlsx", KEPT), replaceable=None).items
        assert [(item.replaceable, item.reason) for item in items] == [
            (False, "不能保证符合安全生产条件。"),
            (None, None),
        ]

    def test_by_what_is_declared(self, tmp_path: Path) -> None:
        items = parse(write_xlsx(tmp_path / "list.xlsx", KEPT), replaceable=True).items
        assert [item.replaceable for item in items] == [False, True]

    @pytest.mark.parametrize(
        ("title", "verdict"),
        [
            (TITLE, True),
            ("证明事项知承诺制清单", True),
            ("某市保留证明事项清单", None),
            ("不实行告知承诺制的证明事项清单", False),
            ("证明事项清单", None),
        ],
    )
    def test_by_the_title(self, title: str, verdict: bool | None) -> None:
        assert said_by_title(title) is verdict


class TestRefused:
    """Files that are not read at all: nothing is imported, and the reason is told in Chinese and English."""

    def why(self, path: Path) -> str:
        with pytest.raises(ImportRefused) as told:
            parse(path)
        assert " / " in str(told.value)
        return str(told.value)

    def test_no_header(self, tmp_path: Path) -> None:
        told = self.why(write_xlsx(tmp_path / "list.xlsx", [["名单"], ["甲", "乙", "丙"], [1, 2, 3]]))
        assert "认不出表头，什么都没导入" in told
        assert "甲 | 乙 | 丙" in told

    def test_two_columns_for_one_thing(self, tmp_path: Path) -> None:
        cells = [["证明名称", "所需证明", "证明用途", "索要单位"], ["甲", "乙", "丙", "丁"]]
        assert "分不清这几列：“证明名称”（第 1 列）、“所需证明”（第 2 列）" in self.why(
            write_xlsx(tmp_path / "l.xlsx", cells)
        )

    def test_no_row_that_can_be_used(self, tmp_path: Path) -> None:
        told = self.why(write_xlsx(tmp_path / "list.xlsx", [PLAIN[0], [1, None, "事项", "依据"]]))
        assert "没有一行能导入" in told
        assert "没有证明名称" in told

    def test_other_kinds(self, tmp_path: Path) -> None:
        (tmp_path / "list.xlsm").write_bytes(b"PK")
        assert "另存为 xlsx" in self.why(tmp_path / "list.xlsm")

    def test_no_real_xlsx(self, tmp_path: Path) -> None:
        (tmp_path / "list.xlsx").write_text("序号,证明名称", encoding="utf-8")
        assert "不是真正的 xlsx" in self.why(tmp_path / "list.xlsx")

    def test_a_package_of_something_else(
        self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]
    ) -> None:
        assert "不是 xlsx 文件" in self.why(zipped(tmp_path / "list.xlsx", {"hello.txt": b"hello"}))

    def test_macros(self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]) -> None:
        assert "有宏" in self.why(zipped(tmp_path / "list.xlsx", {"xl/vbaProject.bin": b"x"}))

    def test_a_bomb(self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]) -> None:
        path = zipped(tmp_path / "list.xlsx", {f"xl/{number}.xml": bytes(10_000_000) for number in range(9)})
        assert path.stat().st_size < 1_000_000
        assert "解压后太大" in self.why(path)

    def test_entities_that_grow(self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]) -> None:
        path = write_xlsx(tmp_path / "list.xlsx", PLAIN)
        entities = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
        bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + entities + b"]><x>&a11;</x>"
        assert "不是 xlsx 文件" in self.why(zipped(path, {"xl/workbook.xml": bomb}))

    def test_a_million_rows(self, tmp_path: Path) -> None:
        path = write_xlsx(tmp_path / "list.xlsx", PLAIN)
        book = openpyxl.load_workbook(path)
        book.active.cell(1_000_000, 1, "末行")
        book.save(path)
        assert "超过 20000 行" in self.why(path)

    def test_a_million_rows_of_csv(self, tmp_path: Path) -> None:
        (tmp_path / "list.csv").write_text("序号,证明名称,证明用途\n" * 1_000_000, encoding="utf-8")
        assert "MB" in self.why(tmp_path / "list.csv")
        (tmp_path / "list.csv").write_text("a\n" * 30_000, encoding="utf-8")
        assert "超过 20000 行" in self.why(tmp_path / "list.csv")
