"""Settings: each is documented, bad values are named, the environment wins over the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_every_setting_has_one_row_with_its_meaning() -> None:
    found = re.findall(r"^\| `YINFAWEN_(\w+)` \|(.*)$", TABLE, re.MULTILINE)
    assert sorted(name.lower() for name, _ in found) == sorted(Settings.model_fields)
    rows = dict(found)
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description in rows[name.upper()]


def test_the_documented_defaults_are_the_real_ones() -> None:
    for name, default in re.findall(r"^\| `YINFAWEN_(\w+)` \| `([^`]*)` \|", TABLE, re.MULTILINE):
        real = Settings.model_fields[name.lower()].default
        assert default in {str(real), str(real).removeprefix(f"{ROOT}/")}, name


def test_a_bad_value_stops_the_start_and_is_named() -> None:
    environment = {**os.environ, "YINFAWEN_PORT": "abc"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "service"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "YINFAWEN_PORT" in done.stderr


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("YINFAWEN_PORT=8123\nYINFAWEN_RETENTION_DAYS=9\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINFAWEN_PORT", "8124")
    found = Settings()
    assert (found.port, found.retention_days) == (8124, 9)
