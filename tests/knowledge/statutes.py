"""Statutes for tests: small ones written here, and big ones rebuilt from the retrieval corpus beside the project."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from knowledge.sources.law import clean
from knowledge.sources.statute import ArticleNumber, article_number

CORPUS = Path(__file__).parents[3] / "shared" / "eval" / "statute_corpus.jsonl.gz"
Articles = dict[ArticleNumber, tuple[str, str]]

needs_corpus = pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus of statutes is not beside the project")


@cache
def corpus() -> dict[str, Articles]:
    """Label and words of each article by law; for tests only, never shipped."""
    laws: dict[str, Articles] = defaultdict(dict)
    with gzip.open(CORPUS, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            number = article_number(row["art"])
            assert number is not None
            laws[row["law"]][number] = (row["art"], clean(row["text"]))
    return dict(laws)


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def statute(title: str, articles: Articles, in_force: date, gap: str = "　", width: int = 0) -> str:
    """A statute as it is published; ``width`` breaks its lines as a page does."""
    lines = [title, f"（自{chinese(in_force)}起施行）"]
    for number in sorted(articles):
        label, text = articles[number]
        for paragraph in f"{label}{gap}{text}".split("\n"):
            padded = f"　　{paragraph}"
            step = width or len(padded)
            lines += [padded[start : start + step] for start in range(0, len(padded), step)]
    return "\n".join(lines)


# The marks of a real one: contents with the same headings as the body, a preamble, items, an article 之一, another law's
# article mentioned, and what a page shows below.
SMALL = """中华人民共和国公证法
（2005年8月28日第十届全国人民代表大会常务委员会第十七次会议通过　根据2015年4月24日第一次修正　根据2017年9月1日第二次修正）
目　　录
第一章　总则
第二章　公证机构
第一节　设立
第二节　监督
第三章　附　则
第一章　总则
第一条　为规范公证活动，保障公证机构和公证员依法履行职责，制定本法。
第二条　公证是公证机构依照法定程序予以证明的活动。
公证不收没有依据的费用，依照本法第十一条规定办理。
第二章　公证机构
第一节　设立
第三条　公证机构办理下列事项：
（一）合同；
（二）继承；
（三）依照第十条第一款应当办理的事项。
第四条　当事人应当自收到通知之日起十五日内答复。
第四条之一　前款规定的期限，可以延长。
第二节　监督
第五条　违反本法
第三条规定的，处二万元罚款。
第三章　附　则
第六条　本法自2006年3月1日起施行。
责任编辑：某某
"""
