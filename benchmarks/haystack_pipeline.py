"""The peer of the retrieval benchmarks: haystack-ai's in-memory hybrid pipeline, with the same vectors.

Imported only in an environment of its own (peers.py makes it): haystack brings clients of model vendors and of a telemetry
service, which a service for residents should not have installed. Everything is as its documentation has it: documents with
text and embedding, BM25 and embedding retriever into a joiner. By default it cuts Chinese into single characters; its
interface takes a regular expression, so our tokens are given to it as texts with blanks between the tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from numpy import float32
from numpy.typing import NDArray

from knowledge.tokens import tokens

# Ranks (what its documentation takes for hybrid search) and, of its other ways to join, the one nearest to our fusion.
JOINS = ("reciprocal_rank_fusion", "distribution_based_rank_fusion")


class HaystackPipeline:
    """One store and one pipeline over ``texts``; ``depth`` rows are taken of each retriever and given back."""

    def __init__(self, texts: Sequence[str], vectors: NDArray[float32], our_tokens: bool, depth: int) -> None:
        self._form: Callable[[str], str] = (lambda text: " ".join(tokens(text))) if our_tokens else str
        store = (
            InMemoryDocumentStore(shared=False, bm25_tokenization_regex=r"\S+")
            if our_tokens
            else InMemoryDocumentStore(shared=False)
        )
        store.write_documents(
            [
                Document(id=str(row), content=self._form(text) or "∅", embedding=vector.tolist())
                for row, (text, vector) in enumerate(zip(texts, vectors, strict=True))
            ]
        )
        self._worded = InMemoryBM25Retriever(store, top_k=depth)
        self._near = InMemoryEmbeddingRetriever(store, top_k=depth)
        self._joins = {name: DocumentJoiner(name, top_k=depth) for name in JOINS}
        self._pipeline = Pipeline()
        # A component belongs to one pipeline; the joiners above are used by hand.
        for name, part in (
            ("worded", self._worded),
            ("near", self._near),
            ("join", DocumentJoiner(JOINS[0], top_k=depth)),
        ):
            self._pipeline.add_component(name, part)
        self._pipeline.connect("worded.documents", "join.documents")
        self._pipeline.connect("near.documents", "join.documents")

    def search(self, text: str, vector: NDArray[float32]) -> list[int]:
        """The whole pipeline, best first."""
        asked = {"worded": {"query": self._form(text) or "∅"}, "near": {"query_embedding": vector.tolist()}}
        return _rows(self._pipeline.run(asked)["join"]["documents"])

    def rankings(self, text: str, vector: NDArray[float32]) -> dict[str, list[int]]:
        """The same by each way to join, with one retrieval for all."""
        worded = self._worded.run(query=self._form(text) or "∅")["documents"]
        near = self._near.run(query_embedding=vector.tolist())["documents"]
        return {name: _rows(join.run([worded, near])["documents"]) for name, join in self._joins.items()}


def _rows(documents: Sequence[Document]) -> list[int]:
    return [int(document.id) for document in documents]
