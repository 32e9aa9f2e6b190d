"""Masking of personal numbers: ID cards, mobiles and bank cards, in every way people write them.

Runs before storage, the dialogue engine and logs see a text. It works on the raw or the normalised text and changes
nothing outside the masked spans. When in doubt it masks; what it must keep (hotlines, landlines, amounts, dates,
12-digit division codes) is listed in ``_keep_dates_and_landlines``, ``_is_money`` and the checks of ``numbers.py``.
The time is linear in the length of the text: every look-ahead is bounded by the longest number, 19 digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from bot.conversations.numbers import (
    BANK_CARD,
    ID_CARD,
    MAX_DIGITS,
    MOBILE,
    classify,
    is_date,
    is_listing,
    is_mobile,
    is_regional_id,
    valid_id,
)

LABELS = {ID_CARD: "〔身份证号已隐藏〕", BANK_CARD: "〔银行卡号已隐藏〕", MOBILE: "〔手机号已隐藏〕"}

_CHINESE = dict(zip("〇零○一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖", "00012345678912123456789", strict=True))
_CROSSES = "xXｘＸ×"  # the eleventh check character of an ID number
_SEPARATORS = frozenset(" \t\u00a0\u3000-‐‑‒–—―−－_﹣.．。·•・/／\ufe0f\u20e3")
# Digits in circles, raised or lowered: the normalised text, which Rasa gets, holds them as plain ones.
_ODD = "⁰¹²³⁴-⁹₀-₉⓪①-⑨⑴-⑼⒈-⒐⓵-⓽⓿❶-❾➀-➈➊-➒"
_ODD_DIGIT = re.compile(f"[{_ODD}]")
_ODD_STRETCH = re.compile(f"[{_ODD}0-9](?:[ .-]?[{_ODD}0-9]){{10,}}[xXｘＸ]?")
_PIECES = re.compile(r"[0-9]+|[a-j]+|X+|#+")
_TO_DIGITS = str.maketrans("abcdefghij", "0123456789")
_MULTI_SIZES = (11, *range(13, MAX_DIGITS + 1))
_MAX_GAP = 4  # keycap emoji need two characters and a space
_UNIT = re.compile(r"(?:[.．][0-9０-９]{1,2})?[ \u3000]?(?:元(?![旦宵月])|圆|块(?!儿)|万(?![一分])|亿)")
_CURRENCY = re.compile(r"(?:[¥￥$]|RMB|人民币)[ \u3000]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Masked:
    """The text that may be kept, and the kinds of numbers hidden in it, in the order of their first appearance."""

    text: str
    kinds: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """Digits of one script without a gap; ``glued``: nothing stands between this group and the one before."""

    start: int
    end: int
    digits: str
    gap: str

    @property
    def glued(self) -> bool:
        return not self.gap


@dataclass(slots=True)
class _Run:
    """Groups that follow one another with nothing but separators between, and what was decided about them."""

    text: str
    groups: list[_Group]
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def digits(self, first: int, last: int) -> str:
        return "".join(group.digits for group in self.groups[first : last + 1])

    def take(self, first: int, last: int, kind: str) -> None:
        self.spans.append((self.groups[first].start, self.groups[last].end, kind))
        self.taken.update(range(first, last + 1))

    def words(self, first: int, last: int) -> tuple[list[str], list[str]]:
        """The digits between gaps, whatever their scripts, and the gaps."""
        words, gaps = [self.groups[first].digits], []
        for group in self.groups[first + 1 : last + 1]:
            if group.glued:
                words[-1] += group.digits
            else:
                words.append(group.digits)
                gaps.append(group.gap)
        return words, gaps

    def windows(self, first: int, wanted: tuple[int, ...]) -> Iterator[int]:
        """The last group of each window of free groups from ``first`` whose digit count is wanted."""
        total = 0
        for last in range(first, len(self.groups)):
            total += len(self.groups[last].digits)
            if last in self.taken or total > MAX_DIGITS:
                return
            if total in wanted:
                yield last


def mask(text: str) -> Masked:
    """Hide ID numbers, mobiles and bank cards in ``text``; everything else stays character for character."""
    kinds: dict[str, None] = {}

    def odd(match: re.Match[str]) -> str:
        stretch = match.group()
        # Few of them among plain digits number a list of hotlines: ①12345②12348
        if 3 * len(_ODD_DIGIT.findall(stretch)) < len(stretch):
            return stretch
        masked = _mask(_ODD_DIGIT.sub(lambda digit: str(unicodedata.digit(digit.group())), stretch))
        kinds.update(dict.fromkeys(masked.kinds))
        return masked.text if masked.kinds else stretch

    masked = _mask(text)
    kinds.update(dict.fromkeys(masked.kinds))
    return Masked(_ODD_STRETCH.sub(odd, masked.text), tuple(kinds))


def first_mobile(text: str) -> str | None:
    """The first mobile number that :func:`mask` hides in ``text``, eleven digits; None when there is none."""
    for groups in _runs(text):
        run = _decide(_Run(text, groups))
        for start, end, kind in sorted(run.spans):
            digits = "".join(group.digits for group in groups if group.start >= start and group.end <= end)
            if kind == MOBILE and len(digits) >= 11:
                return digits[-11:]
    return None


def _mask(text: str) -> Masked:
    """``mask`` for plain, full-width and Chinese digits."""
    spans: list[tuple[int, int, str]] = []
    for groups in _runs(text):
        if sum(len(group.digits) for group in groups) >= 11:
            spans += _decide(_Run(text, groups)).spans
    parts: list[str] = []
    position = 0
    for start, end, kind in sorted(spans):
        parts += [text[position:start], LABELS[kind]]
        position = end
    kinds = tuple(dict.fromkeys(kind for _, _, kind in sorted(spans)))
    return Masked("".join([*parts, text[position:]]), kinds)


def _decide(run: _Run) -> _Run:
    """From the surest evidence to the weakest; what one step took is no longer seen by the next."""
    _take_sure_ids(run)
    _take_pieces(run, _clusters(run))
    _take_pieces(run, ((index, index) for index in range(len(run.groups))))
    _take_inside_long_groups(run)
    _keep_dates_and_landlines(run)
    _take_windows(run)
    run.spans = [_with_plus(run.text, span) for span in run.spans]
    return run


@lru_cache(maxsize=4096)
def _shape(char: str) -> str:
    """One ASCII character for each: 0-9 digit, a-j Chinese digit, X cross, space separator, # anything else."""
    if char in _CHINESE:
        return chr(ord("a") + int(_CHINESE[char]))
    if char in _CROSSES:
        return "X"
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return " " if char in _SEPARATORS or category == "Cf" else "#"


def _runs(text: str) -> Iterator[list[_Group]]:
    groups: list[_Group] = []
    for piece in _PIECES.finditer("".join(map(_shape, text))):
        start, end, shape = piece.start(), piece.end(), piece.group()
        if groups and (shape[0] == "#" or start - groups[-1].end > _MAX_GAP):
            yield groups
            groups = []
        if shape[0] == "#" or (shape[0] == "X" and not groups):
            continue
        gap = text[groups[-1].end : start] if groups else ""
        groups.append(_Group(start, end, shape.translate(_TO_DIGITS), gap))
    if groups:
        yield groups


def _take_sure_ids(run: _Run) -> None:
    """Valid date and valid check digit: hardly ever chance, so any grouping will do.

    A wrong check digit counts here only behind a group of its own for the region: 110105-1949-12-31-0021.
    """
    for first in range(len(run.groups)):
        if first in run.taken:
            continue
        for last in run.windows(first, (18,)):
            digits = run.digits(first, last)
            if valid_id(digits) or (len(run.groups[first].digits) == 6 and is_regional_id(digits)):
                run.take(first, last, ID_CARD)


def _clusters(run: _Run) -> Iterator[tuple[int, int]]:
    """Stretches that read as one word: glued groups of mixed script, and digits written one by one."""
    first = 0
    for index in range(1, len(run.groups) + 1):
        if index < len(run.groups) and (run.groups[index].glued or _one_by_one(run, index)):
            continue
        if index - 1 > first:
            yield first, index - 1
        first = index


def _one_by_one(run: _Run, index: int) -> bool:
    return len(run.groups[index].digits) == 1 and len(run.groups[index - 1].digits) == 1


def _take_pieces(run: _Run, pieces: Iterator[tuple[int, int]]) -> None:
    for first, last in pieces:
        size = run.groups[last].end - run.groups[first].start
        if size > MAX_DIGITS * (_MAX_GAP + 1) or any(index in run.taken for index in range(first, last + 1)):
            continue
        kind = classify(run.digits(first, last))
        if kind and not _is_money(run, first, last):
            run.take(first, last, kind)


def _take_inside_long_groups(run: _Run) -> None:
    """More digits than any number has: mobiles written one after another, or an ID number in the middle."""
    for index, group in enumerate(run.groups):
        size = len(group.digits)
        if size <= MAX_DIGITS or index in run.taken:
            continue
        starts = range(0, size, 11)
        if size % 11 == 0 and all(is_mobile(group.digits[at : at + 11]) for at in starts):
            run.take(index, index, MOBILE)
            continue
        at = 0
        while at + 18 <= size:
            if valid_id(group.digits[at : at + 18]):
                run.spans.append((group.start + at, group.start + at + 18, ID_CARD))
                run.taken.add(index)
                at += 18
            else:
                at += 1


def _keep_dates_and_landlines(run: _Run) -> None:
    """Dates (2021-03-15) and landlines (0372-5139017) must not become the middle of a chance card number."""
    for index in range(len(run.groups) - 1):
        pair, triple = run.groups[index : index + 2], run.groups[index : index + 3]
        # Year, month and day stand apart: 两〇〇〇 幺9 is the end of a card number, not the ninth of January.
        if not any(group.glued for group in triple[1:]) and is_date(tuple(group.digits for group in triple)):
            run.taken.update(range(index, index + 3))
        area, local = pair[0].digits, pair[1].digits
        whole_area = area[0] == "0" and len(area) in (3, 4) and not (index and pair[0].glued)
        if whole_area and len(local) in (7, 8) and not (len(triple) == 3 and triple[2].glued):
            run.taken.update((index, index + 1))


def _take_windows(run: _Run) -> None:
    """Numbers written in several groups, the leftmost first; a mobile before a card that swallows its neighbours."""
    index = 0
    while index < len(run.groups):
        found = None if index in run.taken else _window_at(run, index)
        if found:
            run.take(index, *found)
            index = found[0]
        index += 1


def _window_at(run: _Run, first: int) -> tuple[int, str] | None:
    """The best reading of the groups from ``first``: a mobile, else an ID number, else the longest card."""
    best: tuple[int, int, str] | None = None
    if run.groups[first].digits[0] in "0X":
        return None
    for last in run.windows(first, _MULTI_SIZES):
        kind = classify(run.digits(first, last)) if last > first else None
        if not kind or _is_money(run, first, last):
            continue
        if kind != MOBILE and is_listing(*run.words(first, last)):
            continue
        rank = (MOBILE, ID_CARD, BANK_CARD).index(kind)
        if best is None or rank < best[0] or rank == best[0] == 2:
            best = rank, last, kind
    return (best[1], best[2]) if best else None


def _is_money(run: _Run, first: int, last: int) -> bool:
    """An amount: a unit follows or a currency sign stands before. 「万一」 and 「元旦」 are no units."""
    start, end = run.groups[first].start, run.groups[last].end
    return bool(_UNIT.match(run.text, end) or _CURRENCY.search(run.text[max(0, start - 4) : start]))


def _with_plus(text: str, span: tuple[int, int, str]) -> tuple[int, int, str]:
    start, end, kind = span
    if kind == MOBILE and start and text[start - 1] in "+＋":
        start -= 1
    return start, end, kind
