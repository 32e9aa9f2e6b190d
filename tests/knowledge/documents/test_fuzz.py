"""Damaged and hostile files of every kind: read or refused, never anything else, and soon."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.documents.apart import pieces_apart
from knowledge.documents.read import read_pieces
from knowledge.sources.files import ImportRefused
from tests.knowledge.documents.files import MAKERS

# `YINFAWEN_FUZZ=100` asks a hundred times as much.
EXAMPLES = 60 * int(os.environ.get("YINFAWEN_FUZZ", "1"))
# In the service 30 s; here each file is tiny.
DEADLINE_MS = 5_000
quick = settings(
    max_examples=EXAMPLES, deadline=DEADLINE_MS, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES == 60
)


def outcome(suffix: str, content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(content)
        try:
            pieces = read_pieces(path)
        except ImportRefused:
            return "refused"
        assert pieces
        assert all(piece.text.strip() and len(piece.text) <= 4_000 for piece in pieces)
        return "read"


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """``good`` with bytes changed, left out, doubled, or cut off."""
    raw = bytearray(good)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        kind = draw(st.sampled_from(["set", "cut", "double", "insert", "drop"]))
        if kind == "set" and raw:
            raw[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            raw = raw[: max(1, at)]
        elif kind == "double":
            raw[at:at] = raw[at : at + draw(st.integers(1, 400))]
        elif kind == "insert":
            raw[at:at] = draw(st.binary(max_size=30))
        else:
            del raw[at : at + draw(st.integers(1, 60))]
    return bytes(raw)


@pytest.mark.parametrize("suffix", list(MAKERS))
def test_mutated_files(suffix: str, tmp_path: Path) -> None:
    good = MAKERS[suffix](tmp_path)
    assert outcome(suffix, good) == "read"

    @quick
    @given(mutated(good))
    def check(content: bytes) -> None:
        outcome(suffix, content)

    check()


@pytest.mark.parametrize("suffix", [".docx", ".xlsx"])
def test_mutated_parts_of_packages(suffix: str, tmp_path: Path) -> None:
    """The package is sound, what is in it is not: deeper than a changed byte of a zip gets."""
    with zipfile.ZipFile(io.BytesIO(MAKERS[suffix](tmp_path))) as package:
        parts = {name: package.read(name) for name in package.namelist()}

    @quick
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(parts)))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as package:
            for part, content in parts.items():
                package.writestr(part, data.draw(mutated(content)) if part == name else content)
        outcome(suffix, out.getvalue())

    check()


@quick
@given(st.lists(st.sampled_from(
    ["<table>", "<tr>", "<td>", "</td>", "</table>", "<h1>", "</h1>", "<p>", "<br>", "甲", "第一条", "一、", "&#xe001;9",
     "&#xe000;", "&#xe002;", "&#xe003;", "<svg>", "<!--", "]]>", "<template>", "\x00", "。", "<form>", "<li>", " ", "\n"]
), max_size=60))  # fmt: skip
def test_web_pages_of_any_build(tags: list[str]) -> None:
    outcome(".html", "".join(tags).encode() or b"x")


@quick
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    outcome(".txt", text.encode("utf-8", "surrogatepass") or b"x")


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".html", b"<div>" * 20_000 + "甲。".encode()),
        (".html", b"<table><tr><td>" * 20_000 + "甲。".encode()),
        (".txt", b"\xe7\xac\xac" * 300_000),
        (".txt", "第一条\n".encode() * 200_000),
        (".txt", "（一）".encode() * 500_000),
        (".pdf", b"%PDF-1.4\n" + b"1 0 obj<</Kids[1 0 R]/Type/Pages/Count 1>>endobj\n" * 20_000),
        (".csv", b'"' * 1_000_000),
        (".csv", b"," * 1_000_000),
    ],
    ids=["deep", "deep tables", "one line", "many articles", "many points", "circles", "quotes", "columns"],
)
def test_floods_end_in_time(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    refused: list[str] = []
    try:
        assert pieces_apart(path)
    except ImportRefused as refusal:
        refused.append(str(refusal))
    assert not [told for told in refused if "没有读完" in told or "出了错" in told]
