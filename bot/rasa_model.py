"""The trained dialogue model: named after what it was trained from, so that it is trained again only when that changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from bot.settings import ROOT, Settings

# What training reads. The embedding model belongs to it: other vectors, other classifier.
SOURCES = (
    "config.yml",
    "bot/dialogue/domain",
    "bot/dialogue/data",
    "bot/dialogue/components",
    "knowledge/model/check.json",
)
KEPT = 3


class TrainingFailed(RuntimeError):
    """``rasa train`` ended with an error; its own output says why."""


def rasa_environment(settings: Settings) -> dict[str, str]:
    """Where Rasa keeps its conversations and its training cache: in the data folder; and how loud it is."""
    home = settings.data_dir.resolve() / "rasa"
    return {
        "YINFAWEN_RASA_DB": str(home / "rasa.db"),
        "YINFAWEN_RASA_DATABASE_URL": settings.shared_database,
        "RASA_CACHE_DIRECTORY": str(home / "cache"),
        # Rasa's old pins warn about each other at every start, and its progress bars flood a log.
        "PYTHONWARNINGS": "ignore",
        "TQDM_DISABLE": "1",
    }


def model_path(settings: Settings) -> Path:
    """Where the model of the present sources is or will be."""
    return settings.data_dir.resolve() / "rasa" / f"yinfawen-{fingerprint()}.tar.gz"


def fingerprint() -> str:
    """Digest of all files that training reads."""
    total = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in {".yml", ".py"})
        for file in files:
            total.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return total.hexdigest()[:12]


def train(settings: Settings) -> Path:
    """Train when there is no model of the present sources; returns its path. Raises TrainingFailed."""
    path = model_path(settings)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(settings.rasa_python), "-m", "bot.dialogue.launch", "train", "--out", str(path.parent)]
    command += ["--domain", "bot/dialogue/domain", "--data", "bot/dialogue/data", "--config", "config.yml"]
    command += ["--fixed-model-name", f"half-{path.name.removesuffix('.tar.gz')}"]
    environment = {
        **os.environ,
        **rasa_environment(settings),
        "YINFAWEN_ACTIONS_URL": settings.actions_url,
        "YINFAWEN_INTERNAL_SECRET": "training",
    }
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise TrainingFailed("rasa train failed; its messages above say why")
    os.replace(path.parent / f"half-{path.name}", path)
    for old in sorted(path.parent.glob("yinfawen-*.tar.gz"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return path
