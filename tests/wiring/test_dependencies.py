"""What docs/dependencies.md rests on: versions, which code calls addresses, and that none reads what can run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.dialogue.launch import ENVIRONMENT
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
OURS = sorted(path for folder in ("bot", "knowledge", "actions") for path in (ROOT / folder).rglob("*.py"))

# Every place that can open a connection, and where its address comes from.
CALLERS = {
    "bot/engine.py": "loopback, YINFAWEN_RASA_PORT",
    "bot/channels/wechat/client.py": "YINFAWEN_WECHAT_API_URL",
    "bot/channels/wechat/menu.py": "the same client, for a command",
    "bot/channels/wechat/channel.py": "the same client",
    "bot/service.py": "the session that bot/engine.py uses",
    "bot/conversations/news.py": "YINFAWEN_DATABASE_URL",
    "bot/conversations/store.py": "YINFAWEN_DATABASE_URL",
    "bot/dialogue/stores.py": "YINFAWEN_RASA_DATABASE_URL",
    "bot/dialogue/patches.py": "Rasa's own client of YINFAWEN_ACTIONS_URL",
    "bot/dialogue/components/tracker_store.py": "a file",
    "bot/memory.py": "a file",
    "bot/supervisor.py": "health pages on loopback",
    "bot/doctor.py": "the service's own port",
    "bot/shell.py": "the service's own port",
    "knowledge/qdrant.py": "what the caller of the index names; releases do not use it",
}
OPENS = re.compile(
    r"\b(ClientSession|urlopen|create_connection|open_connection|create_engine|create_async_engine|HTTPSConnection|HTTPConnection"
    r"|QdrantClient|getaddrinfo)\s*\(|\b(socket\.socket|sqlite3\.connect|psycopg\.\w+\.connect|psycopg\.connect)\s*\("
    r"|\b(import (requests|httpx|urllib3|ftplib|smtplib|telnetlib)|from (requests|httpx|urllib3|ftplib|smtplib) import)"
)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_who_opens_connections_is_known() -> None:
    found = {named(path) for path in OURS if OPENS.search(path.read_text(encoding="utf-8"))}
    assert found <= set(CALLERS), "a new place that calls addresses: say here where the address comes from"
    for name in CALLERS:
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("name", ["bot/engine.py", "bot/channels/wechat/client.py"])
def test_nobody_is_sent_elsewhere_by_an_answer(name: str) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "post")
        and isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "_session"
    ]  # fmt: skip
    assert calls
    for call in calls:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        assert isinstance(given["allow_redirects"], ast.Constant)
        assert given["allow_redirects"].value is False


def dangerous(tree: ast.AST) -> Iterator[str]:
    """Calls and imports by which data becomes code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield node.module
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("eval", "exec", "compile", "__import__", "os.system", "os.popen"):
                yield called
            if called in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "torch.load", "joblib.load"):
                loader = next((ast.unparse(k.value) for k in node.keywords if k.arg == "Loader"), "")
                if not (called == "yaml.load" and loader == "_LOADER"):
                    yield called
            for keyword in node.keywords:
                if keyword.arg in ("allow_pickle", "shell") and ast.unparse(keyword.value) != "False":
                    yield keyword.arg


MODULES = ("pickle", "dill", "cloudpickle", "joblib", "jsonpickle", "marshal", "shelve", "skops")


def test_nothing_of_ours_reads_what_can_run_code() -> None:
    found = {named(path): list(dangerous(ast.parse(path.read_text(encoding="utf-8")))) for path in OURS}
    assert {name: what for name, what in found.items() if what} == {}
    assert len(list(dangerous(ast.parse("import pickle\nyaml.load(x)\neval(x)\nrun(x, shell=True)")))) == 4
    from knowledge import catalogue

    assert issubclass(catalogue._LOADER, (yaml.SafeLoader, yaml.CSafeLoader))


def locked(name: str) -> dict[str, str]:
    pairs = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in pairs}


def test_rasas_environment_is_what_the_page_says() -> None:
    rasa, service = locked("rasa.txt"), locked("service.txt")
    rows = re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)[2:]
    told = [pair for row in rows for pair in re.findall(r"([\w-]+) (\d[\w.]+)", row)]
    assert len(told) > 12
    for package, version in told:
        assert rasa[package] == version, package
    for package, version in re.findall(r"([A-Za-z][\w-]+) (\d+\.\d+\.\d+)", PAGE.split("**The dialogue")[0]):
        assert service[package.lower()] == version, package
    assert "tensorflow" not in rasa
    assert ENVIRONMENT["RASA_TELEMETRY_ENABLED"] == "false"
    assert list(yaml.safe_load((ROOT / "credentials.yml").read_text(encoding="utf-8"))) == ["rest"]
    endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text(encoding="utf-8"))
    assert set(endpoints) == {"action_endpoint", "tracker_store", "lock_store"}
