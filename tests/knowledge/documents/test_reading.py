"""Files become pieces by their structure, and what cannot be read is refused with what to do."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from knowledge.documents import apart
from knowledge.documents.apart import pieces_apart, tables_apart, text_apart
from knowledge.documents.blocks import blocks_of_lines
from knowledge.documents.document_import import kind_checked
from knowledge.documents.pieces import LONGEST, Piece, pieces_of, sentences
from knowledge.documents.read import without_margins
from knowledge.sources.files import ImportRefused, page_lines
from tests.knowledge.documents.files import MAKERS, PAGE, word


def read(folder: Path, suffix: str, content: bytes) -> list[Piece]:
    path = folder / f"file{suffix}"
    path.write_bytes(content)
    return pieces_apart(path)


class TestStructure:
    def test_articles_headings_and_lists_of_plain_text(self) -> None:
        text = (
            "目录\n第一章 总则......1\n第一章 总则\n第一条 为了规范甲乙丙丁戊己庚辛壬癸的工作，提高大家做事的积极性，根据有关\n"
            "规定，制定本办法。\n第二条 申请要交下列材料：\n（一）申请表；\n（二）身份证。\n一、办理时间：周一\n二、注意事项\n带身份证。\n"
        )
        assert pieces_of(blocks_of_lines(text)) == [
            Piece((), "目录"),
            Piece(
                ("第一章 总则", "第一条"),
                "第一条 为了规范甲乙丙丁戊己庚辛壬癸的工作，提高大家做事的积极性，根据有关规定，制定本办法。",
            ),
            Piece(("第一章 总则", "第二条"), "第二条 申请要交下列材料：\n（一）申请表；\n（二）身份证。"),
            Piece(("第一章 总则",), "一、办理时间：周一"),
            Piece(("第一章 总则", "二、注意事项"), "带身份证。"),
        ]

    def test_web_page(self, tmp_path: Path) -> None:
        assert read(tmp_path, ".html", PAGE.encode()) == [
            Piece(("某办法", "一、标准"), "每件补贴如下："),
            Piece(("某办法", "一、标准"), "类别：简单；金额：八十元"),
            Piece(("某办法", "一、标准"), "类别：复杂；金额：二百元 封顶"),
        ]

    def test_word(self, tmp_path: Path) -> None:
        assert read(tmp_path, ".docx", word()) == [
            Piece(("某办法", "一、范围", "第一条"), "第一条　甲村的居民都可以申请。\n外来的居民住满半年也可以。"),
            Piece(("某办法", "一、范围"), "材料：身份证；份数：一份"),
        ]

    def test_sheet(self, tmp_path: Path) -> None:
        rows = ["停靠安排", "时间：周二；地点：集市东头", "时间：周四；地点：中学门口"]
        assert [piece.text for piece in read(tmp_path, ".xlsx", MAKERS[".xlsx"](tmp_path))] == rows
        assert [piece.text for piece in read(tmp_path, ".csv", MAKERS[".csv"](tmp_path))] == ["时间：周二；地点：集市"]

    def test_pdf_without_headers_and_page_numbers(self, tmp_path: Path) -> None:
        line = "这是一行写满了的文字用来表示正常的行有多宽多宽多宽"
        assert [piece.text for piece in read(tmp_path, ".pdf", MAKERS[".pdf"](tmp_path))] == [
            f"{line}{line}，{line}{line}，结束了。"
        ]

    def test_radicals_that_browsers_print_become_characters(self) -> None:
        """「第⼀条　⻓⻔」: printed by Chromium, the characters are not those that anybody types."""
        assert page_lines("第\u2f00条　便\u2ea0\n\u2ed3\u2ed4市 2\u2f49") == ["第一条　便民", "长门市 2月"]

    def test_headers_with_numbers_go_and_text_stays(self) -> None:
        pages = [[f"第{n}期 简报", f"正文{word}", f"第 {n} 页 共 4 页"] for n, word in enumerate("甲乙丙丁", 1)]
        assert without_margins(pages) == [["正文甲"], ["正文乙"], ["正文丙"], ["正文丁"]]

    def test_no_words_are_lost(self) -> None:
        text = "标题一二三\n一、甲\n二、乙\n话。\n三、丙\n" + "很长的一句话没有句号" * 200 + "\n"
        pieces = pieces_of(blocks_of_lines(text))
        assert max(len(piece.text) for piece in pieces) <= LONGEST
        told = "".join(piece.text for piece in pieces) + "".join(head for piece in pieces for head in piece.headings)
        assert all(line in told for line in ("标题一二三", "一、甲", "二、乙", "话。", "三、丙"))
        assert sum(piece.text.count("很长") for piece in pieces) == 200

    def test_sentences(self) -> None:
        assert sentences("甲说：“走。”乙走了！\n- \n（一）丙") == ["甲说：“走。”", "乙走了！", "（一）丙"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("a.doc", "另存为 docx"),
            ("a.docm", "不带宏"),
            ("a.rar", "压缩包"),
            ("a.PNG", "图片"),
            ("a.xls", "另存为 xlsx"),
            ("a.ofd", "另存为 PDF"),
            ("a", "只收"),
        ],
    )
    def test_kinds(self, name: str, told: str) -> None:
        with pytest.raises(ImportRefused, match=told):
            kind_checked(name)

    def test_empty_and_huge(self, tmp_path: Path) -> None:
        with pytest.raises(ImportRefused, match="空的"):
            read(tmp_path, ".txt", b"")
        with pytest.raises(ImportRefused, match="没有文字"):
            read(tmp_path, ".txt", b" \n ")
        with pytest.raises(ImportRefused, match="20 MB"):
            read(tmp_path, ".txt", b"a" * 20_000_001)

    def test_renamed(self, tmp_path: Path) -> None:
        for suffix, told in ((".pdf", "改过名字"), (".docx", "docx"), (".xlsx", "xlsx")):
            with pytest.raises(ImportRefused, match=told):
                read(tmp_path, suffix, PAGE.encode())
        with pytest.raises(ImportRefused, match="不是文本"):
            read(tmp_path, ".txt", word())
        with pytest.raises(ImportRefused, match="docx"):
            read(tmp_path, ".docx", MAKERS[".xlsx"](tmp_path))

    def test_scan_and_locked_pdf(self, tmp_path: Path) -> None:
        scan = PdfWriter()
        for _ in range(3):
            scan.add_blank_page(200, 200)
        scan.write(tmp_path / "scan.pdf")
        with pytest.raises(ImportRefused, match="扫描件"):
            pieces_apart(tmp_path / "scan.pdf")
        (tmp_path / "text.pdf").write_bytes(MAKERS[".pdf"](tmp_path))
        locked = PdfWriter(clone_from=PdfReader(tmp_path / "text.pdf"))
        locked.encrypt("secret", algorithm="RC4-128")
        locked.write(tmp_path / "locked.pdf")
        with pytest.raises(ImportRefused, match="密码"):
            pieces_apart(tmp_path / "locked.pdf")

    def test_macros_and_changes(self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]) -> None:
        (tmp_path / "m.docx").write_bytes(word())
        with pytest.raises(ImportRefused, match="宏"):
            pieces_apart(zipped(tmp_path / "m.docx", {"word/vbaProject.bin": b"x"}))

    def test_zip_bombs(self, tmp_path: Path) -> None:
        bomb = tmp_path / "bomb.docx"
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("word/document.xml", b"0" * 90_000_000)
        with pytest.raises(ImportRefused, match="解压后太大"):
            pieces_apart(bomb)
        # One that lies about its size must not get far either.
        raw = bytearray((tmp_path / "bomb.docx").read_bytes())
        at = raw.rindex(b"PK\x01\x02")
        raw[at + 24 : at + 28] = (1000).to_bytes(4, "little")
        bomb.write_bytes(bytes(raw))
        with pytest.raises(ImportRefused):
            pieces_apart(bomb)

    def test_entities_are_not_opened(self, tmp_path: Path, zipped: Callable[[Path, dict[str, bytes]], Path]) -> None:
        document = docx.Document()
        document.add_paragraph("占位")
        document.save(str(tmp_path / "x.docx"))
        with zipfile.ZipFile(tmp_path / "x.docx") as package:
            body = package.read("word/document.xml").decode()
        secret = tmp_path / "secret.txt"
        secret.write_text("机密")
        evil = body.replace("<w:document", f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]><w:document', 1)
        zipped(tmp_path / "x.docx", {"word/document.xml": evil.replace("占位", "占&s;位").encode()})
        try:
            told = "".join(piece.text for piece in pieces_apart(tmp_path / "x.docx"))
        except ImportRefused:
            return
        assert "机密" not in told


class TestApart:
    """What a hostile file could do in the reading process, and what comes of it."""

    def test_no_network_no_programs(self) -> None:
        script = (
            "import sys\nfrom knowledge.documents.reader import give_up_rights\ngive_up_rights()\n"
            "import os\nfailed = 0\n"
            "def no(act):\n    global failed\n    try: act()\n    except PermissionError: failed += 1\n"
            "import socket, subprocess, _socket, _posixsubprocess\n"
            "no(lambda: socket.socket())\nno(lambda: subprocess.run(['true']))\nno(lambda: os.system('true'))\n"
            "no(lambda: os.execv('/bin/true', ['true']))\nsys.exit(failed)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=apart._ROOT, check=False, capture_output=True)
        assert done.returncode == 4, done.stderr

    def test_the_kernel_refuses_too(self) -> None:
        """Without the hook of Python, which native code would not meet."""
        script = (
            "from knowledge.documents.confine import confine\nimport socket, sys\nif not confine(): sys.exit(9)\n"
            "try: socket.socket()\nexcept PermissionError: sys.exit(3)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=apart._ROOT, check=False)
        if done.returncode == 9:
            pytest.skip("this kernel has no seccomp filters")
        assert done.returncode == 3

    def test_no_more_memory_than_allowed(self) -> None:
        script = (
            "from knowledge.documents.reader import give_up_rights\ngive_up_rights()\n"
            "import sys\ntry: b'x' * 2_000_000_000\nexcept MemoryError: sys.exit(3)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=apart._ROOT, check=False)
        assert done.returncode == 3

    def test_a_hang_is_a_refusal(self, tmp_path: Path) -> None:
        path = tmp_path / "x.txt"
        path.write_text("甲。" * 100)
        begun = time.monotonic()
        with pytest.raises(ImportRefused, match="没有读完"):
            apart._told("pieces", path, seconds=0.01)
        assert time.monotonic() - begun < 5

    def test_a_crash_is_a_refusal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "x.txt").write_text("甲。")
        monkeypatch.setattr(apart.sys, "executable", "/bin/false")
        with pytest.raises(ImportRefused, match="出了错"):
            pieces_apart(tmp_path / "x.txt")

    def test_turns_are_given_back(self, tmp_path: Path) -> None:
        for _ in range(apart.AT_ONCE + 1):
            with pytest.raises(ImportRefused, match="docx"):
                read(tmp_path, ".docx", b"x")
        assert read(tmp_path, ".txt", "甲。".encode()) == [Piece((), "甲。")]

    def test_no_secret_is_handed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("YINFAWEN_INTERNAL_SECRET", "geheim")
        seen: list[dict[str, str]] = []
        real = subprocess.run
        monkeypatch.setattr(
            apart.subprocess, "run", lambda *words, **given: (seen.append(given["env"]), real(*words, **given))[1]
        )
        read(tmp_path, ".txt", "甲。".encode())
        assert seen
        assert "geheim" not in str(seen)

    def test_text_and_tables_of_other_imports_too(self, tmp_path: Path) -> None:
        (tmp_path / "x.docx").write_bytes(word())
        assert "第一条　甲村" in text_apart(tmp_path / "x.docx")
        (tmp_path / "x.xlsx").write_bytes(MAKERS[".xlsx"](tmp_path))
        ((table,),) = tables_apart(tmp_path / "x.xlsx")
        assert table.rows[2] == ("周二", "集市东头")
