"""The service as a process of its own with small knowledge and no dialogue engine, to be killed or starved.

``python -m tests.faults.small_service SECONDS``: settings from the environment, an answer takes so many seconds.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from knowledge.records import Answer
from tests.bot.fakes import SmallKnowledge
from tests.conftest import ROOT, free_ports

HUNGRY = "占很多内存"


class HungryKnowledge(SmallKnowledge):
    """Takes half a gigabyte for a question with that word in it."""

    def answer(self, text: str) -> Answer:
        if HUNGRY in text:
            b"x" * (512 * 1024 * 1024)  # written, so that it is really taken
        return super().answer(text)


class SmallService:
    """One such process; ``port`` is its site."""

    def __init__(self, folder: Path, seconds: float = 0.0, **settings: Any) -> None:
        """``seconds`` an answer takes; settings by their names, for rate limits none unless given."""
        self.port, self._internal, nobody = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        unlimited = ("turns_per_minute", "address_per_minute", "conversations_per_minute", "suggestions_per_minute")
        given = {**dict.fromkeys(unlimited, 0), **settings}
        given |= {"data_dir": folder, "port": self.port, "internal_port": self._internal, "rasa_port": nobody}
        self.command = [sys.executable, "-m", "tests.faults.small_service", str(seconds)]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YINFAWEN_")},
            **{f"YINFAWEN_{name.upper()}": str(value) for name, value in given.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.environment, preexec_fn=_many_files)
        for _ in range(600):
            assert self.process.poll() is None, "it stopped while starting"
            with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{self.url}/healthz"):
                return
            time.sleep(0.1)
        raise AssertionError("it did not answer within a minute")

    def kill(self) -> None:
        """As the kernel does when memory runs out: nothing is finished."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)

    def memory(self, what: str = "VmRSS") -> int:
        """Bytes that it holds in memory now, or ``VmSize``: of address space."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024


def _many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    import uvloop

    from bot.conversations.migrate import migrate
    from bot.service import serve
    from bot.settings import Settings
    from knowledge import live

    options = Settings(_env_file=None)
    migrate(options.database)
    small = HungryKnowledge()
    small.seconds = float(sys.argv[1])
    live.use(small)  # type: ignore[arg-type]
    uvloop.run(serve(options))


if __name__ == "__main__":
    main()
