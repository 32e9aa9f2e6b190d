"""The check before publishing, and the golden questions that ship for it."""

from __future__ import annotations

from pathlib import Path

from knowledge.answer import Knowledge
from knowledge.catalogue import load_catalogue
from knowledge.entries import Entry, record
from knowledge.evaluate.compare import QUESTIONS, compare
from knowledge.evaluate.golden import read_golden
from knowledge.learning import GATE_FILE
from knowledge.release import build_release, load_release
from tests.knowledge.small import LetterEmbedder, small_content

GOLDEN = Path(__file__).parent.parent / "golden"


def test_the_questions_that_ship_are_golden_and_touch_every_guide() -> None:
    shipped = read_golden(QUESTIONS)["check"]
    assert {row.model_dump_json() for row in shipped} <= {
        row.model_dump_json() for rows in read_golden(GATE_FILE, GOLDEN).values() for row in rows
    }
    asked = {name for row in shipped for name in row.guides}
    golden = {name for rows in read_golden(GATE_FILE, GOLDEN).values() for row in rows for name in row.guides}
    assert {guide.id for guide in load_catalogue().guides} & golden <= asked
    assert {"unanswerable", "declined", "crisis"} <= {row.kind for row in shipped}


def test_what_gets_worse_better_and_different_is_told_apart(tmp_path: Path) -> None:
    content, releases, embedder = small_content(tmp_path / "content"), tmp_path / "releases", LetterEmbedder()
    catalogue = load_catalogue(content)
    known = catalogue.guides[1].sections[0].questions[0]
    body = record(catalogue, "guide", "legal-aid")
    assert body is not None
    statements = body["sections"][0]["statements"]
    statements[0]["text"] = "这一句是新写的。"
    names = [
        build_release(releases, embedder, content),
        build_release(releases, embedder, content, entries=[Entry("guide", "legal-aid", body)]),
    ]
    old, new = (Knowledge(load_release(releases, name, embedder), embedder) for name in names)
    folder = tmp_path / "questions"
    folder.mkdir()
    (folder / "check.yml").write_text(
        f"- {{q: {known}, style: short, kind: legal, status: [answered], figures: [这一句是新写的]}}\n"
        f"- {{q: {known}？, style: short, kind: legal, status: [answered]}}\n",
        encoding="utf-8",
    )
    found = compare(old, new, folder)
    assert [item.verdict for item in found.differences] == ["better", "different"]
    assert (found.asked, found.right_before, found.right_after, found.dropped) == (2, 1, 2, False)
    back = compare(new, old, folder)
    assert [item.verdict for item in back.differences] == ["worse", "different"]
    assert back.dropped
    assert compare(new, new, folder).differences == ()
