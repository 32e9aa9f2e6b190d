"""Settings: each is documented, bad values are named, the environment wins over the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

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


WECHAT = {"wechat_token": "t" * 16, "wechat_app_id": "wx" + "0" * 16, "public_url": "https://fa.example.org"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"wechat_token": "short"}, "wechat_token"),
        ({"wechat_token": "t" * 15 + "-"}, "wechat_token"),
        ({"wechat_app_id": ""}, "wechat_app_id"),
        ({"wechat_app_id": "gh_10f6c3c3ac5a"}, "wechat_app_id"),
        ({"public_url": ""}, "public_url"),
        ({"public_url": "https://fa.example.org/"}, "public_url"),
        ({"public_url": "fa.example.org"}, "public_url"),
        ({"wechat_aes_key": "x" * 42}, "wechat_aes_key"),
        ({"wechat_aes_key_previous": "x" * 44}, "wechat_aes_key_previous"),
        ({"wechat_certified": True}, "wechat_certified"),
        ({"wechat_secret": "s", "wechat_msgmenu": True}, "wechat_msgmenu"),
        ({"wechat_reply_seconds": 5}, "wechat_reply_seconds"),
        ({"wechat_api_url": "https://api.weixin.qq.com/"}, "wechat_api_url"),
    ],
)
def test_a_wechat_account_that_cannot_work_is_named(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as fault:
        Settings(_env_file=None, **{**WECHAT, **changed})
    assert [error["loc"] for error in fault.value.errors()] == [(named,)]


def test_a_wechat_account_that_can_work() -> None:
    Settings(_env_file=None, **WECHAT)
    certified = {"wechat_secret": "s", "wechat_certified": True, "wechat_msgmenu": True, "wechat_aes_key": "x" * 43}
    Settings(_env_file=None, **WECHAT, **certified)


def test_the_wechat_page_names_only_settings_that_exist() -> None:
    page = (ROOT / "docs" / "wechat.md").read_text(encoding="utf-8")
    named = {name.lower() for name in re.findall(r"YINFAWEN_([A-Z_]+[A-Z])", page)} - {"fuzz"}
    assert named <= set(Settings.model_fields)
    assert {name for name in Settings.model_fields if name.startswith("wechat_")} - named <= {
        "wechat_reply_seconds",
        "wechat_api_url",
    }


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("YINFAWEN_PORT=8123\nYINFAWEN_RETENTION_DAYS=9\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINFAWEN_PORT", "8124")
    found = Settings()
    assert (found.port, found.retention_days) == (8124, 9)
