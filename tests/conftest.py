"""Shared fixtures: one release built from the shipped content, and one real service with Rasa, for all that need them."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.fernet import Fernet

from bot.conversations.migrate import migrate
from tests.databases.postgresql import Postgres, binaries
from tests.wechat.fakes import AES_KEY, APP_ID, TOKEN

ROOT = Path(__file__).parent.parent


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on right now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def rasa_python() -> Path | None:
    """Rasa's environment; tests that need it fail in CI and are skipped elsewhere when there is none."""
    path = Path(os.environ.get("YINFAWEN_RASA_PYTHON", ROOT / ".venv-rasa" / "bin" / "python"))
    return path if path.is_file() else None


def missing(what: str) -> NoReturn:
    """The machine lacks something: a failure in CI, a skip with the reason elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def need_rasa() -> Path:
    """Rasa's Python, or the test ends here with the reason."""
    path = rasa_python()
    if path is None:
        missing("no Rasa environment: run make setup")
    return path


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a published release. YINFAWEN_TEST_DATA keeps it between runs."""
    kept = os.environ.get("YINFAWEN_TEST_DATA")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("data")
    environment = {**os.environ, "YINFAWEN_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "knowledge", "build"], cwd=ROOT, env=environment, check=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; tests that need it fail in CI and are skipped elsewhere when none is installed."""
    programs = binaries()
    if programs is None:
        missing("no PostgreSQL: install Debian's package postgresql")
    # Not in pytest's own folder: each new pytest closes that one to other accounts, and PostgreSQL does not run as root.
    with tempfile.TemporaryDirectory(prefix="yinfawen-postgresql-") as folder:
        server = Postgres(Path(folder), programs)
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of each kind: a test that takes it runs on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'not' / 'there' / 'yet.db'}"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def database_url(empty_database: str) -> str:
    """The same, at the newest revision."""
    migrate(empty_database)
    return empty_database


@pytest.fixture(scope="session")
def other_site() -> str:
    """Address of another site, which the service allows to show the widget; tests put it there."""
    return f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="session")
def service_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the product that ``service_url`` starts; commands for it are given this folder."""
    return tmp_path_factory.mktemp("service")


@dataclass(frozen=True, slots=True)
class Running:
    """The product that ``service_url`` starts: its supervisor, and the ports of its parts."""

    process: subprocess.Popen[bytes]
    public: int
    internal: int
    rasa: int


@pytest.fixture(scope="session")
def running(data_dir: Path, other_site: str, service_home: Path) -> Iterator[Running]:
    """The whole product as `make run` starts it: supervisor, service and Rasa, on free ports."""
    python = need_rasa()
    home = service_home
    shutil.copytree(data_dir / "releases", home / "releases")
    if (data_dir / "rasa").is_dir():
        shutil.copytree(data_dir / "rasa", home / "rasa")
    port, internal, rasa = free_ports(3)
    environment = {
        **os.environ,
        "YINFAWEN_DATA_DIR": str(home),
        "YINFAWEN_PORT": str(port),
        "YINFAWEN_INTERNAL_PORT": str(internal),
        "YINFAWEN_RASA_PORT": str(rasa),
        "YINFAWEN_RASA_PYTHON": str(python),
        "YINFAWEN_INTERNAL_SECRET": secrets.token_urlsafe(16),
        "YINFAWEN_CALLBACK_KEY": Fernet.generate_key().decode(),
        "YINFAWEN_WIDGET_SITES": other_site,
        "YINFAWEN_TURNS_PER_MINUTE": "0",
        "YINFAWEN_SUGGESTIONS_PER_MINUTE": "0",
        "YINFAWEN_ADDRESS_PER_MINUTE": "0",
        "YINFAWEN_CONVERSATIONS_PER_MINUTE": "0",
        "YINFAWEN_WECHAT_TOKEN": TOKEN,
        "YINFAWEN_WECHAT_APP_ID": APP_ID,
        "YINFAWEN_WECHAT_AES_KEY": AES_KEY,
        "YINFAWEN_PUBLIC_URL": "https://fa.example.org",
        "YINFAWEN_LOG_LEVEL": "DEBUG",  # tests/journeys/test_kept_nowhere.py reads it all
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, url, home / "log")
        yield Running(process, port, internal, rasa)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def service_url(running: Running) -> str:
    """Its address."""
    return f"http://127.0.0.1:{running.public}"


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Until service and dialogue engine both answer."""
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"the product stopped while starting, exit code {process.returncode}\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as response:
                if b'"dialogue": "ok"' in response.read():
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(1)
    pytest.fail(f"the product was not ready after five minutes\n{log.read_text()}")
