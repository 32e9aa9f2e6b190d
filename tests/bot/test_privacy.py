"""Masking: every written form of a personal number goes, everything else stays character for character."""

import random
import re
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversations.privacy import LABELS, mask

CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
CHINESE_OTHER = str.maketrans("0127", "〇幺两柒")
FULL_WIDTH = str.maketrans("0123456789Xx-. ", "０１２３４５６７８９Ｘｘ－．\u3000")
BACK = str.maketrans("零〇一幺二两三四五六七柒八九０１２３４５６７８９", "0011223456778" + "90123456789")

KEPT = [
    "110", "120和119", "12348", "0372-5139017", "(0372)5139017", "03725139017", "0372 5139017转12348", "010-65292345",
    "法律援助热线0372-5139017,或者打12348、12345", "110 120 119 12348 12345 96110", "020-12345678 12348",
    "民法典第一千零八十四条", "第一百二十三条第(四)项", "三万五千元", "13800元", "20000000", "13800138000元",
    "共计13800138000.50元", "¥4111111111111111", "借了1380013800块", "2022年2月23日", "二〇二二年二月二十三日",
    "2021-03-15 2021-04-20", "2021.3.5 2021.3.6 2021.3.7", "2019 2020 2021 2022", "1000 2000 3000 4000",
    "20210315120000", "410505001001", "41050500100141", "(2021)豫0505民初1234号", "豫E12345", "国办发〔2020〕53号",
    "X", "xX", "1X", "", "邮编455000", "12.50 13.80 25.00 99.90", "①12345②12348③110", "①0372-5139017②12348③110④120", "第138 条", "3×4×5",
]  # fmt: skip

HIDDEN = [
    ("我叫13812345678,电话", "我叫〔手机号已隐藏〕,电话"),
    ("打13812345678万一没人接", "打〔手机号已隐藏〕万一没人接"),
    ("13812345678元旦前联系", "〔手机号已隐藏〕元旦前联系"),
    ("+86 138-1234-5678。", "〔手机号已隐藏〕。"),
    ("008613812345678", "〔手机号已隐藏〕"),
    ("0086 138 1234 5678", "0086 〔手机号已隐藏〕"),
    ("013812345678", "〔手机号已隐藏〕"),
    ("微信wx13812345678a", "微信wx〔手机号已隐藏〕a"),
    ("一三八零零一三八零零零,找他", "〔手机号已隐藏〕,找他"),
    ("幺三八〇〇幺三八〇〇〇", "〔手机号已隐藏〕"),
    ("一三8〇〇13八０００", "〔手机号已隐藏〕"),
    ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", None),
    ("1381234567813912345678", "〔手机号已隐藏〕"),
    ("138 1234 5678 12348", "〔手机号已隐藏〕 12348"),
    ("2024-05-01 13812345678", "2024-05-01 〔手机号已隐藏〕"),
    ("0372-5139017 13812345678", "0372-5139017 〔手机号已隐藏〕"),
    ("身份证11010519491231002X号", "身份证〔身份证号已隐藏〕号"),
    ("身份证11010519491231002x号", "身份证〔身份证号已隐藏〕号"),
    ("110105 19491231 002Ｘ", "〔身份证号已隐藏〕"),
    ("110105-1949-12-31-0021", "〔身份证号已隐藏〕"),
    ("110105194912310021", "〔身份证号已隐藏〕"),
    ("410505 19900307 234X 行", "〔身份证号已隐藏〕 行"),
    ("000410505199003070001", "000〔身份证号已隐藏〕"),
    ("老身份证410505900307123", "老身份证〔身份证号已隐藏〕"),
    ("卡号4111 1111 1111 1111", "卡号〔银行卡号已隐藏〕"),
    ("6222021234567890128", "〔银行卡号已隐藏〕"),
    ("四一一一一一一一一一一一一一一一", "〔银行卡号已隐藏〕"),
    ("打①③⑧①②③④⑤⑥⑦⑧,", "打〔手机号已隐藏〕,"),
    ("¹³⁸ ¹²³⁴ ⁵⁶⁷⁸", "〔手机号已隐藏〕"),
    ("1③8①2③4⑤6⑦8", "〔手机号已隐藏〕"),
    ("①13812345678②13912345678", "①〔手机号已隐藏〕②〔手机号已隐藏〕"),
    ("❶❶⓿❶⓿❺❶❾❹❾❶❷❸❶⓿⓿❷X", None),
]  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask(text).text == text
    assert mask(f"请问{text}是吗").text == f"请问{text}是吗"
    assert mask(text).kinds == ()


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_personal_numbers_are_hidden(text: str, expected: str | None) -> None:
    masked = mask(text)
    assert masked.kinds
    if expected is not None:
        assert masked.text == expected
    assert not re.search("[0-9]{7}", masked.text.replace("5139017", ""))


def test_kinds_are_named_once_in_order() -> None:
    assert mask("13812345678,11010519491231002X,13912345678").kinds == ("mobile", "id_card")


def test_a_wrong_check_digit_before_a_unit_is_money() -> None:
    assert mask("410505199003071234").kinds == ("id_card",)
    assert mask("410505199003071234元").kinds == ()


# --- any valid number in any written form ---


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(["410505", "110105", "410522", "650102"]))
    born = draw(st.dates(date(1920, 1, 1), date(2020, 12, 31)))
    if draw(st.booleans()) and born.year < 2000:
        return f"{region}{born:%y%m%d}{draw(st.integers(0, 999)):03}"
    first = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    remainder = sum(int(digit) * 2 ** (17 - index) for index, digit in enumerate(first)) % 11
    check = "10X98765432"[remainder]
    return first + draw(st.sampled_from([check, check.lower()]))


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(["", "", "+86", "0086", "86"]))
    return f"{prefix}1{draw(st.integers(3, 9))}{draw(st.integers(0, 10**9 - 1)):09}"


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(["62", "6222", "4", "5", "9558", "34", "103", "2"]))
    size = draw(st.sampled_from([13, 14, 15, 16, 17, 18, 19])) - len(prefix) - 1
    body = prefix + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=size, max_size=size)))
    for check in "0123456789":
        digits = [int(char) for char in body + check][::-1]
        if sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10:
            return body + check
    raise AssertionError("one of ten check digits always fits")


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """In groups of one size or the usual ones, with one kind of separator, in one or several scripts."""
    plus, digits = (number[:1], number[1:]) if number[0] == "+" else ("", number)
    gap = draw(st.sampled_from(["", " ", "-", ".", "·", " - ", "\u3000", "－", "—"]))
    usual = [[3, 4, 4], [3, 3, 5]] if digits[-11] == "1" and len(digits) < 16 else [[6, 8, 4], [6, 4, 4, 4]]
    sizes = draw(st.sampled_from([[1], [2], [3], [4], [6], *usual]))
    head = digits[: len(digits) - 11] if number.startswith(("+86", "0086", "86")) and len(digits) <= 15 else ""
    rest, groups = digits[len(head) :], [head] if head else []
    while rest:
        size = sizes[(len(groups) - bool(head)) % len(sizes)]
        groups.append(rest[:size])
        rest = rest[size:]
    scripts = draw(st.lists(st.sampled_from(["", "chinese", "other", "full"]), min_size=1, max_size=3))
    tables = {"": {}, "chinese": CHINESE, "other": CHINESE_OTHER, "full": FULL_WIDTH}
    return plus + gap.join(group.translate(tables[scripts[i % len(scripts)]]) for i, group in enumerate(groups))


AROUND = st.text("我他的电话身份证卡号是请问打给老板张村，。、：；（）!?ab\n", max_size=12)


def plain(text: str) -> str:
    """Digits as a reader sees them, joined over anything that is no 汉字."""
    return re.sub(r"[^0-9一-鿿]", "", text.translate(BACK))


@settings(max_examples=200, deadline=None)
@given(st.data(), AROUND, AROUND)
@pytest.mark.parametrize("numbers", [id_numbers, mobiles, cards])
def test_any_number_in_any_form_is_hidden(numbers, data: st.DataObject, before: str, after: str) -> None:
    form = data.draw(written(data.draw(numbers())))
    masked = mask(before + form + after)
    assert masked.kinds
    assert not re.search("[0-9]{7}", plain(masked.text)), masked.text
    assert masked.text.startswith(before)
    assert masked.text.endswith(after)


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789一二三零X -.年月日元万第条号电话,。 ", max_size=60))
def test_outside_the_masks_nothing_changes(text: str) -> None:
    """The kept pieces are found in the text in their order, and a second pass finds little to add: never an error."""
    pieces = re.split("|".join(map(re.escape, LABELS.values())), mask(text).text)
    assert text.startswith(pieces[0])
    assert text.endswith(pieces[-1])
    assert re.fullmatch(".+".join(map(re.escape, pieces)), text, re.DOTALL)


@given(st.text(max_size=80))
def test_text_without_digits_is_untouched(text: str) -> None:
    if not re.search(r"[\d零〇○一二三四五六七八九]", text):
        assert mask(text).text == text


@pytest.mark.parametrize(
    "pattern", ["1", "1 ", "1X", "6 2 ", "13812345678 ", "11010519491231002X", "20000101", "一1", "1-一.", "¥1 ", "0 "]
)
def test_hostile_input_takes_linear_time(pattern: str) -> None:
    """100 KB stay within seconds on a busy machine; a quadratic scan would take minutes."""
    text = (pattern * 100_000)[:100_000]
    started = time.process_time()
    mask(text)
    assert time.process_time() - started < 6


def test_random_soup_takes_linear_time() -> None:
    soup = "".join(random.Random(7).choices("0123456789 -.一二零X元", k=100_000))
    started = time.process_time()
    mask(soup)
    assert time.process_time() - started < 6


def test_a_card_whose_end_reads_like_a_date_is_hidden() -> None:
    assert mask("卡号6200 〇〇〇〇 两〇〇〇 幺9").kinds == ("bank_card",)
    assert mask("2021 1 9 那天").kinds == ()
