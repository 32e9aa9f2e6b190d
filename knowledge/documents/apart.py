"""Files are read in a process of their own: with little memory and time, no network, no other programs.

What a hostile file does there, it does to nobody: a crash, a hang or a flood is told as a refusal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from knowledge.documents.pieces import Piece
from knowledge.sources.files import ImportRefused, size_checked
from knowledge.sources.tables import Table

SECONDS = 30
MEMORY = 1_000_000_000  # bytes of address space
OUTPUT = 120_000_000
AT_ONCE = 2  # files that are read at the same time, in each service process
_TURN = threading.BoundedSemaphore(AT_ONCE)
_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_ADVICE = (
    f"读了 {SECONDS} 秒还没有读完，不收。请把文件分小，或用 Word、WPS 打开后另存一份再传 / took too long to read"
)
_CRASH_ADVICE = "读的时候出了错（文件太大或有问题），不收。请用 Word、WPS 打开后另存一份再传 / could not be read"


def pieces_apart(path: Path) -> list[Piece]:
    """The pieces of a document (see :func:`knowledge.documents.read.read_pieces`). ImportRefused, also for a crash."""
    return [Piece(tuple(headings), text) for headings, text in _told("pieces", path)]


def text_apart(path: Path) -> str:
    """The text of a file as :func:`knowledge.sources.files.read_text` gives it."""
    return str(_told("text", path))


def tables_apart(path: Path) -> list[list[Table]]:
    """The tables of a file as :func:`knowledge.sources.tables.read_tables` gives them."""
    return [[_table(*columns) for columns in way] for way in _told("tables", path)]


def _table(sheet: str | None, rows: Any, filled: Any, top: Any, merges_known: bool) -> Table:
    frozen = [tuple(tuple(map(str, row)) for row in cells) for cells in (rows, filled, top)]
    return Table(sheet, frozen[0], frozen[1], frozen[2], bool(merges_known))


def _told(what: str, path: Path, seconds: float = SECONDS) -> Any:
    """What the process says about ``path``. It gets a copy of no secret: an environment of its own."""
    size_checked(path)
    if not _TURN.acquire(timeout=seconds):
        raise ImportRefused(f"{path.name}: 现在正在读别的文件，请过一会儿再传 / busy with other files, try again")
    try:
        told = _run(what, path, seconds)
    finally:
        _TURN.release()
    if not isinstance(told, dict) or not told.keys() & {"found", "refused"}:
        raise ImportRefused(f"{path.name}: {_CRASH_ADVICE}")
    if "refused" in told:
        raise ImportRefused(str(told["refused"]))
    return told["found"]


def _run(what: str, path: Path, seconds: float) -> Any:
    """What the process wrote, None when it wrote nothing of sense."""
    with tempfile.TemporaryDirectory(prefix="yinfawen-read-") as folder:
        out = Path(folder) / "out.json"
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "knowledge.documents.reader", what, str(path.resolve()), str(out)]
        try:
            done = subprocess.run(
                command, cwd=_ROOT, env=environment, timeout=seconds, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ImportRefused(f"{path.name}: {_TIMEOUT_ADVICE}") from error
        try:
            return json.loads(out.read_bytes()) if done.returncode == 0 else None
        except (OSError, ValueError):
            return None
