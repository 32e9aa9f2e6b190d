"""Any text becomes one searchable form, and nothing hidden gets through."""

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.normalise import close_gaps, for_display, normalise

# Every code point, lone surrogates too; hypothesis leaves those out unless asked.
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
AWKWARD = st.text(st.sampled_from("薴乾著瞭 \u200b\ufe0f\ud83d\ude00a\u0301\u3164\u00a8\n\r\t\x85\uff08《“—①"))


def hidden(text: str) -> list[str]:
    return [char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs"}]


@given(ANY_TEXT | AWKWARD)
@example("a\u200b\u0301")
@example("\ud800\n \u0308")
def test_normalise_is_idempotent_and_leaves_nothing_hidden(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert hidden(once) == []
    assert once == once.strip()
    once.encode("utf-8")


@given(ANY_TEXT | AWKWARD)
def test_display_form_is_idempotent_and_leaves_nothing_hidden(text: str) -> None:
    once = for_display(text)
    assert for_display(once) == once
    assert hidden(once) == []
    once.encode("utf-8")


def test_every_character_on_its_own_is_stable() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    for char in (char for char in everything if unicodedata.category(char) not in {"Cn", "Co"}):
        once = normalise(char)
        assert normalise(once) == once, f"U+{ord(char):04X}"
        assert hidden(once) == [], f"U+{ord(char):04X}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12348熱線", "12348热线"),
        ("法律援助\uff0c怎麼申請\uff1f", "法律援助,怎么申请?"),
        ("\uff08一\uff09\uff1a甲\uff1b乙\uff01", "(一):甲;乙!"),
        ("\uff11\uff12\uff13\uff14\uff18", "12348"),
        ("《民法典》〈释义〉、对。“好”", "《民法典》〈释义〉、对。“好”"),
        ("《贯彻落实<条例>的意见》", "《贯彻落实<条例>的意见》"),
        ("0372—5139017", "0372-5139017"),
        ("0372‑5139017", "0372-5139017"),
        ("法\u200b律\u2060援\u00ad助", "法律援助"),
        ("\u202e报警\u202c", "报警"),
        ("❤\ufe0f", "❤"),
        ("  两 \u3000\u00a0 空 \t格 ", "两 空 格"),
        ("一行\r\n\r\n  二行\u2028三行", "一行\n二行\n三行"),
        ("\x00\x1b[31m红", "[31m红"),
        ("", ""),
        ("\u200b\n\t", ""),
    ],
)
def test_normalise(written: str, meant: str) -> None:
    assert normalise(written) == meant


def test_surrogate_pairs_are_joined_and_lone_ones_dropped() -> None:
    assert normalise("好\ud83d\ude00") == "好😀"
    assert normalise("好\ud83d") == normalise("\ude00好") == normalise("\ud83d好") == "好"


def test_display_form_keeps_what_the_writer_chose() -> None:
    assert for_display("\u200b 熱線\uff0c怎麼打\uff1f  急 \x07") == "熱線\uff0c怎麼打\uff1f  急"
    assert for_display("一\r\n二") == "一\n二"


def test_gaps_close_inside_chinese_only() -> None:
    assert close_gaps("献礼建党 100 周年,认 真 read it 2 3") == "献礼建党100周年,认真 read it 2 3"
