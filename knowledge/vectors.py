"""Vectors made for an earlier release, kept beside the releases: a new one embeds only texts that it has not seen.

The numbers are the same as if they were made anew: a text's vector depends on the text, the model and the code that runs
it, and on nothing else (encoder.py).
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from knowledge.embed import Embedder
from knowledge.index import Vector
from knowledge.passages import digest

FILE = "vectors.npz"
_CODE = ("embed", "encoder", "st_module")
_QUERY, _PASSAGE = "query", "passage"
_KEY_BYTES = 16


class Remembering:
    """An :class:`~knowledge.embed.Embedder` around another that asks it only for what the file in ``folder`` lacks."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self._path = folder / FILE
        self._maker = _maker(embedder)
        self._known = _read(self._path, self._maker, embedder.dimension)
        self._used: dict[bytes, Vector] = {}

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def digest(self) -> str:
        return self._embedder.digest

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    def queries(self, texts: Sequence[str]) -> Vector:
        return self._rows(texts, _QUERY, self._embedder.queries)

    def passages(self, texts: Sequence[str]) -> Vector:
        return self._rows(texts, _PASSAGE, self._embedder.passages)

    def keep(self) -> None:
        """Write what was asked for since the start, and nothing else: the file does not grow with old texts.

        Does nothing when nothing new was asked for. OSError when there is no room.
        """
        if not self._used or self._used.keys() <= self._known.keys():
            return
        aside = self._path.with_name(f".{FILE}.{os.getpid()}")
        keys = np.frombuffer(b"".join(self._used), dtype=np.uint8).reshape(-1, _KEY_BYTES)
        try:
            with aside.open("wb") as file:
                np.savez(file, maker=np.array(self._maker), keys=keys, vectors=np.stack(list(self._used.values())))
            os.replace(aside, self._path)
        finally:
            aside.unlink(missing_ok=True)

    def _rows(self, texts: Sequence[str], kind: str, embed: Callable[[Sequence[str]], Vector]) -> Vector:
        keys = [_key(kind, text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        missing = {key: text for key, text in missing.items() if key not in self._used}
        if missing:
            self._used.update(zip(missing, embed(list(missing.values())), strict=True))
        for key in keys:
            if key not in self._used:
                self._used[key] = self._known[key]
        if not keys:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._used[key] for key in keys])


def _maker(embedder: Embedder) -> str:
    """Changes when the same text may get another vector."""
    here = Path(__file__).parent
    return digest(embedder.digest, *((here / f"{name}.py").read_text(encoding="utf-8") for name in _CODE))


def _key(kind: str, text: str) -> bytes:
    return hashlib.blake2b(f"{kind}\0{text}".encode(), digest_size=_KEY_BYTES).digest()


def _read(path: Path, maker: str, dimension: int) -> dict[bytes, Vector]:
    """What is in the file; nothing when it is missing, damaged (each part has a checksum) or another's."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["maker"]) != maker:
                return {}
            keys, vectors = arrays["keys"], arrays["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if keys.shape != (len(vectors), _KEY_BYTES) or vectors.shape[1:] != (dimension,):
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
