"""The hybrid index with its vectors in Qdrant, for more of them than one process should hold; the words stay with us.

Needs the extra ``qdrant`` (``pip install -e '.[service,qdrant]'``) and is imported by nobody who did not choose it. One
setting, the *place*, says where the vectors are: ``:memory:``, a folder (both inside this process, exact, for tests and
small sets) or the address of a server, ``https://…``. Only vectors and row numbers go there, never a text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from knowledge.index import HybridIndex, Rows, Vector

try:
    from qdrant_client import QdrantClient, models
    from qdrant_client.http.exceptions import ApiException
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Qdrant is not installed: pip install -e '.[service,qdrant]'", name=error.name) from error

MEMORY = ":memory:"
SECONDS = 5
BLOCK = 250


class QdrantUnavailable(OSError):
    """Qdrant cannot be reached, refused, or its folder is used by another process."""


def connect(place: str, api_key: str | None = None) -> QdrantClient:
    """A client for ``place`` (see above), to be shared by the indexes there: a folder can be opened only once.

    ValueError when ``place`` is none of the three; QdrantUnavailable when its folder is in use. A server is first asked
    when an index is made.
    """
    try:
        if place == MEMORY:
            return QdrantClient(MEMORY)
        if place.startswith(("http://", "https://")):
            return QdrantClient(url=place, api_key=api_key, timeout=SECONDS, check_compatibility=False)
        if not place or ":" in place:
            raise ValueError(f"{place!r} is no place for vectors: write {MEMORY}, a folder or http(s)://host:6333")
        # Threads only search, and searching reads no file.
        return QdrantClient(path=place, force_disable_check_same_thread=True)
    except RuntimeError as error:
        raise QdrantUnavailable(f"{place} is used by another process; several need a Qdrant server") from error


class QdrantIndex(HybridIndex):
    """Cosines from Qdrant, everything else as in :class:`HybridIndex`, whose files it reads and writes.

    The saved folder stays the whole truth. A collection is named by what is in it, so it is found again when an index
    is loaded, made anew when it is missing or half-filled, and never mixed up with another one's.
    Every method that asks the server may raise QdrantUnavailable.
    """

    # It has the methods of a FAISS index that HybridIndex uses, which stays as it is: changing it makes every build learn anew.
    _dense: _Collection  # type: ignore[assignment]
    _scan: _Collection  # type: ignore[assignment]

    def __init__(
        self, vectors: Vector, lexical: bm25s.BM25, vocabulary: frozenset[str], client: QdrantClient | None = None
    ) -> None:
        # Not super().__init__, which would make the FAISS index that this one is there to spare.
        self._dense = self._scan = _Collection(client or connect(MEMORY), vectors)
        self._lexical = lexical
        self._vocabulary = vocabulary

    @classmethod
    def build(cls, texts: Sequence[str], vectors: Vector, client: QdrantClient | None = None) -> QdrantIndex:
        """As :meth:`HybridIndex.build`; in memory without a ``client``."""
        words = HybridIndex.build(texts, vectors)
        return cls(vectors, words._lexical, words._vocabulary, client)

    def save(self, folder: Path) -> None:
        HybridIndex(self._dense.vectors(), self._lexical, self._vocabulary).save(folder)

    @classmethod
    def load(cls, folder: Path, client: QdrantClient | None = None) -> QdrantIndex:
        """Open what :meth:`save` or :meth:`HybridIndex.save` wrote; fills the collection when Qdrant does not have it."""
        saved = HybridIndex.load(folder)
        vectors = saved._dense.reconstruct_n(0, saved.size)
        return cls(vectors, saved._lexical, saved._vocabulary, client)

    @property
    def collection(self) -> str:
        """Its name in Qdrant."""
        return self._dense.name

    def drop(self) -> None:
        """Delete the collection; the index cannot be used afterwards."""
        self._dense.drop()


class _Collection:
    """Vectors in Qdrant behind the few methods of a FAISS index that :class:`HybridIndex` uses."""

    def __init__(self, client: QdrantClient, vectors: Vector) -> None:
        self._client = client
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self.ntotal, self.d = vectors.shape
        self.name = f"yinfawen-{self.d}-{hashlib.sha256(vectors.tobytes()).hexdigest()[:32]}"
        with _reached():
            if not client.collection_exists(self.name):
                # The vectors have length 1, so their product is the cosine, and they come back as they were given.
                kind = models.VectorParams(size=self.d, distance=models.Distance.DOT)
                client.create_collection(self.name, vectors_config=kind)
            if client.count(self.name, exact=True).count != self.ntotal:
                for start in range(0, self.ntotal, BLOCK):
                    block = vectors[start : start + BLOCK]
                    rows = range(start, start + len(block))
                    client.upload_collection(self.name, vectors=block, ids=rows, batch_size=BLOCK, wait=True)

    def search(self, vector: Vector, count: int) -> tuple[Vector, Rows]:
        """Cosines and rows, each of shape (1, ``count``), best first. ValueError for a vector of another length."""
        if vector.shape != (1, self.d):
            raise ValueError(f"the index has vectors of {self.d} numbers, not of {vector.shape[-1]}")
        with _reached():
            told = self._client.query_points(self.name, query=vector[0].tolist(), limit=count, with_payload=False)
        found = told.points
        scores = np.array([[point.score for point in found]], np.float32)
        return scores, np.array([[point.id for point in found]], np.int64)

    def reconstruct_batch(self, rows: NDArray[np.int64]) -> Vector:
        """The vectors of ``rows`` in this order."""
        with _reached():
            found = self._client.retrieve(self.name, ids=rows.tolist(), with_payload=False, with_vectors=True)
        told = {point.id: point.vector for point in found}
        return np.array([told[row] for row in rows.tolist()], np.float32)

    def vectors(self) -> Vector:
        """All of them, in the order of the rows."""
        blocks = [np.arange(start, min(start + BLOCK, self.ntotal)) for start in range(0, self.ntotal, BLOCK)]
        return np.concatenate([self.reconstruct_batch(block) for block in blocks])

    def drop(self) -> None:
        with _reached():
            self._client.delete_collection(self.name)


@contextmanager
def _reached() -> Iterator[None]:
    """Turn the client's errors into one of ours."""
    try:
        yield
    except ApiException as error:
        raise QdrantUnavailable(f"Qdrant does not answer as it should: {error}") from error
