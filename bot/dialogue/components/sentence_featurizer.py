"""The shipped sentence embedding model as a Rasa featurizer."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import DENSE_FEATURIZABLE_ATTRIBUTES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, METADATA, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

if TYPE_CHECKING:
    from knowledge.encoder import OnnxEncoder

EMBEDDING = "embedding"
PROJECT = Path(__file__).resolve().parents[3]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceFeaturizer(DenseFeaturizer, GraphComponent):
    """One vector per message text.

    The service embeds every question for its search anyway and hands the vector over in ``metadata["embedding"]``:
    base64 of little-endian float16, made by the same model with the same ``query: `` prompt from the same text. A
    missing, malformed, overlong or non-finite value is ignored and the text is encoded here. The entry is removed from the
    metadata in any case: Rasa would store it with the conversation and send it to every action.

    The model is loaded when the first text comes without its vector: Rasa then needs 90 MB and half a second more.
    """

    @staticmethod
    def required_packages() -> list[str]:
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **DenseFeaturizer.get_default_config(),
            "model": "knowledge/model",
            "dimension": 384,
            "max_characters": 400,
            "scale": 1.0,
        }

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Another model, other vectors: Rasa must not take the classifier from its training cache."""
        return hashlib.sha256((PROJECT / config["model"] / "model.onnx").read_bytes()).hexdigest()

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing that the encoder does not check when it loads."""

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._encoder: OnnxEncoder | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeaturizer:
        return cls(config, execution_context.node_name or cls.__name__)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            for attribute in DENSE_FEATURIZABLE_ATTRIBUTES:
                text = message.get(attribute)
                if text:
                    self._add(message, attribute, self._vector(message, attribute, text))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def _vector(self, message: Message, attribute: str, text: str) -> NDArray[np.float32]:
        metadata = message.get(METADATA)
        if attribute == TEXT and isinstance(metadata, dict) and EMBEDDING in metadata:
            vector = decode_embedding(metadata.pop(EMBEDDING), self._config["dimension"])
            if vector is not None:
                return vector
        # One text per call: int8 activations are quantised over the whole batch, so company would change the numbers.
        return self._loaded().encode([text[: self._config["max_characters"]]])[0]

    def _loaded(self) -> OnnxEncoder:
        if self._encoder is None:
            from knowledge.encoder import OnnxEncoder

            self._encoder = OnnxEncoder(PROJECT / self._config["model"], threads=1)
        return self._encoder

    def _add(self, message: Message, attribute: str, vector: NDArray[np.float32]) -> None:
        features = (vector * self._config["scale"]).reshape(1, -1)
        message.add_features(Features(features, FEATURE_TYPE_SENTENCE, attribute, self._config["alias"]))


def decode_embedding(value: Any, dimension: int) -> NDArray[np.float32] | None:
    """The unit vector in ``value`` or None when it is not base64 of ``dimension`` finite float16 numbers."""
    if not isinstance(value, str) or len(value) != -(-dimension * 2 // 3) * 4:
        return None
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != dimension * 2:
        return None
    vector = np.frombuffer(raw, dtype="<f2").astype(np.float32)
    length = float(np.linalg.norm(vector))
    # Encoders return length 1; anything else was made by something else.
    return vector / length if 0.9 < length < 1.1 else None
