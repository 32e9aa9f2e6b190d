"""The supervisor: ports, restarts with growing pauses, an ordered stop, no orphans."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bot import supervisor
from bot.settings import Settings
from bot.supervisor import Part, PortTaken, check_ports

ROOT = Path(__file__).parents[2]


def part(program: str) -> Part:
    return Part("child", [sys.executable, "-c", textwrap.dedent(program)], "http://127.0.0.1:1/", dict(os.environ))


def alive(pid: int) -> bool:
    """A zombie that nobody has waited for yet does not count."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


@pytest.mark.parametrize("field", ["port", "internal_port", "rasa_port"])
def test_a_taken_port_is_named_with_its_setting_and_nothing_starts(
    field: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(
            **{"port": 18001, "internal_port": 18002, "rasa_port": 18003} | {field: taken.getsockname()[1]}
        )
        with pytest.raises(PortTaken, match=f"YINFAWEN_{field.upper()}"):
            check_ports(settings)
        monkeypatch.setattr(supervisor, "make_parts", lambda _: pytest.fail("something was started"))
        assert supervisor.run(settings) == 1
    assert f"YINFAWEN_{field.upper()}" in capsys.readouterr().out


def test_what_dies_is_restarted_with_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    child = part("pass")
    pauses = []
    for _ in range(7):
        child.tend()
        assert child.process is not None
        child.process.wait()
        child.tend()
        assert child.process is None
        pauses.append(child.pause)
        now[0] = child.next_start - 0.01
        child.tend()
        assert child.process is None  # not before its pause is over
        now[0] = child.next_start
    assert pauses == [2, 4, 8, 16, 30, 30, 30]
    child.tend()
    assert child.process is not None
    child.process.wait()
    now[0] += supervisor.STEADY + 1
    child.tend()
    assert child.pause == supervisor.FIRST_PAUSE  # it ran steadily, so the next pause is short again


def test_stopping_ends_the_child_and_what_it_started() -> None:
    child = part(
        """
        import subprocess, sys, time
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(grandchild.pid, flush=True)
        time.sleep(60)
        """
    )
    process = subprocess.Popen(child.command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    child.process = process  # type: ignore[assignment]  # text mode only to read the number
    child.stop()
    assert gone_within(grandchild, 5)


def test_a_child_that_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.3)
    child = part(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(60)
        """
    )
    process = subprocess.Popen(child.command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "deaf\n"  # from here on it ignores SIGTERM, however slow the machine is
    child.process = process  # type: ignore[assignment]  # text mode only to read the line
    child.stop()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_supervisor_leaves_no_orphan() -> None:
    program = """
        import os, sys, time
        from bot.supervisor import Part
        child = Part("child", [sys.executable, "-c", "import time; time.sleep(60)"], "http://127.0.0.1:1/", dict(os.environ))
        child.start()
        print(child.process.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone_within(pid, 5)
