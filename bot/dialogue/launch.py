"""The ``rasa`` command with our folders as defaults and the patches applied: ``python -m bot.dialogue.launch run -p 5005``.

Runs in the Rasa environment from the project root. ``train``, ``run``, ``data validate`` and ``test`` take the same
options as ``rasa`` does. ``run`` listens on loopback whatever the options say: Rasa's API and channels have no
protection of their own.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from bot.dialogue import without_tensorflow

ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "RASA_CACHE_DIRECTORY": "var/rasa/cache",  # training results; Rasa's default is .rasa in the project
    "OMP_NUM_THREADS": "1",  # spinning threads make everything slower on a busy machine
    "MALLOC_ARENA_MAX": "2",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "YINFAWEN_RASA_DB": "var/rasa/rasa.db",  # conversations as Rasa sees them; forgotten after some days
}
NEEDED_TO_RUN = ("YINFAWEN_ACTIONS_URL", "YINFAWEN_INTERNAL_SECRET")
MODELS = "var/rasa/models"
RESULTS = "var/rasa/results"
TRAINING_DATA = ("--domain", "bot/dialogue/domain", "--data", "bot/dialogue/data")
DEFAULTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("data", "validate"): ("--config", "config.yml", *TRAINING_DATA),
    ("train",): ("--config", "config.yml", *TRAINING_DATA, "--out", MODELS, "--fixed-model-name", "yinfawen"),
    ("run",): ("--model", MODELS, "--endpoints", "endpoints.yml", "--credentials", "credentials.yml"),
    ("test", "core"): ("--model", MODELS, "--stories", "tests/dialogue/test_stories.yml", "--out", RESULTS),
    ("test", "nlu"): ("--model", MODELS, *TRAINING_DATA[:2], "--nlu", "tests/dialogue/nlu.yml", "--out", RESULTS),
}
WIRING = ("endpoints.yml", "credentials.yml")
INTERFACE = ("-i", "--interface")
LOOPBACK = ("127.0.0.1", "localhost")
DEBUG = ("-vv", "--debug")


class Refused(ValueError):
    """Rasa would start unsafe or, silently, without its wiring; the message says why."""


def command_line(arguments: Sequence[str]) -> list[str]:
    """The arguments for Rasa's own parser. Our defaults come before what was given, so that the latter wins."""
    if arguments[:1] == ["run"]:
        _refuse(arguments)
        arguments = [*arguments, "--interface", "127.0.0.1"]
    for command, defaults in DEFAULTS.items():
        if tuple(arguments[: len(command)]) == command:
            return [*command, *defaults, *arguments[len(command) :]]
    return list(arguments) or ["--help"]


def _refuse(arguments: Sequence[str]) -> None:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, given, value = argument.partition("=")
        if name in DEBUG:
            raise Refused(f"{name}: Rasa's debug log holds the words of residents.")
        if name in INTERFACE and (value if given else following) not in LOOPBACK:
            raise Refused(f"{name}: Rasa listens on loopback only.")
        if name == "--enable-api":
            raise Refused(f"{name}: lets anyone on this machine read and change every conversation.")


def check_wiring() -> None:
    """Raises Refused where Rasa would go on without action server or channel, or with conversations in memory."""
    missing = [name for name in WIRING if not Path(name).is_file()]
    if missing:
        raise Refused(f"{', '.join(missing)} missing in {Path.cwd()}; start from the project root.")
    unset = [name for name in NEEDED_TO_RUN if not os.environ.get(name)]
    if unset:
        raise Refused(f"{', '.join(unset)} not set; endpoints.yml needs it.")


def main(arguments: Sequence[str] | None = None) -> None:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    without_tensorflow.install()
    Path(os.environ["YINFAWEN_RASA_DB"]).parent.mkdir(parents=True, exist_ok=True)
    try:
        line = command_line(sys.argv[1:] if arguments is None else arguments)
        if line[0] == "run":
            check_wiring()
    except Refused as refusal:
        sys.exit(f"bot.dialogue.launch: {refusal}")

    # Late on purpose: Rasa reads the environment and imports TensorFlow (or its stand-in) while it is imported.
    from rasa.__main__ import main as rasa

    from bot.dialogue import patches

    patches.apply_all()
    sys.argv = ["rasa", *line]
    rasa()


if __name__ == "__main__":
    main()
