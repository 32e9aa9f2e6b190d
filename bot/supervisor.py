"""Starts the service and the dialogue engine together and keeps both running: ``python -m bot run``.

One process that restarts what dies (with growing pauses), stops in order on Ctrl-C or SIGTERM, and leaves no orphans:
should it be killed itself, the kernel stops its children (Linux).
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.rasa_model import model_path, rasa_environment
from bot.settings import ROOT, Settings

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 1.0, 30.0, 60.0
GRACE = 15.0
START_LIMIT = 180.0


class PortTaken(RuntimeError):
    """Another program listens on a port that we need."""


@dataclass(slots=True)
class Part:
    """One supervised process."""

    name: str
    command: Sequence[str]
    health: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    next_start: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the supervisor, which stops in order."""
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, start_new_session=True, preexec_fn=_die_with_parent
        )
        self.started = time.monotonic()

    def tend(self) -> None:
        """Start it when it is due; notice when it died and plan the next start."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.next_start:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        self.pause = FIRST_PAUSE if now - self.started > STEADY else min(self.pause * 2, LONGEST_PAUSE)
        self.next_start = now + self.pause
        say(f"{self.name} 停了（{code}），{self.pause:.0f} 秒后重启 / stopped, restarting")

    def stop(self) -> None:
        """Ask it to stop, wait, then kill it with whatever it started."""
        if self.process is None:
            return
        _signal(self.process, signal.SIGTERM)
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _signal(self.process, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def healthy(self) -> bool:
        """Does its health page answer with 200?"""
        try:
            with urllib.request.urlopen(self.health, timeout=1.0) as response:  # noqa: S310 (our own loopback address)
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def run(settings: Settings) -> int:
    """Run until told to stop; 0 after an ordered stop, 1 when it could not start."""
    try:
        check_ports(settings)
    except PortTaken as error:
        say(str(error))
        return 1
    stopping: list[int] = []
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: stopping.append(number))
    parts = make_parts(settings)
    announced = False
    begun = time.monotonic()
    try:
        while not stopping:
            for part in parts:
                part.tend()
            if not announced and all(part.healthy() for part in parts):
                announced = True
                say(f"准备好了 / ready: {address(settings)}   （Ctrl-C 停止 / to stop）")
            if not announced and time.monotonic() - begun > START_LIMIT and parts[0].healthy():
                announced = True
                say(f"对话引擎没有起来，先只用知识库回答 / answering without the dialogue engine: {address(settings)}")
            time.sleep(0.2)
    finally:
        say("正在停止 / stopping")
        for part in parts:  # the service first: it finishes its turns while the engine still answers
            part.stop()
    return 0


def make_parts(settings: Settings) -> list[Part]:
    """Service first, dialogue engine second; both get the same secret."""
    environment = dict(os.environ)
    environment["YINFAWEN_INTERNAL_SECRET"] = settings.internal_secret or secrets.token_urlsafe(32)
    environment["YINFAWEN_ACTIONS_URL"] = settings.actions_url
    environment["PYTHONUNBUFFERED"] = "1"
    # Threads that wait for each other by spinning cost 6 to 40 times more than they bring on two cores.
    environment.setdefault("OMP_NUM_THREADS", "1")
    environment.setdefault("TOKENIZERS_PARALLELISM", "false")
    # What loading used goes back to the machine, and threads share their reserves: some 50 MB less in each process.
    environment.setdefault("MALLOC_ARENA_MAX", "2")
    environment.setdefault("MALLOC_TRIM_THRESHOLD_", "4194304")
    environment.setdefault("MALLOC_MMAP_THRESHOLD_", "4194304")
    host = settings.host if settings.host not in {"0.0.0.0", "::", ""} else "127.0.0.1"  # noqa: S104 (compared only)
    rasa = [str(settings.rasa_python), "-m", "bot.dialogue.launch", "run"]
    rasa += ["-p", str(settings.rasa_port), "--model", str(model_path(settings))]
    return [
        Part(
            "service", [sys.executable, "-m", "bot", "service"], f"http://{host}:{settings.port}/healthz", environment
        ),
        Part("rasa", rasa, f"{settings.rasa_url}/webhooks/rest/", environment | rasa_environment(settings)),
    ]


def check_ports(settings: Settings) -> None:
    """Raises PortTaken, naming the setting to change, before anything is started."""
    wanted = [
        (settings.host, settings.port, "YINFAWEN_PORT"),
        ("127.0.0.1", settings.internal_port, "YINFAWEN_INTERNAL_PORT"),
        ("127.0.0.1", settings.rasa_port, "YINFAWEN_RASA_PORT"),
    ]
    for host, port, name in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise PortTaken(
                    f"端口 {port} 用不了（{error.strerror}）。关掉占用它的程序，或用 {name} 换一个端口。\n"
                    f"Port {port} cannot be used ({error.strerror}); free it or set {name} to another one."
                ) from error


def address(settings: Settings) -> str:
    """What to open in a browser."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 (compared only)
    return f"http://{host}:{settings.port}/"


def say(line: str) -> None:
    """Progress for the person at the terminal."""
    print(f"[yinfawen] {line}", flush=True)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        process.poll()


def _die_with_parent() -> None:
    """In the child: the kernel sends SIGTERM when the supervisor is gone, however it went."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
