"""Questions and passages to vectors, with any sentence-transformers model; the one that ships is the default.

Nothing heavy is imported here: torch and sentence-transformers come in with ``warm_up``.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.encoder import ModelUnavailable
from knowledge.settings import SHIPPED_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from knowledge.encoder import OnnxEncoder

SHIPPED_NAME = "multilingual-e5-small-zh-int8"
OUR_MODULE = "knowledge.st_module.OnnxEmbedding"
# sentence-transformers adds an empty "document" prompt to every model, so an empty one counts as not defined.
QUERY_PROMPTS = ("query",)
PASSAGE_PROMPTS = ("passage", "document", "corpus")
BATCH_SIZE = 32
# Beside a model, but no part of it: texts about it and code.
NOT_THE_MODEL = frozenset({".md", ".py", ".pyc", ".txt"})
ALSO_NOT_THE_MODEL = frozenset({"LICENSE", "check.json"})
DIGEST_LENGTH = 12


class Embedder(Protocol):
    """Turns texts into unit vectors; the inner product of two is their similarity.

    Ready to use, may be shared between threads, and gives the same numbers for the same text on the same machine.
    """

    @property
    def name(self) -> str:
        """For people: logs, the release, the desk."""
        ...

    @property
    def digest(self) -> str:
        """Changes when the vectors may change: an index made with another digest must be rebuilt."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector, at least 1."""
        ...

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors for what people ask: shape ``(len(texts), dimension)``, rows of length 1 in the order given.

        Long texts are cut where the model ends. An empty text is allowed and gets a vector like any other. No texts
        give ``(0, dimension)``. Use it also for stored questions that people's questions are compared with.
        """
        ...

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors for texts that answer; the same contract as :meth:`queries`, comparable with its vectors."""
        ...


class SentenceTransformerEmbedder:
    """An :class:`Embedder` on a sentence-transformers model, given by folder (a Path) or by name (a str).

    Construction reads nothing. :meth:`warm_up` must have ended before any other method is used (else RuntimeError).
    A folder is never looked up on the network; a name is, unless ``HF_HUB_OFFLINE`` is set. ``workers`` threads share
    the texts of one call when the model is ours; leave it at 1 where residents are served.
    """

    def __init__(self, model: str | Path, workers: int = 1) -> None:
        self.source = model
        self._workers = workers
        self._model: SentenceTransformer | None = None
        self._dimension = 0
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the model and embed once, so that the first resident does not wait. A second call does nothing.

        Sets torch to one thread for the whole process: several residents share the processors, and threads of torch
        that wait for each other cost more than they bring. Raises :class:`ModelUnavailable` with the reason.
        """
        with self._loading:
            if self._model is not None:
                return
            try:
                model = self._load()
                self._dimension = int(self._encode(model, ["你好"], QUERY_PROMPTS).shape[1])
            except ModelUnavailable:
                raise
            except Exception as error:  # whatever the model's own files and code raise
                raise ModelUnavailable(self.source, f"{type(error).__name__}: {error}") from error
            self._model = model

    @property
    def name(self) -> str:
        if isinstance(self.source, str):
            return self.source
        return SHIPPED_NAME if self.source.resolve() == SHIPPED_MODEL.resolve() else self.source.resolve().name

    @cached_property
    def digest(self) -> str:
        """Over the model's files when it is a folder, else the name: what a name stands for is not ours to follow."""
        if isinstance(self.source, str):
            return self.source
        total = hashlib.sha256()
        for path in sorted(_model_files(self.source)):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(self.source).as_posix()}\0{content}\n".encode())
        return total.hexdigest()[:DIGEST_LENGTH]

    @property
    def dimension(self) -> int:
        self._ready()
        return self._dimension

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._rows(texts, QUERY_PROMPTS)

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._rows(texts, PASSAGE_PROMPTS)

    def _rows(self, texts: Sequence[str], prompt_names: Sequence[str]) -> NDArray[np.float32]:
        model = self._ready()
        if not texts:
            return np.empty((0, self._dimension), dtype=np.float32)
        return self._encode(model, list(texts), prompt_names)

    def _ready(self) -> SentenceTransformer:
        if self._model is None:
            raise RuntimeError(f"the embedding model {self.name} is used before warm_up()")
        return self._model

    def _load(self) -> SentenceTransformer:
        folder = self.source if isinstance(self.source, Path) else None
        if folder is not None and not folder.is_dir():
            raise ModelUnavailable(folder, "no such folder")
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        return SentenceTransformer(
            str(self.source),
            device="cpu",
            local_files_only=folder is not None,
            # Release 6 counts every class outside its own package as remote code. Ours is part of this program.
            trust_remote_code=folder is not None and _only_our_module(folder),
        )

    def _encode(self, model: SentenceTransformer, texts: list[str], prompt_names: Sequence[str]) -> NDArray[np.float32]:
        prompt = next((model.prompts[name] for name in prompt_names if model.prompts.get(name)), "")
        if encoder := _our_encoder(model):
            return encoder.encode(texts, prompt or "", self._workers)
        # These two and not encode(): models with separate towers for questions and passages need to be told which.
        encode = model.encode_query if prompt_names is QUERY_PROMPTS else model.encode_document
        vectors = encode(
            texts, prompt=prompt, batch_size=BATCH_SIZE, show_progress_bar=False, normalize_embeddings=True
        )
        return np.asarray(vectors, dtype=np.float32)


def load_embedder(model: str | Path) -> Embedder:
    """A warmed :class:`Embedder` for a folder (an existing one, or any Path) or else a model's public name.

    Takes seconds: call it once, at start. Raises :class:`ModelUnavailable`.
    """
    embedder = SentenceTransformerEmbedder(Path(model) if Path(model).is_dir() else model)
    embedder.warm_up()
    return embedder


def _our_encoder(model: SentenceTransformer) -> OnnxEncoder | None:
    """The encoder inside when there is nothing around it: for one short question, the tensor operations of encode()
    cost a fifth of the whole, and while residents wait for each other, much more.
    """
    from knowledge.st_module import OnnxEmbedding

    return model[0].encoder if len(model) == 1 and isinstance(model[0], OnnxEmbedding) else None


def _only_our_module(folder: Path) -> bool:
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return bool(modules) and all(module["type"] == OUR_MODULE for module in modules)
    except (OSError, ValueError, TypeError, KeyError):
        return False  # sentence-transformers says better what is wrong with the file


def _model_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        other = path.suffix in NOT_THE_MODEL or path.name in ALSO_NOT_THE_MODEL
        if path.is_file() and not hidden and not other:
            yield path
