"""Answers from imported proof lists: does a promise replace this proof, which item is meant, what is in the list.

All words that residents read come from the status table and ``proof_synonyms.yml``; this module fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from knowledge.catalogue import Catalogue
from knowledge.imported import ProofItem, ProofList
from knowledge.passages import Citer, merged, searchable
from knowledge.proofs import ProofLookup, ProofMatch, ProofSearch
from knowledge.records import Answer, Citation, Route

MOST_CHOICES = 5
FIRST_NAMES = 10
# So many characters left of a question about the list name something that the list does not have.
_SAYS_SOMETHING = 2


class ProofAnswers:
    """Answers about proof items; none as long as no list was imported."""

    def __init__(self, catalogue: Catalogue, citer: Citer, status: Callable[[str], Answer]) -> None:
        words = catalogue.proof_words
        self._lists = sorted(catalogue.proof_lists, key=lambda source: source.published, reverse=True)
        self._lookup = ProofLookup(self._lists, words)
        self._phrases = words.phrases
        self._overview = f"guide:{words.overview}"
        self._patterns = {name: re.compile(text) for name, text in words.patterns}
        self._status = status
        sections = {f"{guide.id}/{section.id}": (guide, section) for guide, section in catalogue.sections()}
        said = [sections[name][1].statements[0] for name in words.said_with]
        self._said = "\n".join(statement.text for statement in said)
        self._said_citations = [citation for statement in said for citation in citer.statement(statement)]
        self._matter = sections[words.overview][0].matter
        # A choice that was offered must lead to its item, whatever else it sounds like; the newest list has it first.
        self._offered: dict[str, list[tuple[ProofItem, ProofList]]] = {}
        for source in self._lists:
            for item in source.items:
                same = self._offered.setdefault(searchable(self._follow_up(item)), [])
                if not same or same[0][1] is source:
                    same.append((item, source))

    def answer(self, question: str, best_target: Callable[[], str | None]) -> Answer | None:
        """The answer to ``question`` (in the form that is compared) when it is about a listed item or the list itself,
        else None. ``best_target`` gives the key of what the guides would answer, None when they know nothing."""
        if not self._lookup:
            return None
        answer = self._named(question) if self._asks("about", question) else None
        if answer is None and best_target() == self._overview:
            return self.overview()
        return answer

    def _named(self, question: str) -> Answer | None:
        """The answer when ``question`` names listed items or speaks of the list in so many words."""
        if offered := self._offered.get(question):
            return self._items(offered)
        search = self._lookup.search(question)
        if self._meant(question, search):
            return self._found(search)
        if self._asks("elsewhere", search.rest):
            return None
        if self._asks("in_list", question):
            thing = self._patterns["filler"].sub("", question)
            return self.overview() if len(thing) < _SAYS_SOMETHING else self._not_in_list(thing)
        return self.overview() if self._asks("whole_list", question) else None

    def every(self) -> Iterator[tuple[str, Answer]]:
        """Every answer that the lists can give, with a key for each."""
        for source in self._lists:
            for item in source.items:
                yield f"proof:{item.id}", self._items([(item, source)])
        if self._lists:
            yield "proof-list:", self.overview()

    def overview(self) -> Answer:
        """How much is in each list, and its first names."""
        texts, citations = [], []
        row = self._status("proof-list")
        for source in self._lists:
            names = list(dict.fromkeys(item.proof for item in source.items))[:FIRST_NAMES]
            text = row.text.format(list=self._list(source), count=len(source.items), items=self._lines(names))
            texts.append(text)
            citations.append(self._cite_list(source, text))
        choices = [self._follow_up(item) for item in self._lists[0].items[:3]]
        return self._filled(row, "\n".join(texts), citations, follow_ups=choices)

    def _asks(self, pattern: str, question: str) -> bool:
        return bool(self._patterns[pattern].search(question))

    def _meant(self, question: str, search: ProofSearch) -> bool:
        """Does the question really ask about the items that it names? The more it names, the less else it must say."""
        if search.proof and search.matter:
            return True
        if not search.matches or self._asks("elsewhere", search.rest):
            return False
        if search.unit:
            return self._asks("which", question)
        return self._asks("promise", question) or (search.proof and self._asks("need", question))

    def _found(self, search: ProofSearch) -> Answer:
        if len(search.pairs) > 1 or search.apart or not search.sure:
            return self._which(search)
        newest = search.matches[0].source
        return self._items([(match.item, match.source) for match in search.matches if match.source is newest])

    def _items(self, items: Sequence[tuple[ProofItem, ProofList]]) -> Answer:
        """Items of one matter and proof in one list; more than one row when several units ask."""
        item, source = items[0]
        verdicts = {row.replaceable for row, _ in items}
        reason = {True: "proof-replaceable", False: "proof-kept", None: "proof-unstated"}[item.replaceable]
        row = self._status(reason if len(verdicts) == 1 else "proof-conflict")
        text = row.text.format(
            list=self._list(source),
            item=self._name(item),
            asking=self._joined(each.asking_unit for each, _ in items),
            issuing=self._joined(each.issuing_unit for each, _ in items),
            reason=self._joined(each.reason for each, _ in items),
            said=self._said,
        )
        citations = [self._cite(*each) for each in items]
        if self._said and self._said in text:
            citations += self._said_citations
        units = dict.fromkeys(each.asking_unit for each, _ in items if each.asking_unit)
        doors = tuple(
            Route("office", unit, None, None, self._phrases.asking_door, self._list(source)) for unit in units
        )
        return self._filled(row, text, citations, doors=doors)

    def _which(self, search: ProofSearch) -> Answer:
        """Several items, or one whose name is only similar: ask which one, each choice being a question that finds it."""
        shown: dict[tuple[str, str], ProofMatch] = {}
        for match in search.matches:
            shown.setdefault(match.pair, match)
        chosen = list(shown.values())[:MOST_CHOICES]
        row = self._status("proof-which" if search.sure else "proof-similar")
        text = row.text.format(
            lists=self._joined(dict.fromkeys(self._list(match.source) for match in chosen)),
            items=self._lines(self._name(match.item) for match in chosen),
        )
        citations = [self._cite(match.item, match.source) for match in chosen]
        return self._filled(row, text, citations, follow_ups=[self._follow_up(match.item) for match in chosen])

    def _not_in_list(self, thing: str) -> Answer:
        row = self._status("not-in-list")
        known = self._patterns["thing"].search(thing)
        named = self._phrases.named.format(name=thing) if known else self._phrases.this_one
        text = row.text.format(lists=self._joined(map(self._list, self._lists)), thing=named)
        return self._filled(row, text, [self._cite_list(source, text) for source in self._lists])

    def _list(self, source: ProofList) -> str:
        return self._phrases.list.format(
            issuer=source.issuer, title=source.title.strip("《》"), published=source.published
        )

    def _name(self, item: ProofItem) -> str:
        phrase = self._phrases.item if item.matter else self._phrases.bare_item
        return phrase.format(matter=item.matter, proof=item.proof)

    def _follow_up(self, item: ProofItem) -> str:
        phrase = self._phrases.follow_up if item.matter else self._phrases.bare_follow_up
        return phrase.format(matter=item.matter, proof=item.proof)

    def _lines(self, names: Iterator[str] | Sequence[str]) -> str:
        return "\n".join(self._phrases.row.format(item=name) for name in names)

    def _joined(self, values: Iterator[str | None] | Sequence[str | None] | dict[str, None]) -> str:
        said = dict.fromkeys(value.rstrip("。；;") for value in values if value)
        return "、".join(said) or self._phrases.unstated

    def _cite(self, item: ProofItem, source: ProofList) -> Citation:
        place = self._phrases.place if item.matter else self._phrases.bare_place
        section = place.format(sheet=f"{item.sheet} " if item.sheet else "", row=item.row, matter=item.matter)
        return Citation(
            source.title, section, source.issuer, str(source.published), item.quote, True, self._note(source)
        )

    def _cite_list(self, source: ProofList, wording: str) -> Citation:
        """The list as a whole: the first sentence of what is said about it."""
        said = wording.partition("。")[0] + "。"
        day = str(source.published)
        return Citation(source.title, "", source.issuer, day, said, False, self._note(source), wording=wording)

    def _note(self, source: ProofList) -> str | None:
        return self._phrases.source.format(source=source.source) if source.source else None

    def _filled(
        self,
        row: Answer,
        text: str,
        citations: Sequence[Citation],
        doors: tuple[Route, ...] = (),
        follow_ups: Sequence[str] = (),
    ) -> Answer:
        return replace(
            row,
            text=text,
            citations=merged(citations),
            routes=doors + row.routes,
            follow_ups=tuple(follow_ups) or row.follow_ups,
            matter=self._matter,
        )
