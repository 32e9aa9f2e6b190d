"""Golden questions: what a careful clerk would accept as an answer. The columns are told in tests/golden/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from knowledge.catalogue import ContentError, Row, Text, read_rows
from knowledge.records import Status

Kind = Literal["legal", "service", "report", "unanswerable", "declined", "crisis", "nearmiss"]
Style = Literal["standard", "colloquial", "dialect", "short", "long", "voice", "typo"]
CHANNEL = "channel:"


class Golden(Row):
    """One question with everything that is right for it; an empty list means: not judged."""

    q: Text
    style: Style
    kind: Kind
    status: Annotated[tuple[Status, ...], Field(min_length=1)]
    guides: tuple[Text, ...] = ()
    sections: tuple[Text, ...] = ()
    doors: tuple[Text, ...] = ()
    figures: tuple[Text, ...] = ()
    never: tuple[Text, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Acceptable matters in the names that search uses: ``guide:<id>`` or ``channel:<id>``."""
        return tuple(name if name.startswith(CHANNEL) else f"guide:{name}" for name in self.guides)

    @property
    def answerable(self) -> bool:
        """We know the answer, so saying nothing is a loss."""
        return Status.ANSWERED in self.status and Status.UNANSWERABLE not in self.status

    @property
    def harmless(self) -> bool:
        """Nobody is in danger, and no wording leaves that open."""
        return self.kind != "crisis" and Status.CRISIS not in self.status

    @property
    def silent(self) -> bool:
        """We do not know it or must decline it, so a wrong answer here is a false one."""
        return not self.answerable and self.kind not in ("crisis", "nearmiss")


def read_golden(*paths: Path) -> dict[str, list[Golden]]:
    """Golden questions by half (a file's name) of files and of folders of them. ContentError names file and line, or says
    that there are none."""
    files = [file for path in paths for file in (sorted(path.glob("*.yml")) if path.is_dir() else [path])]
    if not files:
        raise ContentError(f"{' '.join(map(str, paths))}: no golden questions (*.yml) here")
    return {file.stem: read_rows(file, Golden) for file in files}
