"""Passages of uploaded documents as they are cited, and the sentences that are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from knowledge.catalogue import Catalogue
from knowledge.documents.pieces import sentences
from knowledge.documents.records import DocumentPassage, DocumentText
from knowledge.passages import Citer, digest, searchable
from knowledge.records import Citation, Passage

WHOLE = 400  # characters up to which a list is quoted whole
EDITED = "文字经过编辑整理，不是逐字原文"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is looked for: a sentence with the id of its passage. ``quote`` is what an answer says, the whole passage where
    it is a list; ``own`` is the form in which the sentence is compared, ``words`` the same with the document's title."""

    passage_id: str
    quote: str
    own: str
    words: str


def document_name(document: DocumentText) -> str:
    """The id of the document in passages and citations."""
    return document.file.removesuffix(".json")


def passages_of(documents: Iterable[DocumentText]) -> list[Passage]:
    """Passages that may be quoted, in the order of the documents; what was left out is none."""
    return [
        Passage(
            id=f"{document_name(document)}/{passage.number}",
            document_id=document_name(document),
            text=passage.text,
            searchable=searchable(passage.text),
            headings=passage.headings,
            notes=() if verbatim else (EDITED,),
            digest=digest(passage.text),
        )
        for document in documents
        for passage, verbatim in _told(document)
        if not passage.left_out
    ]


def sentences_of(documents: Iterable[DocumentText]) -> list[Sentence]:
    """What is searched, in a fixed order."""
    return [
        Sentence(f"{document_name(document)}/{passage.number}", quote, own, words)
        for document in documents
        for passage in document.passages
        if not passage.left_out
        for quote, own, words in _sentences(passage, document.title)
    ]


def _sentences(passage: DocumentPassage, title: str) -> Iterator[tuple[str, str, str]]:
    """Quotes with the words they are found by: their own with the heading above, and with the title before that."""
    if searchable(passage.text) == searchable(title):
        return
    above = passage.headings[-1] if passage.headings else ""
    told = sentences(passage.text)
    opens = told[0] if len(told) > 1 and told[0].endswith(("：", ":")) else ""
    whole = bool(opens) and len(passage.text) <= WHOLE
    for sentence in told:
        own = " ".join(filter(None, (above, opens if sentence != opens else "", sentence)))
        yield passage.text if whole else sentence, searchable(own), searchable(f"{title} {own}")


def _told(document: DocumentText) -> Iterator[tuple[DocumentPassage, bool]]:
    """Passages, and whether each stands word for word in the file."""
    words = ""
    for passage in document.passages:
        if passage.pieces:
            words = "\n".join(piece.text for piece in passage.pieces)
        yield passage, passage.text in words


class Quoter(Citer):
    """Cites uploaded documents too. What the shipped content quotes is looked for in its own documents only."""

    def __init__(self, catalogue: Catalogue, passages: Iterable[Passage]) -> None:
        self._uploaded = {document_name(text): text for text in catalogue.document_texts}
        super().__init__(catalogue, [item for item in passages if item.document_id not in self._uploaded])

    def passage(self, passage: Passage) -> Citation:
        """The passage itself, with the day of its document; where an editor changed words, it says so."""
        document = self._uploaded.get(passage.document_id)
        if document is None:
            return super().passage(passage)
        return Citation(
            document=document.title,
            section=" / ".join(passage.headings),
            issuer=document.issuer,
            date=document.published.isoformat(),
            quote=passage.text,
            verbatim=not passage.notes,
            note="；".join(passage.notes) or None,
            passage_id=passage.id,
        )

    @cached_property
    def uploaded(self) -> dict[str, DocumentText]:
        """Uploaded documents by the id that passages have."""
        return self._uploaded
