"""``python -m knowledge.documents.reader pieces|text|tables FILE OUT``: the process that reads one file and has no rights.

It gives up its rights before it opens the file: limits on memory, time and output, no network, no other program.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any

from knowledge.documents.apart import MEMORY, OUTPUT, SECONDS
from knowledge.documents.confine import confine
from knowledge.sources.files import ImportRefused

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.spawn",
    "ctypes.",
    "urllib.",
)


def give_up_rights() -> None:
    """Limits of the kernel, and a hook that cannot be taken off: no network, no program, nothing loaded by ctypes."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    confine()
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


def read(what: str, path: Path) -> Any:
    """What ``path`` holds, as JSON can say it. ImportRefused."""
    if what == "pieces":
        from knowledge.documents.read import read_pieces

        return [[piece.headings, piece.text] for piece in read_pieces(path)]
    if what == "text":
        from knowledge.sources.files import read_text

        return read_text(path)
    from knowledge.sources.tables import read_tables

    return [[astuple(table) for table in way] for way in read_tables(path)]


def _load_libraries(path: Path) -> None:
    """Libraries are loaded before the rights go: some look around in the system when they are."""
    kind = path.suffix.lower()
    if kind == ".pdf":
        import pypdf  # noqa: F401
    elif kind == ".docx":
        import docx  # noqa: F401
    elif kind == ".xlsx":
        import openpyxl  # noqa: F401
    elif kind in (".html", ".htm"):
        import selectolax.lexbor  # noqa: F401


def main() -> int:
    """Read, and write what was found or why it was refused."""
    what, path, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    _load_libraries(path)
    give_up_rights()
    try:
        told = {"found": read(what, path)}
    except ImportRefused as refusal:
        told = {"refused": str(refusal)}
    out.write_text(json.dumps(told, ensure_ascii=True), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
