"""Text to vectors with the ONNX model that ships, without torch.

Rasa's Python 3.10 environment loads this module too, so it needs nothing but numpy, onnxruntime and tokenizers and
imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MAX_TOKENS = 512
INPUTS = ("input_ids", "attention_mask")


class ModelUnavailable(RuntimeError):
    """The model cannot be used; ``folder`` is its folder or public name, ``reason`` says why (missing, corrupt …)."""

    def __init__(self, folder: str | Path, reason: str) -> None:
        super().__init__(f"embedding model {folder} is unavailable: {reason}")
        self.folder = folder
        self.reason = reason


class OnnxEncoder:
    """A tokenizer and an ONNX session that pools and normalises inside.

    Everything is read here, in the constructor; raises :class:`ModelUnavailable` when a file is missing or corrupt.
    May be shared between threads.
    """

    def __init__(self, folder: Path, threads: int = 1, max_tokens: int = MAX_TOKENS) -> None:
        self.folder = Path(folder)
        self.max_tokens = max_tokens
        self.tokenizer = _load_tokenizer(self.folder, max_tokens)
        self._session = _load_session(self.folder, threads)
        self.dimension = _dimension(self.folder, self._session)

    def encode(self, texts: Sequence[str], prompt: str = "query: ", workers: int = 1) -> NDArray[np.float32]:
        """One row per text, in the order given, each of length 1; ``(0, dimension)`` for no texts.

        Texts over ``max_tokens`` tokens are cut. The vector of a text never depends on the other texts, nor on how many
        ``workers`` (threads) share them.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)

        def fill(start: int) -> None:
            for row in range(start, len(texts), workers):
                vectors[row] = self.vector(self.token_ids(prompt + texts[row]))

        if workers == 1 or len(texts) < workers:
            workers = 1
            fill(0)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(fill, range(workers)))
        return vectors

    def token_ids(self, text: str) -> list[int]:
        """Ids of the pieces with the start and end marks, at most ``max_tokens``."""
        # Not encode_batch: that starts a thread pool of its own.
        return self.tokenizer.encode(text).ids

    def vector(self, token_ids: Sequence[int]) -> NDArray[np.float32]:
        """One pass of the network over one text.

        One text at a time on purpose: the network scales its 8-bit activations by the largest value in the whole
        input, so in a batch every text would change its neighbours (cosine down to 0.995), and a question would score
        differently live and in an evaluation. A batch of 32 would save a fifth of the time.
        """
        ids = np.array([token_ids], dtype=np.int64)
        vector: NDArray[np.float32] = self._session.run(None, dict(zip(INPUTS, (ids, np.ones_like(ids)), strict=True)))[
            0
        ][0]
        return vector


def _load_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(_existing(folder, TOKENIZER_FILE)))
    except ModelUnavailable:
        raise
    except Exception as error:  # the Rust side raises bare Exception
        raise ModelUnavailable(folder, f"{TOKENIZER_FILE} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _load_session(folder: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads must sleep: spinning made encoding 6 to 40 times slower on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    path = str(_existing(folder, MODEL_FILE))
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no base class but Exception
        raise ModelUnavailable(folder, f"{MODEL_FILE} cannot be read: {error}") from error


def _existing(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ModelUnavailable(folder, f"{name} is missing")
    return path


def _dimension(folder: Path, session: onnxruntime.InferenceSession) -> int:
    names = {item.name for item in session.get_inputs()}
    shape = session.get_outputs()[0].shape
    if names != set(INPUTS) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ModelUnavailable(folder, f"{MODEL_FILE} is no sentence embedding model: {sorted(names)} to {shape}")
    return shape[1]
