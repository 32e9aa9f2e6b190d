"""An answer as a WeChat text: doors with their numbers, choices to pick by number, sources, and a link to the whole.

A text may have 2,047 bytes. What gives way first is what the page has too: the question how it was, the list of
sources, why a door is the right one; then the answer is cut at the end of a sentence. Doors and links are never cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.wechat.texts import say
from knowledge.records import Status

LIMIT = 2047
MAX_CHOICES = 9
NO_QUESTION = frozenset({"no-words", "type-chinese"})
QUOTED = 40
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+[”」』）)]*")
_MARKUP = str.maketrans("<>", "＜＞")  # WeChat makes links of <a href>; a resident's own words must not


@dataclass(frozen=True, slots=True)
class Shape:
    """What to put around the answer. ``heard`` and ``asked`` are the resident's own (masked) words."""

    link: str = ""
    numbered: bool = True
    heard: str = ""
    asked: str = ""
    before: str = ""


def size(text: str) -> int:
    """Bytes as WeChat counts them."""
    return len(text.encode("utf-8"))


def quoted(text: str) -> str:
    """A resident's words, short and harmless."""
    words = " ".join(text.split()).translate(_MARKUP)
    return words if len(words) <= QUOTED else f"{words[:QUOTED]}……"


def cut(text: str, budget: int) -> str:
    """The longest beginning of ``text`` that ends with a sentence and has at most ``budget`` bytes.

    A first sentence that is longer than that is cut between two characters.
    """
    if size(text) <= budget:
        return text
    room = text.encode("utf-8")[: max(0, budget)].decode("utf-8", "ignore")
    ends = [match.end() for match in _SENTENCE_END.finditer(room)]
    return room[: ends[-1]].rstrip() if ends else room


def render(answer: dict[str, Any], shape: Shape) -> str:
    """The answer (in JSON form) in at most 2,047 bytes."""
    crisis = answer["status"] == Status.CRISIS.value
    for sources, whys, rate in ((True, True, True), (True, True, False), (False, True, False), (False, False, False)):
        head, tail = _around(answer, shape, sources, whys, rate and wants_verdict(answer) and shape.numbered)
        whole = _joined([*head, answer["text"], *tail])
        if size(whole) <= LIMIT:
            return whole
    more = say("more", link=shape.link) if shape.link else "……"
    # In danger the numbers stand first; what follows is cut, whatever it is.
    if crisis:
        return _joined([cut(_joined([*head, answer["text"]]), LIMIT - size(more) - 1), more])
    around = size(_joined([*head, *tail, more])) + 2
    if around > LIMIT // 2:
        return _joined([cut(whole, LIMIT - size(more) - 1), more])
    return _joined([*head, cut(answer["text"], LIMIT - around), more, *tail])


def wants_verdict(answer: dict[str, Any]) -> bool:
    """Answers with a source and answers that there is none are worth a verdict; greetings and emergencies are not, nor is
    the reply to what was no question."""
    if answer["status"] == Status.CRISIS.value or answer["reason"] in NO_QUESTION:
        return False
    return bool(answer["citations"]) or answer["status"] == Status.UNANSWERABLE.value


def choices_of(answer: dict[str, Any]) -> tuple[str, ...]:
    """What the resident may pick next."""
    return tuple(answer["follow_ups"])[:MAX_CHOICES]


def numbered(choices: Sequence[str], head: str = "") -> str:
    """The choices as a list to pick from by number, below ``head``; empty when there are none."""
    if not choices:
        return ""
    return "\n".join([head or say("choices"), *(f"{number}. {text}" for number, text in enumerate(choices, 1))])


def _around(answer: dict[str, Any], shape: Shape, sources: bool, whys: bool, rate: bool) -> tuple[list[str], list[str]]:
    """What stands before and what behind the answer's own text."""
    crisis = answer["status"] == Status.CRISIS.value
    doors = _doors(answer["routes"], whys)
    head = [
        say("asked", text=quoted(shape.asked)) if shape.asked else "",
        say("heard", text=quoted(shape.heard)) if shape.heard else "",
        shape.before,
        "\n".join(doors) if crisis else "",
    ]
    tail = [
        "\n".join([say("doors"), *doors]) if doors and not crisis else "",
        numbered(choices_of(answer)) if shape.numbered else "",
        _sources(answer["citations"]) if sources else "",
        say("page", link=shape.link) if shape.link and answer["citations"] else "",
        say("rate") if rate else "",
    ]
    return head, tail


def _doors(routes: Sequence[dict[str, Any]], whys: bool) -> list[str]:
    lines = []
    for route in routes:
        link = route["link"] if str(route["link"]).startswith("https:") else None
        reach = route["number"] or link
        named = f"{route['name']} {reach}" if reach and reach not in route["name"] else route["name"]
        lines.append(f"· {named}（{route['why']}）" if whys and route["why"] else f"· {named}")
    return lines


def _sources(citations: Sequence[dict[str, Any]]) -> str:
    """Documents in the order of their first use, each with the sections cited and its date."""
    found: dict[tuple[str, str], list[str]] = {}
    for citation in citations:
        sections = found.setdefault((citation["document"], citation["date"]), [])
        # The report's sections are whole headings: they are on the page.
        if citation["section"] and len(citation["section"]) <= 12 and citation["section"] not in sections:
            sections.append(citation["section"])
    names = [f"{title(document)}{'、'.join(sections)}（{date}）" for (document, date), sections in found.items()]
    return say("sources", sources="；".join(names)) if names else ""


def title(document: str) -> str:
    """A document's name in book title marks, once."""
    return document if document.startswith("《") else f"《{document}》"


def _joined(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part)
