"""Published entries that newer shipped content no longer fits: the build goes on, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.catalogue import load_catalogue
from knowledge.conflicts import fitting, keep, set_aside
from knowledge.entries import Entry, record
from knowledge.release import build_release, current, entries_of, publish
from knowledge.schema import ContentError
from tests.knowledge.small import CommandLine, LetterEmbedder, small_content


def card(content: Path, id: str) -> dict[str, Any]:
    found = record(load_catalogue(content), "channel", "12348")
    assert found is not None
    return found | {"id": id, "name": f"新开的{id}", "aliases": [], "questions": []}


def guide(content: Path, **changes: Any) -> Entry:
    body = record(load_catalogue(content), "guide", "legal-aid")
    assert body is not None
    return Entry("guide", "legal-aid", body | changes)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_content(tmp_path_factory.mktemp("conflicts") / "content")


def test_what_fits_together_stays_in_whatever_order(content: Path) -> None:
    needs = guide(content, routes=[{"door": "new-door", "why": "新开的"}])
    door = Entry("channel", "new-door", card(content, "new-door"))
    bad = Entry("scope", "bad", {"id": "bad"})
    kept, aside = fitting(load_catalogue(content), [needs, bad, door], content)
    assert kept == [needs, door]
    assert [row.entry for row in aside] == [bad]
    assert "bad" in aside[0].fault


def test_a_quote_that_the_documents_no_longer_have_is_a_conflict(content: Path) -> None:
    body = guide(content).body
    assert body is not None
    first, *others = body["sections"]
    said = {"text": "一句", "basis": [{"report": "报告里从来没有的一句话"}]}
    quoting = guide(content, sections=[first | {"statements": [said]}, *others])
    kept, aside = fitting(load_catalogue(content), [quoting], content)
    assert kept == []
    assert [row.entry for row in aside] == [quoting]


def test_what_is_new_has_to_fit(content: Path) -> None:
    with pytest.raises(ContentError, match="nowhere"):
        fitting(load_catalogue(content), [], content, [guide(content, routes=[{"door": "nowhere", "why": "x"}])])


def test_a_damaged_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "set-aside.json").write_text("{", encoding="utf-8")
    with pytest.raises(ContentError, match="set-aside"):
        set_aside(tmp_path)
    keep(tmp_path, [])
    assert set_aside(tmp_path) == []


def test_newer_content_does_not_stop_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(tmp_path, monkeypatch, capsys)
    doors = run.content / "channels.yml"
    shipped = yaml.safe_load(doors.read_text(encoding="utf-8"))
    extra = card(run.content, "old-door")
    doors.write_text(yaml.safe_dump([*shipped, extra], allow_unicode=True), encoding="utf-8")
    releases = run.data / "releases"
    entry = guide(run.content, title="指向旧渠道", routes=[{"door": "old-door", "why": "以前在这里"}])
    publish(releases, build_release(releases, LetterEmbedder(), run.content, entries=[entry]))

    doors.write_text(yaml.safe_dump(shipped, allow_unicode=True), encoding="utf-8")  # the new version has no such door
    code, said = run("build")
    assert code == 0, said
    assert "guide:legal-aid" in said
    assert entries_of(releases, current(releases)) == []
    assert [row.entry for row in set_aside(releases)] == [entry]

    code, said = run("build")  # it is not forgotten
    assert code == 0
    assert "guide:legal-aid" in said

    doors.write_text(
        yaml.safe_dump([*shipped, extra], allow_unicode=True), encoding="utf-8"
    )  # and taken up when it fits
    code, said = run("build")
    assert code == 0
    assert "guide:legal-aid" not in said
    assert entries_of(releases, current(releases)) == [entry]
    assert set_aside(releases) == []


def test_a_mended_one_is_no_conflict(tmp_path: Path, content: Path) -> None:
    releases = tmp_path / "releases"
    old = guide(content, routes=[{"door": "nowhere", "why": "x"}])
    _, aside = fitting(load_catalogue(content), [old], content)
    releases.mkdir()
    keep(releases, aside)
    assert len(set_aside(releases)) == 1
    mended = guide(content, title="改好了")
    publish(releases, build_release(releases, LetterEmbedder(), content, entries=[mended]))
    assert set_aside(releases) == []
