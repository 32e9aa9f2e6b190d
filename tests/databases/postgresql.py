"""A PostgreSQL of our own for the tests: on loopback, in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

NAME = "yinfawen"


def binaries() -> Path | None:
    """The folder with initdb and postgres: on PATH, or Debian's, the newest first; None when there is none."""
    found = shutil.which("initdb")
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: -int(path.split("/")[4]))
    candidates = [Path(path).resolve().parent for path in [*([found] if found else []), *debian]]
    return next((folder for folder in candidates if (folder / "postgres").is_file()), None)


class Postgres:
    """One server; ``stop`` and ``start`` may be called again and again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.data = folder / "data"
        self.programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._log = (folder / "log").open("ab")
        # It refuses to run as root; Debian's own account for it or nobody does.
        self._user: str | None = None
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self._user = "postgres" if "postgres" in names else "nobody"
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self.data), "-U", NAME, "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync")

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.programs / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            self._command(program, *arguments), user=self._user, check=True, capture_output=True, cwd="/", timeout=120
        )

    def start(self) -> None:
        options = {"fsync": "off", "unix_socket_directories": "", "listen_addresses": "127.0.0.1", "port": self.port}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self.data), *settings),
            user=self._user,
            cwd="/",
            stdout=self._log,
            stderr=self._log,
        )
        for _ in range(200):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres"), connect_timeout=1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def stop(self) -> None:
        """At once, breaking every connection: what a restart looks like from outside."""
        if self._process is not None:
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")
            self._process.wait(20)
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql://{NAME}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new, empty database."""
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield self.url(name)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
