"""From the catalogue to what is quoted and searched: passages of documents, citations, and the questions that lead to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from knowledge.catalogue import Basis, Catalogue, Channel, ContentError, RouteRef, Statement
from knowledge.normalise import close_gaps, normalise
from knowledge.records import Citation, Document, Passage, Route
from knowledge.sources.report import defects_from, parse_header, parse_report
from knowledge.sources.statute import article_number


@dataclass(frozen=True, slots=True)
class Target:
    """What a question can lead to: one section of a guide, a channel card, or a scope note.

    ``key`` is ``guide:<guide>/<section>``, ``channel:<id>`` or ``scope:<id>``.
    """

    key: str
    questions: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def group(self) -> str:
        """What is told apart first: the guide of a section; cards and scope notes stand for themselves."""
        return self.key.partition("/")[0]


def document_passages(catalogue: Catalogue, folder: Path) -> list[Passage]:
    """Passages of every document file. ContentError when a file cannot be parsed with its list of defects."""
    found: list[Passage] = []
    for row in catalogue.documents:
        document = Document(row.id, row.title, row.kind, row.issuer, row.published.isoformat())
        text = (folder / "documents" / row.file).read_text(encoding="utf-8")
        try:
            defects = defects_from([dict(defect) for defect in row.defects], text)
            # A stray space is no defect a reader has to be told of.
            found.extend(parse_report(text, document, [defect for defect in defects if defect.kind != "spacing"]))
            found.extend(_frame(text, document))
        except ValueError as error:
            raise ContentError(f"documents.yml: {row.id}: {error}") from error
    return found


def _frame(text: str, document: Document) -> list[Passage]:
    """Lines around the body (breadcrumb, title, publishing line, editor): no body text, but facts rest on them."""
    header = parse_header(text)
    lines = text.split("\n")
    wanted = [("页头", line) for line in (" > ".join(header.breadcrumb), header.title) if line]
    wanted += [("页头", line.strip()) for line in lines if line.startswith("发布日期")]
    wanted += [("页尾", line.strip()) for line in lines if line.startswith("责任编辑")]
    return [
        Passage(
            id=f"{document.id}/0-{number}",
            document_id=document.id,
            text=line,
            searchable=searchable(line),
            headings=(place,),
            line=next(i for i, row in enumerate(lines, 1) if row.strip() == line),
            digest=digest(line),
        )
        for number, (place, line) in enumerate(wanted, 1)
    ]


def targets(catalogue: Catalogue) -> list[Target]:
    """Everything that has questions, in the order of the content files."""
    found = [
        Target(f"guide:{guide.id}/{section.id}", section.questions, tuple(item.text for item in section.statements))
        for guide, section in catalogue.sections()
    ]
    found += [
        Target(f"channel:{row.id}", (*row.questions, row.name, *row.aliases), (f"{row.name}，{row.handles}",))
        for row in catalogue.channels
        if row.questions
    ]
    found += [Target(f"scope:{row.id}", row.questions, ()) for row in catalogue.scope]
    return found


class Citer:
    """Turns a basis into citations; holds the report's passages so that quotes are exact."""

    def __init__(self, catalogue: Catalogue, passages: Iterable[Passage]) -> None:
        self._catalogue = catalogue
        self._passages = list(passages)
        self._documents = {row.id: row for row in catalogue.documents}
        # A text that was checked against another edition than the one cited now does not count.
        self._articles = {
            (text.name, article.number): article.text
            for text in catalogue.law_texts
            if text.in_force == catalogue.law[text.name].in_force
            for article in text.articles
        }

    def passage(self, passage: Passage) -> Citation:
        """The passage itself, word for word, with what is known to be wrong in it."""
        document = self._documents[passage.document_id]
        return Citation(
            document=document.title,
            section=" / ".join(passage.headings),
            issuer=document.issuer,
            date=document.published.isoformat(),
            quote=passage.text,
            verbatim=True,
            note="；".join(passage.notes) or None,
            passage_id=passage.id,
        )

    def statement(self, statement: Statement) -> list[Citation]:
        """One citation per basis of ``statement``; LookupError when the report does not hold the cited words."""
        return [citation for basis in statement.basis for citation in self.basis(basis, statement.text)]

    def basis(self, basis: Basis, wording: str) -> list[Citation]:
        """Citations of one basis; ``wording`` is our own sentence that rests on it."""
        if basis.law is not None and basis.article is not None:
            law = self._catalogue.law[basis.law]
            day = law.in_force.isoformat()
            note = f"自 {day} 起施行"
            number = article_number(basis.article)
            words = self._articles.get((basis.law, number)) if number else None
            if words is None:
                return [Citation(law.title, basis.article, basis.issuer, day, wording, False, note)]
            return [Citation(law.title, basis.article, basis.issuer, day, words, True, note, wording=wording)]
        if basis.report is not None:
            return [self.passage(passage) for passage in self.holding(basis.report)]
        return [Citation(basis.source or "", "", basis.issuer, basis.date or "", wording, False)]

    def holding(self, words: str) -> list[Passage]:
        """The passages that hold ``words`` of the report, also when a sentence end lies between. LookupError if none."""
        for passage in self._passages:
            if words in passage.text:
                return [passage]
        for first in range(len(self._passages)):
            joined = ""
            for last in range(first, min(first + 6, len(self._passages))):
                joined += self._passages[last].text
                if words in joined and words not in joined[len(self._passages[first].text) :]:
                    return self._passages[first : last + 1]
        for passage in self._passages:
            for heading in passage.headings:
                if words.rstrip("。") in heading:
                    return [replace(passage, text=heading, notes=())]
        raise LookupError(f"no passage holds {words!r}")

    def channel(self, channel: Channel) -> Citation:
        """The card's source; the report's own words where the card rests on the report."""
        if channel.basis is not None:
            return self.basis(channel.basis, f"{channel.name}：{channel.handles}")[0]
        return Citation(
            channel.source, "渠道卡", channel.owner, channel.source_date, channel.handles, False, channel.note
        )


def merged(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """One citation per place: our sentences that rest on the same article are joined, what is verbatim is quoted once."""
    places: dict[tuple[str, ...], Citation] = {}
    for item in citations:
        key = (item.document, item.section, item.date, item.passage_id or "")
        known = places.get(key)
        if known is None:
            places[key] = item
        elif not known.verbatim and item.quote not in known.quote:
            places[key] = replace(known, quote=f"{known.quote}{item.quote}")
        elif known.wording is not None and item.wording is not None:
            places[key] = replace(known, wording=f"{known.wording}{item.wording}")
    return tuple(places.values())


def tel(number: str) -> str:
    """``0372-5139017`` → ``tel:03725139017``."""
    return "tel:" + number.replace("-", "")


def route(channel: Channel, why: str, basis: Basis | None = None) -> Route:
    """A route to ``channel``. Its basis is ``basis``, or names the card's source with the day it was last confirmed."""
    source = f"{channel.source}（最近核对 {channel.confirmed.isoformat()}）"
    if basis is not None:
        source = "".join(filter(None, (basis.law, basis.article))) or basis.report or basis.source or source
    return Route(
        kind=channel.kind,
        name=channel.name,
        number=channel.number,
        link=tel(channel.number) if channel.number else channel.link,
        why=why,
        basis=source,
    )


def routes(catalogue: Catalogue, refs: Iterable[RouteRef]) -> tuple[Route, ...]:
    """Routes for ``refs`` in their order."""
    return tuple(route(catalogue.channel[ref.door], ref.why, ref.basis) for ref in refs)


@lru_cache(maxsize=256)
def searchable(text: str) -> str:
    """The form in which questions and texts are compared: normalised, without inner gaps and outer punctuation."""
    return close_gaps(normalise(text)).strip(" ?!。.,;:~")


def digest(*parts: str) -> str:
    """Short fingerprint of ``parts`` for ids and pointers."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
