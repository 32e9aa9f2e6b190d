"""Entries over the shipped content: what they change, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.entries import Entry, overlaid, read_entries, record, write_entries
from knowledge.schema import ContentError
from tests.knowledge.small import CommandLine, small_content


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_content(tmp_path_factory.mktemp("entries") / "content")


@pytest.fixture(scope="module")
def catalogue(content: Path) -> Catalogue:
    return load_catalogue(content)


def changed(catalogue: Catalogue, kind: str, key: str, **values: Any) -> Entry:
    body = record(catalogue, kind, key)
    assert body is not None
    return Entry(kind, key, body | values)


def test_a_record_is_written_and_read_back_without_loss(catalogue: Catalogue, content: Path) -> None:
    entries = [
        changed(catalogue, "guide", "legal-aid"),
        changed(catalogue, "channel", "12348"),
        changed(catalogue, "status", "greet"),
        changed(catalogue, "scope", catalogue.scope[0].id),
    ]
    assert overlaid(catalogue, entries, content) == catalogue


def test_an_entry_replaces_in_place_adds_last_and_takes_away(catalogue: Catalogue, content: Path) -> None:
    card = record(catalogue, "channel", "12348")
    assert card is not None
    entries = [
        changed(catalogue, "guide", "commitment", title="新的标题"),
        Entry("channel", "new-door", card | {"id": "new-door", "aliases": [], "questions": []}),
        Entry("scope", catalogue.scope[1].id, None),
    ]
    laid = overlaid(catalogue, entries, content)
    assert [guide.title for guide in laid.guides] == ["新的标题", catalogue.guides[1].title]
    assert laid.channels[-1].id == "new-door"
    assert [note.id for note in laid.scope] == [note.id for note in catalogue.scope if note != catalogue.scope[1]]


@pytest.mark.parametrize(
    ("kind", "key", "values", "fault"),
    [
        ("guide", "legal-aid", {"title": ""}, "title"),
        ("guide", "legal-aid", {"id": "other"}, "编号要是"),
        ("guide", "legal-aid", {"surprise": 1}, "surprise"),
        ("guide", "legal-aid", {"routes": [{"door": "nowhere", "why": "x"}]}, "nowhere"),
        ("channel", "12348", {"number": "call me"}, "number"),
        (
            "channel",
            "12348",
            {"aliases": ["x"], "questions": ["法律援助热线", "法律援助热线"]},
            "occurs more than once",
        ),
        ("status", "greet", {"text": "您好 {name}"}, "花括号"),
        ("status", "answered", {"text": "没了"}, "花括号"),
    ],
)
def test_faults_are_told_and_nothing_is_taken(
    catalogue: Catalogue, content: Path, kind: str, key: str, values: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ContentError, match=fault):
        overlaid(catalogue, [changed(catalogue, kind, key, **values)], content)


def test_a_door_that_guides_name_cannot_be_taken_away(catalogue: Catalogue, content: Path) -> None:
    with pytest.raises(ContentError, match="12348"):
        overlaid(catalogue, [Entry("channel", "12348", None)], content)


def test_entries_survive_a_file(tmp_path: Path) -> None:
    entries = [Entry("guide", "a", {"id": "a", "用": [1, None]}), Entry("scope", "b", None)]
    write_entries(tmp_path / "entries.json", entries)
    assert read_entries(tmp_path / "entries.json") == entries
    assert read_entries(tmp_path / "none.json") == []


def test_a_draft_is_built_and_checked_but_not_published_and_a_later_build_keeps_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from knowledge import draft_command
    from knowledge.release import current, entries_of, publish
    from tests.knowledge.small import LetterEmbedder

    run = CommandLine(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(draft_command, "CONTENT", run.content)
    monkeypatch.setattr(draft_command, "SentenceTransformerEmbedder", lambda source: LetterEmbedder())
    assert run("build")[0] == 0
    releases = run.data / "releases"
    first = current(releases)
    entry = changed(load_catalogue(run.content), "guide", "legal-aid", title="改过的标题")
    given, report = tmp_path / "entries.json", tmp_path / "report.json"
    write_entries(given, [entry])
    questions = tmp_path / "questions"
    questions.mkdir()
    known = load_catalogue(run.content).guides[1].sections[0].questions[0]
    row = {"q": known, "style": "short", "kind": "legal", "status": ["answered"], "guides": ["legal-aid"]}
    (questions / "check.yml").write_text(yaml.safe_dump([row], allow_unicode=True), encoding="utf-8")
    code, said = run("draft", given, report, "--questions", questions)
    assert code == 0, said
    found = json.loads(report.read_text(encoding="utf-8"))
    assert current(releases) == first == found["against"]
    assert found["release"] != first
    assert found["comparison"]["asked"] == 1
    assert not found["comparison"]["dropped"]
    publish(releases, found["release"])
    (run.content / "laws.yml").write_text((run.content / "laws.yml").read_text("utf-8") + "\n", encoding="utf-8")
    assert run("build")[0] == 0
    assert entries_of(releases, current(releases)) == [entry]
    write_entries(given, [Entry("guide", "legal-aid", {"id": "legal-aid"})])
    code, said = run("draft", given, report)
    assert code == 1
    assert "guide legal-aid: title: 要填" in said
