"""Bar charts as SVG, drawn here: the desk's policy allows no script and no inline style, and colours come from desk.css.

Each chart names itself for screen readers (``role="img"`` with title and description); a table beside it holds the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count as numbers

from markupsafe import Markup

Counts = Sequence[tuple[str, int]]
_WIDTH, _HEIGHT, _BOTTOM, _TOP = 640, 200, 24, 18
_ROW, _NAME, _END = 26, 190, 60
_MOST_LABELS = 16
_ids = numbers(1)


def columns(counts: Counts, title: str) -> Markup:
    """Upright bars in the order given, for days and hours. Empty without anything to show."""
    if not any(value for _, value in counts):
        return Markup("")
    most = max(value for _, value in counts)
    wide = _WIDTH / len(counts)
    every = -(-len(counts) // _MOST_LABELS)
    parts = []
    for number, (name, value) in enumerate(counts):
        tall = (_HEIGHT - _TOP - _BOTTOM) * value / most
        left, top = number * wide + wide * 0.12, _HEIGHT - _BOTTOM - tall
        if value:
            parts.append(_rect(left, top, wide * 0.76, tall))
        middle = number * wide + wide / 2
        if value == most:
            parts.append(_text(middle, top - 4, str(value), "middle"))
        if number % every == 0:
            # The first label would stick out on the left.
            place = (number * wide, "start") if number == 0 else (middle, "middle")
            parts.append(_text(place[0], _HEIGHT - 6, _short(name), place[1]))
    base = _HEIGHT - _BOTTOM
    parts.append(Markup('<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/>').format(base, _WIDTH))
    return _svg(_WIDTH, _HEIGHT, title, _said(counts, most), parts)


def rows(counts: Counts, title: str) -> Markup:
    """Lying bars with their names and numbers, for matters, channels and towns. Empty without anything to show."""
    if not any(value for _, value in counts):
        return Markup("")
    most = max(value for _, value in counts)
    parts = []
    for number, (name, value) in enumerate(counts):
        top, long = number * _ROW, (_WIDTH - _NAME - _END) * value / most
        parts += [
            _text(_NAME - 8, top + 18, name if len(name) <= 12 else f"{name[:11]}…", "end"),
            _rect(_NAME, top + 4, max(long, 1), _ROW - 8),
            _text(_NAME + max(long, 1) + 6, top + 18, str(value), "start"),
        ]
    return _svg(_WIDTH, len(counts) * _ROW, title, _said(counts, most), parts)


def _said(counts: Counts, most: int) -> str:
    names = [name for name, value in counts if value == most]
    return f"共 {len(counts)} 项，合计 {sum(value for _, value in counts)}；最多的是{'、'.join(names[:3])}：{most}。"


def _svg(width: int, height: int, title: str, said: str, parts: Sequence[Markup]) -> Markup:
    number = next(_ids) % 1_000_000  # names within one page must differ
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="chart-{n}-title chart-{n}-said">'
        '<title id="chart-{n}-title">{}</title><desc id="chart-{n}-said">{}</desc>{}</svg>'
    ).format(width, height, title, said, Markup("").join(parts), n=number)


def _rect(left: float, top: float, wide: float, tall: float) -> Markup:
    place = [f"{value:.1f}" for value in (left, top, wide, tall)]
    return Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(*place)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(f"{x:.1f}", f"{y:.1f}", anchor, words)


def _short(name: str) -> str:
    """A day as month and day, an hour as its number."""
    return name[5:] if len(name) == 10 and name[4] == "-" else name.removesuffix(" 点")
