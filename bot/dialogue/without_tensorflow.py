"""Lets Rasa start without TensorFlow: a stand-in for the modules that Rasa imports and our pipeline never uses.

Rasa 3.6 imports TensorFlow at the top of DIET, TED and their relatives, also when the pipeline names none of them.
TensorFlow 2.12 is unmaintained and costs 1.8 GB on disk, 340 MB in memory and 6 s per start, so our lock leaves it out.

A ``.pth`` file in the Rasa environment imports this module at every start of its interpreter (that is why it imports
nothing heavy), so the plain ``rasa`` command works there too. The finder stands last on ``sys.meta_path``: a TensorFlow
that is installed wins. Importing and subclassing the stand-ins works, using them raises.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ABSENT = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_text", "keras"})


class _AbsentType(type):
    """A class whose every public attribute is another absent class, so that ``tf.keras.Model`` can be subclassed."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _absent(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise ImportError(
            f"{cls.__qualname__} is needed, but TensorFlow is not installed here (see bot/dialogue/without_tensorflow.py)."
            " Use no TensorFlow component in config.yml, or install Rasa with TensorFlow."
        )


def _absent(qualname: str) -> type:
    return _AbsentType(qualname.rpartition(".")[2], (), {"__qualname__": qualname, "__module__": __name__})


class _AbsentModule(ModuleType):
    """A module with every public name; also a package, so that its submodules resolve."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # inspect, pickle and doctest probe for dunder names
            raise AttributeError(name)
        value = _absent(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value


class AbsentFinder:
    """Answers for the top-level names of ``ABSENT`` only, and creates nothing before somebody asks."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in ABSENT:
            return None
        return ModuleSpec(name, AbsentFinder, is_package=True)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        return _AbsentModule(spec.name)

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Nothing to execute; the import system requires the method."""


def install() -> None:
    """Put the finder last on ``sys.meta_path``, once."""
    if AbsentFinder not in sys.meta_path:
        sys.meta_path.append(AbsentFinder)


# Rasa runs on nothing newer. The service must never see the stand-ins: its libraries would take them for TensorFlow.
if sys.version_info < (3, 11):
    install()
