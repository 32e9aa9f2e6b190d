"""What deploy/ names exists: metrics, settings, commands, addresses. Neither docker nor Prometheus runs here, and of systemd only
what reads its units; nginx.conf is run in tests/faults/test_nginx.py."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from bot import metrics
from bot.__main__ import COMMANDS
from bot.desk.pages import PAGES
from bot.settings import Settings
from tests.conftest import ROOT, missing

DEPLOY = ROOT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((DEPLOY / "grafana" / "yinfawen.json").read_text(encoding="utf-8"))
EXPRESSIONS = [rule["expr"] for rule in ALERTS] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def known() -> dict[str, set[str]]:
    """Name of each series of ours, with its labels."""
    found = {}
    for metric in vars(metrics).values():
        if hasattr(metric, "_labelnames"):
            for family in metric.collect():
                for suffix in ("", "_total", "_bucket", "_sum", "_count"):
                    found[family.name + suffix] = {*metric._labelnames, "le", "job"}
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_alerts_and_dashboard_ask_for_what_there_is(expression: str) -> None:
    series, standard = known(), {family.name for family in REGISTRY.collect()} | {"up"}
    names = re.findall(r"\b(?:yinfawen|process)_\w+|\bup\b", expression)
    assert names
    for name in names:
        assert name in series or name in standard, name
    ours = [name for name in names if name in series]
    for label in re.findall(r"by \(([\w, ]+)\)", expression):
        assert set(label.split(", ")) <= series[ours[0]]
    for name, label in re.findall(r"(yinfawen_\w+)\{(\w+)", expression):
        assert label in series[name]


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(EXPRESSIONS)
    for metric in vars(metrics).values():
        if hasattr(metric, "_labelnames"):
            assert metric._name in shown, metric._name


def test_every_alert_says_what_to_do_in_both_languages() -> None:
    for rule in ALERTS:
        assert re.search(r"[\u4e00-\u9fff].*/ [a-zA-Z]", rule["annotations"]["do"]), rule["alert"]


@pytest.mark.parametrize("path", sorted(path for path in DEPLOY.rglob("*") if path.is_file()), ids=lambda p: p.name)
def test_only_settings_and_commands_that_exist_are_named(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    named = {name.lower() for name in re.findall(r"YINFAWEN_([A-Z_]+[A-Z])", text)}
    assert named <= set(Settings.model_fields)
    assert set(re.findall(r"-m[\", ]+bot[\", ]+(\w+)", text)) <= set(COMMANDS)


def test_compose_has_nothing_that_runs_as_root_or_writes_its_image() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    for name in ("one", "two"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert "ports" not in services[name], "only nginx is reached from outside"
    assert "\nUSER yinfawen\n" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_gets_every_file_that_the_product_needs() -> None:
    copied = set(re.findall(r"^COPY (?!--)([^\n]+) \S+$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.M))
    names = {name for line in copied for name in line.split()}
    needed = {
        "knowledge",
        "actions",
        "bot",
        "requirements",
        "scripts",
        "config.yml",
        "endpoints.yml",
        "credentials.yml",
    }
    assert needed <= names
    kept = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.M))
    assert {name.split("/")[0] for name in names} <= kept | {"."}
    assert all((ROOT / name).exists() for name in names)


def test_nginx_knows_the_services_addresses_and_logs_no_query() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    log = re.search(r"log_format yinfawen '([^']+)'", text)
    assert log is not None
    for secret in ("$request ", "$request_uri", "$args", "$query_string", "$uri", "$http_", "$remote_addr"):
        assert secret not in log[1] + " "
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text, "what residents send themselves is not believed"
    assert text.count("{") == text.count("}")


def test_composes_nginx_differs_in_the_servers_only() -> None:
    plain, compose = (
        (DEPLOY / name).read_text(encoding="utf-8").splitlines() for name in ("nginx.conf", "nginx-compose.conf")
    )
    differing = [line for line in compose if line not in plain and not line.startswith("#")]
    assert [line.split()[1] for line in differing] == ["one:8000", "two:8000"]


def test_nginx_lets_the_desks_uploads_through() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    found = re.findall(r"location ~ (\^/desk/\S+) \{\s+client_max_body_size (\d+)m;", text)
    assert len(found) == text.count("client_max_body_size") - 1 == 2
    for page in PAGES:
        allowed = next((int(size) * 1024 * 1024 for path, size in found if re.match(path, page.path)), 64 * 1024)
        assert page.max_body <= allowed, page.path
        assert allowed <= 2 * 1024 * 1024 or page.method == "GET" or page.max_body > 2 * 1024 * 1024, page.path


def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        missing("no systemd-analyze: install Debian's package systemd")
    units = sorted((DEPLOY / "systemd").iterdir())
    for unit in units:
        text = unit.read_text(encoding="utf-8").replace("/opt/yinfawen/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in units)]
    found = subprocess.run(command, capture_output=True, text=True)
    ours = [line for line in found.stderr.splitlines() if "yinfawen" in line]
    assert (found.returncode, ours) == (0, []), found.stderr
