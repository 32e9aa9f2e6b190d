"""Imported documents: kept outside of the repository, merged into the catalogue, and part of the release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from knowledge.catalogue import CONTENT, load_catalogue
from knowledge.imported import Changes, LawArticle, LawText, keep, read_imported
from knowledge.proof_import import import_proofs
from knowledge.release import build_release, built, load_release
from knowledge.schema import ContentError
from tests.knowledge.proof_lists import TWO_ROWS, TWO_ROWS_MERGED, write_xlsx
from tests.knowledge.small import CommandLine, LetterEmbedder, small_content
from tests.knowledge.statutes import SMALL

ROOT = Path(__file__).parents[2]
ARTICLE = LawArticle(number=(1, 0), label="第一条", headings=(), text="甲。")
TEXT = LawText(name="公证法", in_force=date(2018, 1, 1), articles=(ARTICLE,))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


class TestKeeping:
    def test_what_is_kept_is_read_again(self, tmp_path: Path) -> None:
        keep(tmp_path / "imported", TEXT)
        assert read_imported(tmp_path / "imported").law_texts == (TEXT,)
        assert [path.name for path in (tmp_path / "imported").iterdir()] == ["law-公证法.json"]

    def test_a_half_written_file_is_never_in_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        keep(tmp_path, TEXT)

        def power_fails(*_: object) -> None:
            raise OSError("power")

        monkeypatch.setattr(os, "replace", power_fails)
        with pytest.raises(OSError, match="power"):
            keep(tmp_path, TEXT.model_copy(update={"articles": ()}))
        assert read_imported(tmp_path).law_texts == (TEXT,)

    def test_no_folder_and_an_empty_one_hold_nothing(self, tmp_path: Path) -> None:
        nothing = load_catalogue()
        assert load_catalogue(CONTENT, tmp_path) == load_catalogue(CONTENT, tmp_path / "nowhere") == nothing
        assert (nothing.law_texts, nothing.proof_lists) == ((), ())

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ('"第一条"', '""', "articles.0.label: String should have at least 1 character"),
            ('"kind": "law"', '"kind": "poem"', "kind"),
            ('"in_force": "2018-01-01"', '"in_force": "morgen"', "in_force"),
            ("{", "", "Invalid JSON"),
            ('"公证法"', '"民法典"', "应叫 law-民法典.json"),
        ],
        ids=["empty label", "unknown kind", "bad date", "no JSON", "another name"],
    )
    def test_a_damaged_file_is_named_with_the_reason(self, tmp_path: Path, old: str, new: str, why: str) -> None:
        keep(tmp_path, TEXT)
        path = tmp_path / TEXT.file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ContentError) as told:
            load_catalogue(CONTENT, tmp_path)
        assert str(told.value).startswith("imported/law-公证法.json: ")
        assert why in str(told.value)

    def test_doubled_articles_are_damage(self, tmp_path: Path) -> None:
        keep(tmp_path, TEXT.model_copy(update={"articles": (ARTICLE, ARTICLE)}))
        with pytest.raises(ContentError, match="occurs more than once"):
            read_imported(tmp_path)

    def test_a_law_that_nobody_knows(self, tmp_path: Path) -> None:
        keep(tmp_path, TEXT.model_copy(update={"name": "没有的法"}))
        with pytest.raises(ContentError, match=r"imported/law-没有的法\.json: 法律“没有的法”不在 laws\.yml 里"):
            load_catalogue(CONTENT, tmp_path)

    def test_changes(self) -> None:
        changes = Changes.between({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"})
        assert (changes.added, changes.changed, changes.removed) == (("d",), ("c",), ("a",))


class TestContentFile:
    """``proof_synonyms.yml`` is checked like all content."""

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            (
                "overview: commitment/list-79",
                "overview: commitment/nowhere",
                "there is no section 'commitment/nowhere'",
            ),
            ("  about: ", "  about: (", "no regular expression"),
            ("  unstated: ", "  unsaid: ", "phrases.unstated: Field required"),
        ],
    )
    def test_slips_are_told(self, tmp_path: Path, old: str, new: str, why: str) -> None:
        content = small_content(tmp_path / "content")
        path = content / "proof_synonyms.yml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ContentError) as told:
            load_catalogue(content)
        assert why in str(told.value)
        assert "proof_synonyms.yml" in str(told.value)


def test_a_release_holds_what_was_imported_and_has_another_mark(tmp_path: Path) -> None:
    content, imported, releases = small_content(tmp_path / "content"), tmp_path / "imported", tmp_path / "releases"
    embedder = LetterEmbedder()
    plain = build_release(releases, embedder, content)
    assert built(releases, embedder.digest, content) == built(releases, embedder.digest, content, imported) == plain
    keep(imported, TEXT)
    import_proofs(
        write_xlsx(tmp_path / "l.xlsx", TWO_ROWS, TWO_ROWS_MERGED), imported, "清单", "某局", date(2022, 7, 11)
    )
    assert built(releases, embedder.digest, content, imported) is None
    loaded = load_release(releases, build_release(releases, embedder, content, imported=imported), embedder)
    assert loaded.id != plain
    assert loaded.catalogue.law_texts == (TEXT,)
    assert [item.proof for item in loaded.catalogue.proof_lists[0].items][:1] == ["经济困难证明"]
    stored = json.loads((releases / loaded.id / "catalogue.json").read_text(encoding="utf-8"))
    assert stored["law_texts"][0]["articles"][0]["text"] == "甲。"
    # The release keeps its copy when the folder is emptied; the next build is without it.
    for path in imported.iterdir():
        path.unlink()
    assert load_release(releases, loaded.id, embedder).catalogue.law_texts == (TEXT,)
    assert built(releases, embedder.digest, content, imported) == plain


def test_build_picks_up_what_was_imported_and_ask_answers_from_it(command: CommandLine, tmp_path: Path) -> None:
    assert command("build")[0] == 0
    releases = {path.name for path in (command.data / "releases").glob("20*")}
    file = write_xlsx(tmp_path / "list.xlsx", TWO_ROWS, TWO_ROWS_MERGED)
    named = ("--title", "某市告知承诺制证明清单", "--issuer", "某市司法局", "--published", "2022-07-11")
    assert command("import", "proofs", file, *named)[0] == 0
    code, told = command("build")
    assert code == 0
    (new,) = {path.name for path in (command.data / "releases").glob("20*")} - releases
    assert f"knowledge release {new} is published" in told
    code, told = command("ask", "办教师资格认定，无犯罪记录证明能写承诺代替吗")
    assert code == 0
    assert "可以写承诺书代替，不用去开。" in told
    assert "[answered/proof-replaceable" in told
    # Nothing changed since: nothing is built again.
    assert "embedding" not in command("build")[1]


def test_a_damaged_file_stops_the_build_and_leaves_the_release(command: CommandLine) -> None:
    assert command("build")[0] == 0
    current = (command.data / "releases" / "current").read_text(encoding="utf-8")
    keep(command.data / "imported", TEXT)
    (command.data / "imported" / TEXT.file).write_text("{", encoding="utf-8")
    code, told = command("build")
    assert code == 1
    assert told.strip().startswith("imported/law-公证法.json: 文件损坏 / damaged: ")
    assert (command.data / "releases" / "current").read_text(encoding="utf-8") == current


def test_nothing_is_imported_yet(command: CommandLine) -> None:
    assert command("import", "list") == (0, "还没有导入什么 / nothing is imported\n")


def test_the_command_as_administrators_call_it(tmp_path: Path) -> None:
    file = tmp_path / "公证法.txt"
    file.write_text(SMALL, encoding="utf-8")
    environment = {**os.environ, "YINFAWEN_DATA_DIR": str(tmp_path / "data")}
    for words, code, said in (
        (["import", "law", str(file)], 0, "已导入 / imported: 中华人民共和国公证法"),
        (["import", "list"], 0, "公证法  7 条"),
        (["import", "law", str(tmp_path / "nowhere.pdf")], 1, "没有这个文件"),
        (["check"], 1, "《公证法》第十一条，已导入的文本里没有"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "knowledge", *words], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
