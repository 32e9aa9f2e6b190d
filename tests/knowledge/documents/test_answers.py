"""Uploaded documents in a real release: their sentences answer, and nothing that was right becomes wrong."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Knowledge
from knowledge.catalogue import CONTENT
from knowledge.documents.document_import import About, import_document
from knowledge.embed import load_embedder
from knowledge.evaluate.compare import compare
from knowledge.release import build_release, load_release
from knowledge.settings import SHIPPED_MODEL
from tests.knowledge.documents.made_up import LIBRARY, LIBRARY_ASKED, PASS, PASS_ASKED, WELL, WELL_ASKED

pytestmark = pytest.mark.model
ASKED = LIBRARY_ASKED | WELL_ASKED | PASS_ASKED
# How many of the questions above are answered with their sentence; measured, see docs/decisions/0015.
ANSWERED = 20


@pytest.fixture(scope="module")
def uploaded(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The shipped knowledge with the made-up documents."""
    home = tmp_path_factory.mktemp("uploaded")
    shutil.copytree(data_dir / "releases", home / "releases")
    for name, text, title, until in (
        ("library", LIBRARY, "某镇农家书屋借阅规定", None),
        ("well", WELL, "机井灌溉用水告示", date(2026, 12, 31)),
        ("pass", PASS, "老年人免费乘车证办理须知", None),
    ):
        path = home / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        import_document(path, home / "imported", About(title, "某镇", date(2026, 1, 5), valid_until=until))
    embedder = load_embedder(SHIPPED_MODEL)
    said: list[str] = []
    name = build_release(home / "releases", embedder, CONTENT, said.append, home / "imported")
    assert "nothing new to learn, taking it from the release before" in said
    return Knowledge(load_release(home / "releases", name, embedder), embedder, today=lambda: date(2026, 11, 28))


def test_sentences_of_documents_answer(uploaded: Knowledge) -> None:
    wrong = []
    for question, words in ASKED.items():
        answer = uploaded.answer(question)
        if answer.reason != "from-document" or words not in answer.text:
            wrong.append((question, answer.reason, answer.target, answer.text))
            continue
        (citation,) = answer.citations
        assert citation.verbatim
        assert words in citation.quote
        assert citation.date == "2026-01-05"
        assert citation.passage_id
        around = uploaded.surroundings(citation.passage_id)
        assert around is not None
        assert around.before or around.after
    assert len(ASKED) - len(wrong) >= ANSWERED, wrong


def test_what_is_no_longer_valid_is_not_quoted(uploaded: Knowledge) -> None:
    later = Knowledge(uploaded.release, uploaded.embedder, today=lambda: date(2027, 1, 1))
    assert uploaded.answer("机井坏了找谁修").reason == "from-document"
    assert later.answer("机井坏了找谁修").reason != "from-document"
    assert later.answer("借的书弄丢了怎么赔").reason == "from-document"


def test_nothing_gets_worse(knowledge: Knowledge, uploaded: Knowledge) -> None:
    found = compare(knowledge, uploaded)
    assert found.asked > 100
    assert [item for item in found.differences if item.verdict == "worse"] == []


def test_danger_comes_first(uploaded: Knowledge) -> None:
    assert uploaded.answer("借的书弄丢了，他拿刀要杀我").status == "crisis"
