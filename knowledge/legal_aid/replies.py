"""Understanding what a resident says to a question: the quick reply, its number, or his own words.

Text arrives in any form: dialect, without punctuation, misheard by a microphone. What does not answer the question gives
None, so that the dialogue can treat it as something else that he wants to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from knowledge.legal_aid.content import LegalAidContent, Question, ReadingWords, Reply
from knowledge.legal_aid.days import days_in
from knowledge.passages import searchable

_PUNCTUATION = re.compile(r"[^\w?]+")
_DIGITS = {char: number for number, char in enumerate("一二三四五六七八九", 1)} | {str(n): n for n in range(1, 10)}
_NUMBER = re.compile(r"(?:第|选项|答案|选|头)?([1-9一二三四五六七八九])(?:号)?")
_ORDINAL = re.compile(r"(?:第|头|选第)([1-9一二三四五六七八九])(?:个|项|条|种|样|号|题)")
_LAST = re.compile(r"(?:最后|末尾|末|最底下|最下面)(?:那|这)?(?:一|1)?(?:个|项|条|种|样)?")
# 算工伤不, 管不管, 能给他不能: asks as 吗 does.
_ASKS_BY_FORM = re.compile(r"..[^不我俺都也还是]不$|(.)不\1|能.{1,8}不能$")
# A reply says no more than it must; longer texts tell something else, unless they hold words of a reply.
_LONGEST_UNKNOWN = 14
_LONGEST_DAYS = 16
_LONGEST_TOLD = 18


def read_reply(content: LegalAidContent, question: Question, text: str) -> str | None:
    """The value of the reply that ``text`` gives to ``question``, None when it does not answer it."""
    said = plain(text)
    words = content.reading
    bare = _bare(said, words)
    if not said:
        return None
    return (
        _exact(question, said, bare, words)
        or _numbered(question, bare)
        or _short(question, said, words)
        or _unknown(question, said, words)
        or (None if _asks(said, words) else _told(question, said, words))
    )


def read_words(content: LegalAidContent, question: Question, text: str) -> str | None:
    """Like :func:`read_reply`, by what is told only: a number or a bare "yes" says nothing about another question."""
    said = plain(text)
    return None if _asks(said, content.reading) else _told(question, said, content.reading, denials=False)


def plain(text: str) -> str:
    """``text`` in the form that is compared: normalised, lower case, without punctuation and gaps; a ``?`` is kept."""
    kept = "?" if "?" in text or "？" in text else ""
    return _PUNCTUATION.sub("", searchable(text)).replace("?", "").replace("_", "").lower() + kept


def says_any(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _bare(said: str, words: ReadingWords) -> str:
    """Without what people put before and after a reply: 嗯那就是……嘞."""
    before = None
    said = said.rstrip("?")
    while before != said:
        before = said
        for lead in words.lead:
            if said.startswith(lead) and len(said) > len(lead):
                said = said[len(lead) :]
        for tail in words.tail:
            if said.endswith(tail) and len(said) > len(tail):
                said = said[: -len(tail)]
    return said


def _exact(question: Question, said: str, bare: str, words: ReadingWords) -> str | None:
    for reply in question.replies:
        offered = plain(reply.say)
        if said.rstrip("?") == offered or bare == _bare(offered, words) or bare in reply.alone:
            return reply.value
    return None


def _numbered(question: Question, bare: str) -> str | None:
    if _LAST.fullmatch(bare):
        return question.replies[-1].value
    match = _NUMBER.fullmatch(bare) or _ORDINAL.fullmatch(bare)
    if match is None:
        return None
    number = _DIGITS[match.group(1)]
    return question.replies[number - 1].value if number <= len(question.replies) else None


def _short(question: Question, said: str, words: ReadingWords) -> str | None:
    """A bare yes or no, also repeated and with particles around it."""
    for sense, known in (("no", words.no), ("yes", words.yes)):
        value = question.meaning(sense)
        if value is not None and _only(known, (*words.lead, *words.tail)).fullmatch(said):
            return value
    return None


@lru_cache(maxsize=8)
def _only(words: tuple[str, ...], around: tuple[str, ...]) -> re.Pattern[str]:
    """At least one of ``words``, any particles besides."""
    some = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    more = "|".join(sorted(map(re.escape, around), key=len, reverse=True))
    return re.compile(f"(?:{more})*(?:(?:{some})(?:{more})*)+")


def _unknown(question: Question, said: str, words: ReadingWords) -> str | None:
    """Somebody does not know; 脑子不清楚 is something else, told by the words of a reply."""
    if len(said) > _LONGEST_UNKNOWN or says_any(said, words.other_matter):
        return None
    for _, word, _ in _hits(question.replies, said):
        said = said.replace(word, "")
    return question.meaning("unknown") if says_any(said, words.unknown) else None


def _asks(said: str, words: ReadingWords) -> bool:
    for harmless in words.harmless:
        said = said.replace(harmless, "")
    return says_any(said, words.asking) or _ASKS_BY_FORM.search(said) is not None


def _told(question: Question, said: str, words: ReadingWords, denials: bool = True) -> str | None:
    """By the words of the replies: the most letters told win; a word that is denied (不是刑事) speaks against its reply."""
    said = said.rstrip("?")
    if len(said) > _LONGEST_TOLD and not question.tells:
        return None
    found: dict[str, int] = {}
    denied = False
    for reply, word, before in _hits(question.replies, said):
        if before.endswith(words.denial):
            denied = True
        else:
            found[reply.value] = found.get(reply.value, 0) + len(word)
    if found:
        return max(found, key=lambda value: found[value])
    if not denials:
        return None
    return (question.denied if denied else None) or _days(question, said)


def _hits(replies: Sequence[Reply], said: str) -> Iterator[tuple[Reply, str, str]]:
    """Words found, with what stands before each; a part of the text counts once, for the longest word in it."""
    known = sorted(((word.lower(), reply) for reply in replies for word in reply.words), key=lambda row: -len(row[0]))
    for word, reply in known:
        place = said.find(word)
        while place >= 0:
            yield reply, word, said[:place]
            said = said[:place] + "\0" * len(word) + said[place + len(word) :]
            place = said.find(word, place)


def _days(question: Question, said: str) -> str | None:
    """A number of days, when nothing longer is told around it."""
    days = days_in(said) if len(said) <= _LONGEST_DAYS else None
    if days is None:
        return None
    return next((reply.value for reply in question.replies if reply.up_to is not None and days <= reply.up_to), None)
