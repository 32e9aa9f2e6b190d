"""Where a statute ends and the page around it goes on: annexes, editors, buttons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.sources.statute import END

_FOOTER = re.compile(
    r"附\s*件|附\s*录|附\s*表|附\s*[:：]|相关(?:链接|阅读|报道|稿件|文章)|(?:责任)?编辑\s*[:：]|来源\s*[:：]|[（(]?(?:责编|来源)"
    r"|上一篇|下一篇|打印|【?关闭|分享|版权所有|扫一扫|中华人民共和国\S{0,40}(?:修正案|决定|主席令)(?:[（(].*)?$"
)


def footer_start(lines: Sequence[str], last: int) -> int:
    """Row of the first line behind the last article, which begins at row ``last``; ``len(lines)`` when there is none.

    A footer begins with known words, or is the run of lines at the very end that end no sentence.
    """
    end = len(lines)
    while end > last + 1 and not END.search(lines[end - 1]):
        end -= 1
    if end == last + 1 and not END.search(lines[last]):
        end = len(lines)
    return next((row for row in range(last + 1, end) if _FOOTER.match(lines[row])), end)
