"""A statute is cut by article without losing a word; which edition it is, is told by the days that it states."""

from __future__ import annotations

import re
from datetime import date

import pytest

from knowledge.sources.edition import differs
from knowledge.sources.law import Statute, clean, cut_statute
from knowledge.sources.statute import article_number, begins_mention, heading_level, numeral
from tests.knowledge.statutes import SMALL, Articles, corpus, needs_corpus, statute

FIRST = "第一条　甲。"


def cut(text: str) -> Statute:
    return cut_statute(clean(text))


def words(text: str) -> dict[str, str]:
    return {article.label: article.text for article in cut(text).articles}


class TestMarks:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("一", 1),
            ("十", 10),
            ("二十一", 21),
            ("一百零五", 105),
            ("一百〇五", 105),
            ("一百一十", 110),
            ("一千二百六十", 1260),
            ("一〇一", 101),
            ("12", 12),
            ("１２", 12),
            ("两百", 200),
            ("一 百 二 十", 120),
        ],
    )
    def test_numerals(self, text: str, value: int) -> None:
        assert numeral(text) == value

    @pytest.mark.parametrize(
        ("label", "number"),
        [
            ("第三条", (3, 0)),
            ("第 3 条", (3, 0)),
            ("第四十三条第一款", (43, 0)),
            ("第二百五十三条之一", (253, 1)),
            ("第十条之十一", (10, 11)),
            ("第 三 条", (3, 0)),
        ],
    )
    def test_numbers_of_articles(self, label: str, number: tuple[int, int]) -> None:
        assert article_number(label) == number

    def test_other_things_have_no_number(self) -> None:
        assert [article_number(text) for text in ("第三章", "三条", "依照第三条", "")] == [None] * 4

    @pytest.mark.parametrize(
        "rest", ["规定的，处罚款", "第二款所列", "、第四条", "的规定", "和第五条", "，不适用", " 第一款"]
    )
    def test_a_mention(self, rest: str) -> None:
        assert begins_mention(rest)

    @pytest.mark.parametrize(
        "rest", ["　规定本法", "　为了", "中华人民共和国公民", "和解的，", "所有权", "【定义】", ""]
    )
    def test_no_mention(self, rest: str) -> None:
        assert not begins_mention(rest)

    def test_headings(self) -> None:
        lines = ["第一编　总则", "第二分编　合同", "第十章", "第一节 一般规定", "附　则"]
        assert [heading_level(line) for line in lines] == [0, 1, 2, 3, 2]
        assert heading_level("第三章规定的行为") is None
        assert heading_level("第三章　行为，依照本法处罚。") is None


class TestCutting:
    def test_loses_nothing(self) -> None:
        assert cut(SMALL).text == clean(SMALL)

    def test_every_article_once_and_in_order(self) -> None:
        small = cut(SMALL)
        assert [item.number for item in small.articles] == [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (5, 0), (6, 0)]
        assert (small.missing, small.doubtful, small.passed_over) == ((), (), ())

    def test_paragraphs_and_items_belong_to_their_article(self) -> None:
        articles = words(SMALL)
        assert articles["第二条"].endswith("\n公证不收没有依据的费用，依照本法第十一条规定办理。")
        assert articles["第三条"].split("\n")[1:] == [
            "（一）合同；",
            "（二）继承；",
            "（三）依照第十条第一款应当办理的事项。",
        ]

    def test_a_mention_at_the_beginning_of_a_line_begins_no_article(self) -> None:
        assert words(SMALL)["第五条"] == "违反本法\n第三条规定的，处二万元罚款。"

    def test_headings_are_the_bodys_not_those_of_the_contents(self) -> None:
        trail = {article.label: article.headings for article in cut(SMALL).articles}
        assert trail["第一条"] == ("第一章　总则",)
        assert trail["第三条"] == ("第二章　公证机构", "第一节　设立")
        assert trail["第五条"] == ("第二章　公证机构", "第二节　监督")
        assert trail["第六条"] == ("第三章　附　则",)

    def test_the_page_below_is_no_part_of_the_last_article(self) -> None:
        assert words(SMALL)["第六条"] == "本法自2006年3月1日起施行。"
        assert cut(SMALL).part("back") == "责任编辑：某某"

    def test_contents_with_page_numbers(self) -> None:
        contents = "目录\n第一条 甲 …… 1\n第二条 乙 …… 2\n"
        assert words(f"某法\n{contents}{FIRST}\n第二条　乙。") == {"第一条": "甲。", "第二条": "乙。"}

    def test_arabic_numerals_and_narrow_spaces(self) -> None:
        assert words("第1条 甲。\n第2条 乙。\n第 3 条 丙。") == {"第1条": "甲。", "第2条": "乙。", "第3条": "丙。"}

    def test_no_space_behind_the_number(self) -> None:
        assert words("第一条为了甲。\n第二条中华人民共和国公民。") == {
            "第一条": "为了甲。",
            "第二条": "中华人民共和国公民。",
        }

    def test_the_number_on_a_line_of_its_own(self) -> None:
        assert words("第一条\n甲。\n第二条\n乙。") == {"第一条": "甲。", "第二条": "乙。"}

    def test_headings_of_judicial_interpretations(self) -> None:
        text = "一、管辖\n第一条　甲。\n二、回避\n第二条　乙：\n一、是条文里的项。"
        assert words(text) == {"第一条": "甲。", "第二条": "乙：\n一、是条文里的项。"}

    def test_a_gap_is_told(self) -> None:
        gap = cut("第一条　甲。\n第二条之二　丙。\n第五条　丁。")
        assert gap.missing == ((2, 0), (2, 1), (3, 0), (4, 0))
        assert [article.number for article in gap.articles] == [(1, 0), (2, 2), (5, 0)]

    def test_a_beginning_that_is_missing_is_told(self) -> None:
        assert cut("第三条　甲。\n第四条　乙。").missing == ((1, 0), (2, 0))

    def test_what_stands_twice_is_told_and_never_quoted(self) -> None:
        twice = cut("第一条　甲。\n第二条　乙。\n第二条　另一个乙。\n第三条　丙。")
        assert [article.label for article in twice.articles] == ["第一条", "第三条"]
        assert twice.doubtful == (2, 3)

    def test_what_is_out_of_order_spoils_the_article_before_it(self) -> None:
        """It may be a quotation of another law, which would end the article before it too early."""
        mixed = cut("第一条　甲。\n第二条　乙。\n第九条　外来的。\n第三条　丙。\n第四条　丁。")
        assert {article.label for article in mixed.articles} == {"第一条", "第三条", "第四条"}
        assert mixed.doubtful == (2, 3)

    def test_a_second_law_in_the_same_file_leaves_nothing_to_quote(self) -> None:
        assert cut(f"{FIRST}\n第二条　乙。\n{FIRST}\n第二条　乙。").articles == ()

    def test_a_text_without_articles(self) -> None:
        nothing = cut("一份通知。\n没有条文。")
        assert (nothing.articles, nothing.text) == ((), "一份通知。\n没有条文。")


@pytest.mark.parametrize("width", [0, 28, 37])
@pytest.mark.parametrize("gap", ["　", ""])
class TestBigLaws:
    @needs_corpus
    @pytest.mark.parametrize("law", ["民法典", "刑法", "治安管理处罚法", "劳动合同法"])
    def test_every_article_comes_back_word_for_word(self, law: str, gap: str, width: int) -> None:
        articles = corpus()[law]
        whole = clean(statute(law, articles, date(2021, 1, 1), gap, width))
        found = cut_statute(whole)
        assert found.text == whole
        assert [article.number for article in found.articles] == sorted(articles)
        assert (found.doubtful, found.passed_over) == ((), ())
        highest = max(articles)[0]
        assert {number for number in found.missing if number[1] == 0} == {
            (number, 0) for number in range(1, highest) if (number, 0) not in articles
        }
        seam = re.compile(r"[\n ]") if width else re.compile("$^")
        wrong = [
            item.label
            for item in found.articles
            if seam.sub("", item.text) != seam.sub("", said(articles, item.number))
        ]
        assert wrong == []


def said(articles: Articles, number: tuple[int, int] | None) -> str:
    assert number is not None
    return articles[number][1]


@needs_corpus
def test_big_laws_have_their_size() -> None:
    assert len(corpus()["民法典"]) > 1250
    assert (253, 1) in corpus()["刑法"]


class TestEdition:
    """Which edition a text is; 公证法 of laws.yml is in force since 2018-01-01."""

    DAY = date(2018, 1, 1)

    @pytest.mark.parametrize(
        ("front", "body"),
        [
            ("", "本法自2018年1月1日起施行。"),
            ("", "本法自二〇一八年一月一日起施行。"),
            ("根据2015年4月24日第一次修正　根据2017年9月1日第二次修正", "本法自2006年3月1日起施行。"),
            ("2018年1月1日国务院公布", "本条例自公布之日起施行。"),
        ],
        ids=["stated", "in Chinese numerals", "by its amendments", "at once"],
    )
    def test_fits(self, front: str, body: str) -> None:
        assert differs(front, body, self.DAY) is None

    @pytest.mark.parametrize(
        ("front", "body", "word"),
        [
            ("", "本法自2006年3月1日起施行。", "2006-03-01"),
            ("根据2015年4月24日修正", "本法自2006年3月1日起施行。", "旧 / last amended"),
            ("根据2024年4月26日修正", "本法自2018年1月1日起施行。", "新 / amended"),
        ],
        ids=["first edition", "older", "newer"],
    )
    def test_differs(self, front: str, body: str, word: str) -> None:
        assert word in (differs(front, body, self.DAY) or "")

    def test_cannot_be_told(self) -> None:
        with pytest.raises(LookupError, match="没有写明施行日期"):
            differs("", FIRST, self.DAY)
