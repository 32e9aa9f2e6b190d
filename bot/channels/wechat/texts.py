"""The channel's own words, by name, from texts.yml."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml


@cache
def texts() -> dict[str, str]:
    """Every row: its text by its id."""
    source = resources.files(__package__).joinpath("texts.yml").read_text(encoding="utf-8")
    return {row["id"]: row["text"] for row in yaml.safe_load(source)}


def say(name: str, **filled: object) -> str:
    """The text with its marks filled in. KeyError when there is no such text or a mark is left open."""
    return texts()[name].format(**filled)
