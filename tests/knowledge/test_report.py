"""The real report becomes quotable passages: nothing lost, nothing repaired, every known defect told."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.records import Document, Passage
from knowledge.sources.report import (
    Defect,
    defects_from,
    parse_header,
    parse_report,
    searchable_form,
)

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "knowledge" / "content" / "documents"
FACTS = ROOT.parent / "shared" / "facts" / "report_facts.jsonl"

ROW: dict[str, Any] = yaml.safe_load((DOCUMENTS / "documents.yml").read_text(encoding="utf-8"))[0]
SOURCE = (DOCUMENTS / ROW["file"]).read_text(encoding="utf-8")
DEFECTS = defects_from(ROW["defects"], SOURCE)
DOCUMENT = Document(ROW["id"], ROW["title"], ROW["kind"], ROW["issuer"], str(ROW["published"]))
PASSAGES = parse_report(SOURCE, DOCUMENT, DEFECTS)
SIXTH = "(六)依法有效化解社会矛盾纠纷[原文缺“(六”]"
SEVENTH = "(七)提升政府工作人员依法行政能力[原文缺“(七”]"


def one(words: str) -> Passage:
    (passage,) = [passage for passage in PASSAGES if words in passage.text]
    return passage


def on_line(*lines: int) -> list[Passage]:
    return [passage for passage in PASSAGES if passage.line in lines]


def printed(heading: str) -> str:
    """A heading without our bracket note and without what the note says is missing."""
    match = re.fullmatch(r"(.*)\[原文缺“(.+)”\]", heading)
    return match[1].removeprefix(match[2]) if match else heading


def test_header() -> None:
    header = parse_header(SOURCE)
    assert header.title == ROW["title"] == "殷都区2021年度法治政府建设工作报告"
    assert header.breadcrumb == ("首页", "基层政务公开", "公开领域", "公共法律服务", "公共法律服务平台")
    assert (header.published, header.published_time) == (date(2022, 2, 23), time(9, 59))
    assert header.published == ROW["published"]
    assert header.source is None
    assert header.editor == "殷都区法治政府建设领导小组办公室"


def test_sections_are_all_there_in_order() -> None:
    assert list(dict.fromkeys(passage.headings[:2] for passage in PASSAGES if len(passage.headings) > 1)) == [
        ("一、基本情况", "(一)依法全面履行政府职能"),
        ("一、基本情况", "(二)加强行政规范性文件管理"),
        ("一、基本情况", "(三)建立健全依法决策机制"),
        ("一、基本情况", "(四)深入推进服务型行政执法建设"),
        ("一、基本情况", "(五)全面落实行政执法责任制"),
        ("一、基本情况", SIXTH),
        ("一、基本情况", SEVENTH),
        ("二、存在的问题", "(一)人才短缺"),
        ("二、存在的问题", "(二)干部队伍能力素质还需要进一步提高"),
        ("二、存在的问题", "(三)法治政府建设保障机制有待提升"),
        ("三、2022年度工作打算", "(一)进一步加强党的领导,完善法治政府建设推进机制"),
        ("三、2022年度工作打算", "(二)进一步健全政府机构职能体系,推动更好发挥政府作用"),
        ("三、2022年度工作打算", "(三)健全行政执法工作体系,全面推进严格规范公正文明执法"),
    ]
    assert {passage.headings for passage in on_line(7)} == {("引言",)}
    assert {passage.headings for passage in on_line(11)} == {("一、基本情况",)}


def test_headings_and_passages_together_are_the_body() -> None:
    """Read in order, every character of the body stands in exactly one passage or in the heading above it."""
    lines = SOURCE.split("\n")
    rest = "".join(line.strip() for line in lines[5:88])
    above: tuple[str, ...] = ()
    for passage in PASSAGES:
        between, found, rest = rest.partition(passage.text)
        assert found, passage.id
        depth = next(
            (i for i, pair in enumerate(zip(above, passage.headings, strict=False)) if pair[0] != pair[1]),
            min(len(above), len(passage.headings)),
        )
        new = [h for h in passage.headings[depth:] if h != "引言" and not passage.text.startswith(h.rstrip("…"))]
        assert between.replace("。", "") == "".join(printed(heading) for heading in new), passage.id
        above = passage.headings
    assert rest == ""


def test_passages_are_the_words_of_the_source_at_their_line() -> None:
    lines = SOURCE.split("\n")
    for passage in PASSAGES:
        assert passage.line is not None
        wrapped = passage.text not in SOURCE
        assert wrapped == (passage.line in (67, 69)), passage.id
        assert passage.text[:6] in lines[passage.line - 1], passage.id


def test_page_header_and_footer_are_not_body() -> None:
    words = "".join(passage.text + passage.searchable for passage in PASSAGES)
    for outside in ("首页", "基层政务公开", "发布日期", "来源:", "责任编辑", "2022-02-23"):
        assert outside not in words
    assert {passage.line for passage in PASSAGES} <= set(range(7, 86))


def test_hard_wrapped_lines_are_joined() -> None:
    assert [passage.text for passage in on_line(67, 69, 71)] == [
        "干部队伍建设问题已成为制约全区法治政府建设工作的关键问题。",
        "司法行政机关人员配备与承担的工作任务不匹配,不能很好满足工作需要对法治政府建设造成了一定影响。",
    ]


def test_angle_brackets_inside_book_title_marks_are_kept() -> None:
    assert "《殷都区贯彻落实<河南省优化营商环境条例>的实施意见》" in one("三挂钩").text
    assert "《殷都区贯彻落实<河南省优化营商环境条例>的实施意见》" in one("三挂钩").searchable


@pytest.mark.parametrize(
    ("words", "points"),
    [
        ("固定源排污许可全覆盖", ("五是强化生态环境保护", "一是全面实行排污许可制")),
        ("三线一单", ("五是强化生态环境保护", "二是《各县(市、区)环境管控单元生态环境准入清单》正在进一步修改")),
        ("科学治污", ("五是强化生态环境保护", "三是突出精准治污、科学治污、依法治污")),
        ("专班推进", ("五是强化生态环境保护", "四是建立长效的污染防治机制")),
        ("0372-5139017", ("四是健全公共法律服务体系", "一是加强加强公共法律服务平台建设积极主动加大线上线下宣传")),
        ("全区346个村", ("四是健全公共法律服务体系", "二是推动村(居)法律顾问工作全面升级")),
        ("2572", ("四是健全公共法律服务体系", "二是推动村(居)法律顾问工作全面升级")),
        ("130余场", ("四是健全公共法律服务体系", "三是深入开展普法宣传工作")),
        ("全省第12位", ("三是深化信用体系建设",)),
        ("调成率100%", ("三是落实矛盾纠纷多元化解机制建设",)),
        ("决定废止7件", ("二是扎实开展行政规范性文件清理2021年我区根据上级要求",)),
        ("事倍功半", ("二是各乡(镇)政府、街道办事处",)),
        ("新设证明事项", ("二是深入推进“放管服”改革",)),
        ("以案释法", ("四是创新行政执法方式",)),
    ],
)
def test_points_and_their_sub_points_are_not_confused(words: str, points: tuple[str, ...]) -> None:
    assert one(words).headings[2:] == points


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.quote)
def test_every_defect_is_told_where_it_stands(defect: Defect) -> None:
    words = defect.quote.replace("\n", "")
    holding = [passage for passage in PASSAGES if words in passage.text]
    noted = [passage for passage in PASSAGES if defect.note in passage.notes]
    assert all(passage in noted for passage in holding)
    in_heading = any(words.strip() == printed(h) for passage in PASSAGES for h in passage.headings[:2])
    assert noted or in_heading
    assert defect.note.startswith("原文如此")
    for passage in noted if defect.reading else []:
        assert defect.reading in passage.searchable
        assert defect.reading not in passage.text


def test_the_sentence_without_its_not_is_never_shown_without_the_warning() -> None:
    (reversal,) = [defect for defect in DEFECTS if defect.kind == "reversal"]
    passage = one("职责任务相适应")
    assert reversal.note in passage.notes
    assert "不相适应" in reversal.note
    assert "不能当作“相适应”" in reversal.note
    assert "不相适应" in passage.searchable
    assert "不相适应" not in passage.text
    assert not any("相适应" in heading for passage in PASSAGES for heading in passage.headings)


def test_figures_that_semicolons_part_are_passages_of_their_own() -> None:
    parts = [passage.text for passage in on_line(21) if "子项" in passage.text]
    assert [re.findall(r"\d+(?=[项条])", part) for part in parts] == [
        ["1988", "767", "510", "836", "362"],
        ["1214", "1092", "245"],
        ["70", "19", "18"],
        ["194", "154", "142"],
    ]
    assert all("互联网+监管" in passage.searchable for passage in on_line(21) if "子项" in passage.text)


def test_a_sentence_that_goes_on_is_also_found_by_the_words_before_it() -> None:
    assert "民营企业诉求响应平台" in one("注册企业306家").searchable


def test_ids_are_unique_and_do_not_depend_on_wording() -> None:
    assert len({passage.id for passage in PASSAGES}) == len(PASSAGES)
    assert one("0372-5139017").id == "report-2021/1.6-4-1"
    changed = parse_report(SOURCE.replace("1332", "1400"), DOCUMENT, DEFECTS)
    assert [passage.id for passage in changed] == [passage.id for passage in PASSAGES]
    different = [new.id for new, old in zip(changed, PASSAGES, strict=True) if new.digest != old.digest]
    assert different == [one("调成率100%").id]
    assert all(re.fullmatch(r"[0-9a-f]{16}", passage.digest) for passage in PASSAGES)


def test_searchable_form() -> None:
    form = searchable_form(
        "压缩 70%以上\uff0c认\u00a0真", ("二、存在的问题", SIXTH, "四是健全体系…", "一是"), ("改读",)
    )
    assert form == "存在的问题 依法有效化解社会矛盾纠纷 健全体系 压缩70%以上,认真 改读"


def test_another_report_in_full_width_punctuation() -> None:
    text = (
        "标题\r\n\r\n发布日期\uff1a2023-01-05 来源\uff1a区司法局\r\n\r\n一、情况\r\n\r\n"
        "\uff08一\uff09人员。一是甲\uff0c乙\r\n\r\n丙。二是丁\uff01\r\n\r\n\uff09缺号\r\n\r\n戊。“己。”\r\n"
    )
    header = parse_header(text)
    assert (header.source, header.published_time, header.editor, header.breadcrumb) == ("区司法局", None, None, ())
    passages = parse_report(text, replace(DOCUMENT, id="r"), [])
    assert [(passage.id, passage.text, passage.headings[1:]) for passage in passages] == [
        ("r/1.1-1-1", "一是甲\uff0c乙丙。", ("\uff08一\uff09人员", "一是")),
        ("r/1.1-1-2", "二是丁\uff01", ("\uff08一\uff09人员", "二是")),
        ("r/1.2-1-1", "戊。", ("\uff09缺号",)),
        ("r/1.2-1-2", "“己。”", ("\uff09缺号",)),
    ]


def test_text_without_publishing_line_or_title_is_refused() -> None:
    with pytest.raises(ValueError, match="no publishing line"):
        parse_report("一、基本情况\n\n甲。", DOCUMENT, [])
    with pytest.raises(ValueError, match="no title"):
        parse_header("发布日期:2022-02-23 09:59 来源:\n")


GOOD = {"quote": "认\u00a0真组织", "note": "原文如此:有空格。", "reading": None, "kind": "spacing"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"quote": "没有的话"}, "not in the source: '没有的话'"),
        ({"quote": ""}, "must be text"),
        ({"quote": 430}, "must be text"),
        ({"note": "有空格"}, "must begin with 原文如此"),
        ({"kind": "typo"}, "'typo' is none of"),
        ({"extra": "x"}, "needs quote, note, kind"),
        ({"reading": ""}, "must be text"),
    ],
)
def test_a_wrong_defect_is_refused_by_name(change: dict[str, Any], complaint: str) -> None:
    assert defects_from([GOOD], SOURCE) == [Defect(**GOOD)]
    with pytest.raises(ValueError, match=re.escape(complaint)):
        defects_from([GOOD | change], SOURCE)


def test_parsing_refuses_a_defect_that_the_source_no_longer_has() -> None:
    with pytest.raises(ValueError, match="加强加强"):
        parse_report(SOURCE.replace("加强加强", "加强"), DOCUMENT, DEFECTS)


# Facts

LINES = [json.loads(line) for line in FACTS.read_text(encoding="utf-8").splitlines()] if FACTS.exists() else []
needs_facts = pytest.mark.skipif(not LINES, reason="the shared facts are not here")

# Figures that the report does not print as such: counted, written in Chinese digits, or inferred.
COUNTED: dict[tuple[str, str], Callable[[Passage], Any]] = {
    ("A007", "制度数"): lambda passage: passage.text.count("《"),
    ("A018", "全市排名"): lambda passage: {"排名第二": 2}.get("".join(re.findall("排名第.", passage.text))),
    ("A057", "重点领域数"): lambda passage: passage.text.count("、") + 1,
    ("A036", "结案期间"): lambda passage: (
        "2021-01-01至2021-08-31(推定)" if {"2021年1月1日", "2021年8月31日"} <= set(passage.searchable.split()) else None
    ),
    ("A049", "日期"): lambda passage: (
        "4月30日(原文“430日”)" if "4月30日" in passage.searchable and "430日" in passage.text else None
    ),
}


def has_figure(passage: Passage, fact: str, name: str, value: Any) -> bool:
    if counted := COUNTED.get((fact, name)):
        return bool(counted(passage) == value)
    words = re.escape(str(value).split("(")[0])
    return re.search(rf"(?<![\d.]){words}(?![\d.%])", passage.text) is not None


@needs_facts
def test_facts_are_all_here() -> None:
    assert [fact["id"] for fact in LINES] == [f"A{number:03}" for number in range(1, 59)]


@needs_facts
@pytest.mark.parametrize(
    "fact", [f for f in LINES if f["section"] not in ("页头", "页尾")], ids=lambda fact: fact["id"]
)
def test_fact_is_in_a_passage_of_its_section(fact: dict[str, Any]) -> None:
    first, _, last = str(fact["line"]).partition("-")
    lines = range(int(first), int(last or first) + 1)
    near = [passage for passage in on_line(*lines) if "/".join(passage.headings).startswith(fact["section"])]
    pieces = [piece for piece in fact["quote"].split("…") if piece]
    if fact["id"] == "A050":
        pieces = ["".join(pieces)]  # here the dots stand for the line break
    quoting = [passage for passage in near if all(piece in passage.text for piece in pieces)]
    assert quoting
    for name, value in fact["figures"].items():
        assert any(has_figure(passage, fact["id"], name, value) for passage in near), name


@needs_facts
def test_facts_of_the_page_are_in_the_header() -> None:
    header = parse_header(SOURCE)
    assert header.published_time is not None
    stamp = f"{header.published} {header.published_time:%H:%M}"
    said = {
        "A001": header.title,
        "A002": f"发布日期:{stamp} 来源:{header.source or ''}",
        "A003": " > ".join(header.breadcrumb),
        "A004": f"责任编辑:{header.editor}",
    }
    assert said == {fact["id"]: fact["quote"] for fact in LINES if fact["section"] in ("页头", "页尾")}
