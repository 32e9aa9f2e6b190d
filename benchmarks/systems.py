"""The two systems that ``benchmarks.turns`` drives: how each is started, asked, watched and stopped."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Protocol

import aiohttp

from benchmarks import plain_rasa
from knowledge.settings import ROOT, KnowledgeSettings

START_LIMIT = 600
TICKS = os.sysconf("SC_CLK_TCK")
_ENGINE = re.compile(r'^yinfawen_turns_total\{.*engine="(\w+)".*\} ([\d.e+]+)$', re.MULTILINE)


class System(Protocol):
    """Something that residents can talk to."""

    name: str

    def wait(self) -> None:
        """Until it answers. RuntimeError when it ends before or takes too long."""

    async def conversation(self, session: aiohttp.ClientSession) -> dict[str, str]:
        """What :meth:`turn` needs to know of a new conversation."""

    async def turn(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> bool:
        """Say ``text``; False when the answer is an error or none."""

    def pids(self) -> list[int]:
        """Its processes."""

    def memory(self) -> dict[str, float]:
        """Resident MB by process."""

    def stop(self) -> None:
        """Stop it and wait until it is gone."""


class Ours:
    """The product as `make run` starts it, on free ports, without rate limits, with its data in ``home``."""

    name = "ours"

    def __init__(self, home: Path) -> None:
        data = KnowledgeSettings().data_dir
        for part in ("releases", "rasa"):  # saves building and training; what is outdated is made again
            if (data / part).is_dir():
                shutil.copytree(data / part, home / part)
        port, self._internal, rasa = free_ports(3)
        settings = {"PORT": port, "INTERNAL_PORT": self._internal, "RASA_PORT": rasa, "DATA_DIR": home}
        settings |= dict.fromkeys(("TURNS_PER_MINUTE", "ADDRESS_PER_MINUTE", "CONVERSATIONS_PER_MINUTE"), 0)
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        environment |= {f"YINFAWEN_{name}": str(value) for name, value in settings.items()}
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment, stdout=2)

    def wait(self) -> None:
        _wait(self._process, f"{self.url}/readyz", b'"dialogue": "ok"')

    async def conversation(self, session: aiohttp.ClientSession) -> dict[str, str]:
        async with session.post(f"{self.url}/api/v1/conversations") as response:
            response.raise_for_status()
            return dict(await response.json())

    async def turn(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> bool:
        url = f"{self.url}/api/v1/conversations/{conversation['conversation_id']}/turns"
        headers = {"Authorization": f"Bearer {conversation['token']}"}
        body = {"text": text, "client_turn_id": uuid.uuid4().hex}
        async with session.post(url, json=body, headers=headers) as response:
            answer = await response.json()
            return response.status == 200 and answer["answer"]["status"] != "error"

    def engines(self) -> dict[str, int]:
        """Turns by who answered them. Only those by ``rasa`` went the whole way."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._internal}/metrics", timeout=5) as response:
            found = _ENGINE.findall(response.read().decode())
        return {name: round(sum(float(count) for who, count in found if who == name)) for name, _ in found}

    def pids(self) -> list[int]:
        return family(self._process.pid)

    def memory(self) -> dict[str, float]:
        return {_role(pid): resident_mb(pid) for pid in self.pids()}

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


class Plain:
    """The plain Rasa project over its REST channel."""

    name = "plain Rasa"

    def __init__(self, python: Path, project: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._process = plain_rasa.start(python, project, port)

    def wait(self) -> None:
        _wait(self._process, f"{self.url}/webhooks/rest/", b"ok")
        body = b'{"sender": "warm-up", "message": "\xe4\xbd\xa0\xe5\xa5\xbd"}'
        request = urllib.request.Request(
            f"{self.url}/webhooks/rest/webhook", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            response.read()

    async def conversation(self, session: aiohttp.ClientSession) -> dict[str, str]:
        return {"sender": uuid.uuid4().hex}

    async def turn(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> bool:
        body = {**conversation, "message": text}
        async with session.post(f"{self.url}/webhooks/rest/webhook", json=body) as response:
            return response.status == 200 and bool(await response.json())

    def pids(self) -> list[int]:
        return family(self._process.pid)

    def memory(self) -> dict[str, float]:
        return {"rasa": sum(resident_mb(pid) for pid in self.pids())}

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on right now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def family(root: int) -> list[int]:
    """``root`` and all its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:
                continue
    members = [root]
    for pid in members:  # grows while it is walked: children of children come in
        members += [child for child, parent in parents.items() if parent == pid]
    return members


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes so far."""
    return sum(int(field) for pid in pids for field in _stat(pid)[11:13]) / TICKS


def resident_mb(pid: int) -> float:
    """Resident memory, shared pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third (state) on; the second may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _role(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text()
    return "rasa" if "bot.dialogue.launch" in command else "service" if "\0service" in command else "supervisor"


def _wait(process: subprocess.Popen[bytes], url: str, sign: bytes) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < START_LIMIT:
        if process.poll() is not None:
            raise RuntimeError(f"{url}: the process ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if sign in response.read():
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.5)
    raise RuntimeError(f"{url}: no answer after {START_LIMIT} seconds")
