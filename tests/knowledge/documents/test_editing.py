"""What an editor does to passages, and what a newer file of the same document leaves of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import edit
from knowledge.documents.document_import import About, document_of, import_document
from knowledge.documents.edit import EditRefused
from knowledge.documents.pieces import Piece
from knowledge.documents.quotes import EDITED, passages_of
from knowledge.documents.records import DocumentText
from knowledge.documents.update import first_passages, updated
from knowledge.imported import read_imported
from knowledge.sources.files import ImportRefused
from tests.knowledge.small import CommandLine

ABOUT = About("某办法", "某局", date(2026, 1, 5))
TEXTS = ("甲说一。甲说二。", "乙说一。", "丙说一。", "丁说一。")


def pieces(*texts: str) -> list[Piece]:
    return [Piece(("一、标题",), text) for text in texts]


def document(*texts: str) -> DocumentText:
    return document_of(ABOUT, "0" * 12, first_passages(pieces(*texts)))


def texts(of: DocumentText) -> list[str]:
    return [passage.text for passage in of.passages]


STEPS: dict[str, Callable[[DocumentText, int], DocumentText]] = {
    "merge": edit.merged,
    "split": lambda document, number: edit.split(document, number, 3),
    "save": lambda document, number: edit.reworded(document, number, "改过。", ""),
    "out": lambda document, number: edit.left_out(document, number, True),
}


class TestEditing:
    def test_merged_and_split_back(self) -> None:
        one = edit.merged(document(*TEXTS), 2)
        assert texts(one) == [TEXTS[0], "乙说一。\n丙说一。", TEXTS[3]]
        back = edit.split(one, 2, len("乙说一。\n"))
        assert texts(back) == list(TEXTS)
        assert [len(passage.pieces) for passage in back.passages] == [1, 1, 1, 1]

    def test_split_and_merged_back(self) -> None:
        whole = document(*TEXTS)
        ((at, rest),) = edit.places(TEXTS[0])
        assert rest == "甲说二。"
        two = edit.split(whole, 1, at)
        assert texts(two)[:2] == ["甲说一。", "甲说二。"]
        assert [passage.number for passage in two.passages] == [1, 5, 2, 3, 4]
        assert texts(edit.merged(two, 1)) == list(TEXTS)

    def test_edited_words_are_not_passed_off_as_the_files(self) -> None:
        changed = edit.reworded(document(*TEXTS), 2, "乙说的别的。", "")
        told = passages_of([edit.split(changed, 1, 4)])
        assert [passage.notes for passage in told] == [(), (), (EDITED,), (), ()]

    def test_what_is_refused(self) -> None:
        whole = document(*TEXTS)
        with pytest.raises(EditRefused):
            edit.merged(whole, 4)
        with pytest.raises(EditRefused):
            edit.split(whole, 1, 999)
        with pytest.raises(EditRefused):
            edit.reworded(whole, 1, "字" * 4_001, "")
        with pytest.raises(LookupError):
            edit.merged(whole, 99)


class TestANewerFile:
    def test_the_same_file_changes_nothing(self) -> None:
        worked = edit.left_out(edit.split(edit.merged(document(*TEXTS), 2), 1, 4), 4, True)
        done = updated(worked.passages, pieces(*TEXTS))
        assert done.passages == worked.passages
        assert (done.added, done.changed, done.removed, done.conflicts) == ((), (), (), ())

    def test_added_changed_removed(self) -> None:
        done = updated(document(*TEXTS).passages, pieces(TEXTS[0], "乙说二。", "新的。", TEXTS[3]))
        assert [passage.number for passage in done.passages] == [1, 2, 3, 4]
        assert done.changed == (2, 3)
        done = updated(document(*TEXTS).passages, pieces(*TEXTS[:3], "新的。", TEXTS[3]))
        assert (done.added, done.changed, done.removed) == ((5,), (), ())
        done = updated(document(*TEXTS).passages, pieces(TEXTS[0], TEXTS[2], TEXTS[3]))
        assert (done.added, done.changed, done.removed) == ((), (), (TEXTS[1],))

    def test_edits_stay_where_the_file_did(self) -> None:
        worked = edit.reworded(edit.merged(document(*TEXTS), 1), 3, "丙改过。", "别的标题")
        done = updated(worked.passages, pieces(*TEXTS[:3], "丁说二。"))
        assert done.passages[:2] == worked.passages[:2]
        assert done.changed == (4,)

    def test_edits_move_with_their_words(self) -> None:
        worked = edit.reworded(document(*TEXTS), 1, "甲改过。", "")
        done = updated(worked.passages, pieces(*TEXTS[1:], TEXTS[0]))
        assert [passage.text for passage in done.passages][-1] == "甲改过。"
        assert done.conflicts == ()

    def test_a_conflict_keeps_both(self) -> None:
        worked = edit.reworded(document(*TEXTS), 2, "乙改过。", "")
        done = updated(worked.passages, pieces(TEXTS[0], "乙说二。", *TEXTS[2:]))
        assert done.conflicts == (2,)
        now = worked.model_copy(update={"passages": done.passages})
        assert (now.passages[1].text, now.passages[1].earlier) == ("乙说二。", "乙改过。")
        assert texts(edit.settled(now, 2, mine=True))[1] == "乙改过。"
        theirs = edit.settled(now, 2, mine=False).passages[1]
        assert (theirs.text, theirs.earlier) == ("乙说二。", None)
        # A third file before anybody chose: the editor's words are still there.
        again = updated(now.passages, pieces(TEXTS[0], "乙说三。", *TEXTS[2:]))
        assert again.passages[1].earlier == "乙改过。"

    @given(
        st.lists(st.sampled_from("甲乙丙丁戊己"), min_size=1, max_size=8),
        st.lists(st.sampled_from("甲乙丙丁戊己"), min_size=1, max_size=8),
        st.lists(st.tuples(st.sampled_from(["merge", "split", "save", "out"]), st.integers(1, 10)), max_size=6),
    )
    def test_every_newer_file(self, old: list[str], new: list[str], steps: list[tuple[str, int]]) -> None:
        """All words of the newer file are there once and in order; numbers are never given twice."""
        worked = document(*(f"{word}一。{word}二。" for word in old))
        for step, number in steps:
            try:
                worked = STEPS[step](worked, number)
            except (LookupError, EditRefused):
                continue
        fresh = pieces(*(f"{word}一。{word}二。" for word in new))
        done = updated(worked.passages, fresh)
        checked = document_of(ABOUT, "0" * 12, done.passages)
        assert [piece.text for passage in checked.passages for piece in passage.pieces] == [p.text for p in fresh]


class TestByCommand:
    ABOUT = ("--title", "某办法", "--issuer", "某局", "--published", "2026-01-05")

    @pytest.fixture
    def command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> CommandLine:
        return CommandLine(tmp_path, monkeypatch, capsys)

    def test_imported_and_listed(self, command: CommandLine, tmp_path: Path) -> None:
        (tmp_path / "x.txt").write_text("甲说一。\n乙说一。\n", encoding="utf-8")
        code, said = command("import", "document", tmp_path / "x.txt", *self.ABOUT, "--valid-until", "2027-01-01")
        assert code == 0, said
        assert "新增 / added: 2" in said
        (found,) = read_imported(command.data / "imported").document_texts
        assert found.valid_until == date(2027, 1, 1)
        assert "某办法（某局，2026-01-05）  2 段" in command("import", "list")[1]

    def test_refused(self, command: CommandLine, tmp_path: Path) -> None:
        (tmp_path / "x.docm").write_bytes(b"PK")
        code, said = command("import", "document", tmp_path / "x.docm", *self.ABOUT)
        assert code != 0
        assert "不带宏" in said
        (tmp_path / "x.txt").write_text("甲。", encoding="utf-8")
        assert command("import", "document", tmp_path / "x.txt", *self.ABOUT, "--replaces", "abc")[0] != 0
        assert command("import", "document", tmp_path / "x.txt", *self.ABOUT, "--confirmed", "x")[0] != 0
        assert not list((command.data / "imported").glob("*.json"))

    def test_a_path_is_no_id(self, tmp_path: Path) -> None:
        (tmp_path / "x.txt").write_text("甲。", encoding="utf-8")
        with pytest.raises(ImportRefused):
            import_document(tmp_path / "x.txt", tmp_path / "imported", ABOUT, "../x")
