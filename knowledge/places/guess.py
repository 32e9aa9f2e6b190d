"""Names that were misheard or mistyped: homophones and one wrong letter, only where the words around say it is a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from knowledge.places.context import Sentence
from knowledge.places.divisions import Place
from knowledge.places.forms import Form, Forms, How
from knowledge.places.sound import key, keys, near

Guess = tuple[int, int, tuple[Place, ...], How]
_LONGEST = 6
# Letters that say little: a name that agrees in these only does not agree.
_COMMON = frozenset("家庄村屯店沟岗坟窑河坡洼凹洞寨营街东西南北大小上下前后中新老里口头")
_SURE_LENGTH = 3


class Guesser:
    """Looks for names that sound or look like those of the district."""

    def __init__(self, forms: Forms, alike: Iterable[str], no_letters: str) -> None:
        self._forms = forms
        self._runs = re.compile(f"[^{no_letters}\\W0-9a-zA-Z_]{{2,}}")
        self._alike = frozenset(way for pair in alike for way in ((pair[0], pair[1]), (pair[1], pair[0])))

    def guesses(self, sentence: Sentence, taken: Sequence[tuple[int, int]]) -> Iterator[Guess]:
        """Guesses outside of the spans that are ``taken`` already."""
        text = sentence.text
        for run in self._runs.finditer(text):
            for start in range(run.start(), run.end() - 1):
                for end in range(start + 2, min(run.end(), start + _LONGEST) + 1):
                    if any(start < last and end > first for first, last in taken):
                        continue
                    guess = self._guess(sentence, start, end)
                    if guess is not None:
                        yield guess

    def _guess(self, sentence: Sentence, start: int, end: int) -> Guess | None:
        words = sentence.text[start:end]
        if any(form.how != "typo" for form in self._forms.by_base.get(words, ())):
            return None  # it is written as it should be, and was no name here
        kind, fitting = _kind(sentence, end)
        whole, long = end + len(kind), len(words) >= _SURE_LENGTH
        told = bool(kind) or sentence.lives(start, whole) or sentence.alone(start, whole)
        if not told and not long:
            return None
        places = _places(self._sounding(words, told), fitting, kind)
        if places and (sentence.aligned(start, end) or (long and kind)):
            if fitting == "town" or not sentence.is_word(start, end):
                return start, whole, places, "homophone"
        elif told and long and (places := _places(self._mistyped(words), fitting, kind)):
            return start, whole, places, "typo"
        return None

    def _sounding(self, words: str, told: bool) -> list[Form]:
        """Forms that sound like ``words``; where it is told that it is a place, in any way to read them."""
        ways = keys(words) if told else [key(words)]
        return [form for way in ways for form in self._forms.by_sound.get(way, ())]

    def _mistyped(self, words: str) -> list[Form]:
        """Forms that differ from ``words`` in one letter that sounds or looks alike."""
        found = process.extract(
            words, self._forms.fuzzy, scorer=Levenshtein.distance, score_cutoff=1, limit=8, processor=None
        )
        return [form for base, _, _ in found if self._close(words, base) for form in self._forms.by_base[base]]

    def _close(self, words: str, base: str) -> bool:
        same = set(words) & set(base)
        if len(same - _COMMON) < 1 or len(same) < 2:
            return False
        (step,) = Levenshtein.editops(words, base)
        if step.tag != "replace":
            return min(len(words), len(base)) >= _SURE_LENGTH
        wrong, right = words[step.src_pos], base[step.dest_pos]
        return (wrong, right) in self._alike or (right not in _COMMON and near(wrong, right))


def _kind(sentence: Sentence, end: int) -> tuple[str, str]:
    """The words behind a name that say what it is, and whether they fit to a town or a village."""
    kind = sentence.kind_of_place("town", end)
    if kind:
        return kind, "town"
    kind = sentence.kind_of_place("village", end)
    return kind, "village" if kind else ""


def _places(forms: Sequence[Form], fitting: str, kind: str) -> tuple[Place, ...]:
    found = dict.fromkeys(form.place for form in forms if not fitting or form.place.kind == fitting)
    exact = [place for place in found if kind and place.name == place.short + kind]
    return tuple(exact) if fitting == "town" and exact else tuple(found)
