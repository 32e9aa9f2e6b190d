"""The marks of a Chinese statute: numerals, the beginnings of articles, headings, and what only mentions an article."""

from __future__ import annotations

import re
import unicodedata

ArticleNumber = tuple[int, int]  # 第二百五十三条之一 is (253, 1), 第二百五十三条 is (253, 0)

_DIGITS = {
    char: value
    for value, chars in enumerate(("零〇○", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = rf"[{''.join(_DIGITS)}{''.join(_UNITS)}0-9０-９](?:\s*[{''.join(_DIGITS)}{''.join(_UNITS)}0-9０-９])*"
_ORDINAL = "[一二三四五六七八九十]+"

ARTICLE = re.compile(rf"第\s*(?P<number>{_NUMERAL})\s*条(?:\s*之\s*(?P<sub>{_ORDINAL}))?")
ITEM = re.compile(rf"[（(]\s*{_ORDINAL}\s*[）)]|\d+\s*[.．、]|{_ORDINAL}、|[①-⑳]")
# A line that ends so is the end of a paragraph; any other was broken by the width of a page.
END = re.compile(r"[。！？；：…!?;:”’」』）)》】]$")

# What follows the number when an article is only mentioned, also where a space stands between ...
_MENTION = re.compile(
    rf"[、，,；;。：:）)》]|第\s*(?:{_NUMERAL})\s*[款项条目章节编]|(?:以?及|和|与|或者?|至|到)(?:其他)?(?:第\s*{_NUMERAL}|本法|本条)"
)
# ... and when no space does.
_MENTION_CLOSE = re.compile(
    r"的|前[一二两三]?款|之规定|规定|所[列称述规指涉作定]|中(?:的|所|关于|有关|规定|，)|以[上下]规定|除外|情形|不再适用"
)

_HEADING = re.compile(rf"第\s*{_NUMERAL}\s*(?P<kind>分编|编|章|节)(?P<title>.*)")
_NAMED = re.compile(r"(?:总\s*则|分\s*则|附\s*则|序\s*言)")
_LISTED = re.compile(rf"{_ORDINAL}、[^，。；：]{{1,30}}")
_LEVELS = {"编": 0, "分编": 1, "章": 2, "节": 3}
LISTED_LEVEL = 4
PAGE = re.compile(r"[.·…\s]{2,}\d+$")


def numeral(text: str) -> int:
    """``一千二百六十``, ``一〇一``, ``12`` or ``１２`` as a number."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if not any(char in _UNITS for char in text):
        return int("".join(str(_DIGITS.get(char, char)) for char in text))
    total = digit = 0
    for char in text:
        if char in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[char], 0
        else:
            digit = _DIGITS[char] if char in _DIGITS else int(char)
    return total + digit


def article_number(label: str) -> ArticleNumber | None:
    """Number of ``第四十三条第一款``, ``第二百五十三条之一`` or ``第 12 条``; None when it names no article."""
    match = ARTICLE.match(label)
    return _number(match) if match else None


def _number(match: re.Match[str]) -> ArticleNumber:
    return numeral(match["number"]), numeral(match["sub"]) if match["sub"] else 0


def next_numbers(number: ArticleNumber) -> tuple[ArticleNumber, ArticleNumber]:
    """What may follow ``number`` without a gap: the next article, or the next 之."""
    main, sub = number
    return (main + 1, 0), (main, sub + 1)


def begins_mention(rest: str) -> bool:
    """Does what stands behind ``第三条`` show that the article is only mentioned? ``rest`` begins with the space, if any."""
    text = rest.lstrip()
    return bool(_MENTION.match(text)) or (text == rest and bool(_MENTION_CLOSE.match(text)))


def heading_level(line: str) -> int | None:
    """0 编, 1 分编, 2 章 (also 附则 without a number), 3 节; None for a line that is no heading."""
    line = PAGE.sub("", line)
    if _NAMED.fullmatch(line):
        return _LEVELS["章"]
    match = _HEADING.fullmatch(line)
    if not match or len(line) > 45 or re.search(r"[，。；：,;]", line) or begins_mention(match["title"]):
        return None
    return _LEVELS[match["kind"]]


def may_be_listed_heading(line: str) -> bool:
    """``一、管辖``: a heading in judicial interpretations when an article follows, else an ordinary line."""
    return bool(_LISTED.fullmatch(line))
