"""Rasa's tracker and lock store: one suite of checks in Rasa's environment, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.conftest import ROOT, need_rasa

CHECKS = "tests/dialogue/check_stores.py"


@pytest.mark.rasa
def test_rasas_stores_keep_their_contract(empty_database: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "YINFAWEN_RASA_DB": str(tmp_path / "rasa.db"),
        "YINFAWEN_RASA_DATABASE_URL": Settings(_env_file=None, database_url=empty_database).shared_database,
        "YINFAWEN_ACTIONS_URL": "http://127.0.0.1:1/unused",
        "YINFAWEN_INTERNAL_SECRET": "x",
    }
    command = [str(need_rasa()), "-W", "ignore", "-m", "tests.dialogue.check_stores"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    expected = re.findall(r"^def (check_\w+)", (ROOT / CHECKS).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(expected) >= 4
    assert done.stdout.split() == expected


def test_rasa_gets_an_address_that_its_driver_reads() -> None:
    given = Settings(_env_file=None, database_url="postgresql+psycopg://u:p%40ss@db.example.org/yinfawen")
    assert given.shared_database == "postgresql://u:p%40ss@db.example.org/yinfawen"
    assert Settings(_env_file=None).shared_database == ""
