"""Statutes as files, the command that imports them, and what a loaded law changes in answers and checks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from pypdf import PdfWriter

from knowledge.answer import Knowledge, unsupported_numbers
from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.check import citation_faults, cited
from knowledge.imported import read_imported
from knowledge.law_import import import_law
from knowledge.passages import document_passages
from knowledge.records import Answer, Citation, Status
from knowledge.release import Release
from knowledge.sources.files import ImportRefused, read_text
from knowledge.sources.law import clean
from knowledge.sources.statute import article_number
from tests.knowledge.small import CommandLine, LetterEmbedder
from tests.knowledge.statutes import SMALL, Articles, corpus, needs_corpus, statute

FIRST = "第一条　甲。"


def write_pdf(path: Path, pages: list[list[str]]) -> None:
    """A text PDF whose font says of each code that it is that Unicode character."""
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n1 beginbfrange <0000> <FFFF> <0000> endbfrange\n"
        b"endcmap end end"
    )
    shown = [
        b"BT /F 12 Tf 14 TL 50 700 Td "
        + b"".join(b"<" + line.encode("utf-16-be").hex().encode() + b"> Tj T* " for line in page)
        + b"ET"
        for page in pages
    ]
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(cmap), cmap),
    ]
    for number, text in enumerate(shown):
        contents = f"/Contents {7 + 2 * number} 0 R".encode()
        parts.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F 3 0 R >> >> %s >>"
            % contents
        )
        parts.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(parts) + 1,
        table,
        len(parts) + 1,
        len(body),
    )
    path.write_bytes(body)


class TestFiles:
    """The same words out of every kind of file."""

    LINES = ("中华人民共和国公证法", "第一条　为规范公证活动。", "第二条　甲：", "（一）乙；", "（二）丙。")

    def texts(self, path: Path) -> list[str]:
        return clean(read_text(path)).split("\n")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_txt(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / "law.txt").write_bytes("\r\n".join(self.LINES).encode(encoding))
        assert self.texts(tmp_path / "law.txt") == list(self.LINES)

    def test_html(self, tmp_path: Path) -> None:
        page = "<html><head><title>x</title><script>第九条 var</script></head><body><h1>中华人民共和国\n公证法</h1>"
        page += "<p><strong>第一条</strong>　为规范\n  公证<b>活动</b>。</p><div>第二条　甲：<br>（一）乙；<br/>（二）丙。</div></body>"
        (tmp_path / "law.html").write_text(page, encoding="utf-8")
        assert self.texts(tmp_path / "law.html") == list(self.LINES)

    def test_docx(self, tmp_path: Path) -> None:
        document = docx.Document()
        for line in self.LINES:
            document.add_paragraph(line)
        document.save(str(tmp_path / "law.docx"))
        assert self.texts(tmp_path / "law.docx") == list(self.LINES)

    def test_docx_with_tracked_changes_is_refused(self, tmp_path: Path) -> None:
        document = docx.Document()
        paragraph = document.add_paragraph(FIRST)
        change = docx.oxml.parse_xml(f"<w:ins {docx.oxml.ns.nsdecls('w')}><w:r><w:t>不</w:t></w:r></w:ins>")
        paragraph._p.append(change)
        document.save(str(tmp_path / "law.docx"))
        with pytest.raises(ImportRefused, match="修订"):
            read_text(tmp_path / "law.docx")

    def test_pdf_without_page_numbers_and_running_titles(self, tmp_path: Path) -> None:
        pages = [self.LINES[1:2], self.LINES[2:4], self.LINES[4:]]
        write_pdf(tmp_path / "law.pdf", [["公证法汇编", *page, f"- {i} -"] for i, page in enumerate(pages, 1)])
        assert self.texts(tmp_path / "law.pdf") == list(self.LINES[1:])

    def test_a_scan_is_refused(self, tmp_path: Path) -> None:
        writer = PdfWriter()
        writer.add_blank_page(200, 200)
        writer.write(tmp_path / "law.pdf")
        with pytest.raises(ImportRefused, match="扫描件"):
            read_text(tmp_path / "law.pdf")

    def test_a_locked_pdf_is_refused(self, tmp_path: Path) -> None:
        writer = PdfWriter()
        writer.add_blank_page(200, 200)
        writer.encrypt("secret", algorithm="RC4-128")
        writer.write(tmp_path / "law.pdf")
        with pytest.raises(ImportRefused, match="密码"):
            read_text(tmp_path / "law.pdf")

    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("law.doc", b"x", "另存为 docx"),
            ("law.txt", b"", "空的"),
            ("law.txt", b"\x00\x01\x02\xff\x81", "编码认不出"),
            ("law.docx", b"no zip", "不是真正的 docx"),
            ("law.pdf", b"no pdf", "不是 PDF"),
        ],
    )
    def test_others_are_refused_with_the_reason(self, tmp_path: Path, name: str, content: bytes, why: str) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImportRefused, match=why):
            read_text(tmp_path / name)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


class TestImporting:
    """``python -m knowledge import law``."""

    def test_tells_what_it_did(self, command: CommandLine, tmp_path: Path) -> None:
        file = tmp_path / "下载 (3).txt"
        file.write_text(SMALL, encoding="gb18030")
        code, told = command("import", "law", file)
        assert code == 0
        assert "中华人民共和国公证法（2017 年修正）（imported/law-公证法.json），7 条" in told
        assert "新增 / added: 7（第一条、" in told
        file.write_text(
            SMALL.replace("十五日", "十日").replace("第四条之一　前款规定的期限，可以延长。\n", ""), encoding="utf-8"
        )
        code, told = command("import", "law", file)
        assert code == 0
        assert "新增 / added: 0" in told
        assert "改动 / changed: 1（第四条）" in told
        assert "删去 / removed: 1（第四条之一）" in told
        (text,) = read_imported(command.data / "imported").law_texts
        assert text.articles[3].text == "当事人应当自收到通知之日起十日内答复。"
        assert command("import", "list")[1] == "公证法  6 条 / articles  imported/law-公证法.json\n"

    def test_gaps_and_doubles_are_told(self, command: CommandLine, tmp_path: Path) -> None:
        file = tmp_path / "公证法.txt"
        file.write_text(f"{FIRST}\n第三条　丙。\n第三条　又丙。\n第四条　丁。", encoding="utf-8")
        code, told = command("import", "law", file)
        assert code == 0
        assert "缺 1 条 / missing: 第 2 条" in told
        assert "第 2 行 / line 2: 第三条 重复" in told
        assert "没有写明施行日期" in told

    @pytest.mark.parametrize(
        ("text", "more", "why"),
        [
            ("一份通知。", (), "没有找到条文"),
            (f"某某法\n{FIRST}", (), "看不出是哪部法"),
            (f"某某法\n{FIRST}", ("--name", "没有的法"), "laws.yml 里没有“没有的法”"),
            (SMALL, ("--name", "民法典"), "文件的标题是《公证法》，不是《民法典》"),
            (f"公证法\n{FIRST}\n第二条　本法自2006年3月1日起施行。", (), "2006-03-01 起施行，不是 2018-01-01"),
        ],
        ids=["no statute", "no title", "unknown name", "another law", "another edition"],
    )
    def test_is_refused_with_the_reason(
        self, command: CommandLine, tmp_path: Path, text: str, more: tuple[str, ...], why: str
    ) -> None:
        file = tmp_path / "file.txt"
        file.write_text(text, encoding="utf-8")
        code, told = command("import", "law", file, *more)
        assert code == 1
        assert why in told
        assert not (command.data / "imported").exists()

    def test_another_edition_on_demand(self, command: CommandLine, tmp_path: Path) -> None:
        file = tmp_path / "file.txt"
        file.write_text(f"某某法\n{FIRST}\n第二条　本法自2006年3月1日起施行。", encoding="utf-8")
        code, told = command("import", "law", file, "--name", "公证法", "--edition-differs-ok")
        assert code == 0
        assert "版本不同，按您的要求收下" in told

    def test_a_missing_file(self, command: CommandLine, tmp_path: Path) -> None:
        code, told = command("import", "law", tmp_path / "nowhere.txt")
        assert (code, "没有这个文件" in told) == (1, True)


def load(catalogue: Catalogue, folder: Path, name: str, articles: Articles) -> None:
    """Import ``articles`` as the text of a law of laws.yml, by a file as people bring it."""
    law = catalogue.law[name]
    file = folder / "law.txt"
    file.write_text(statute(law.title, articles, law.in_force), encoding="utf-8")
    import_law(file, catalogue, folder / "imported", name)


def labels(catalogue: Catalogue) -> dict[str, set[str]]:
    """The articles that are cited of each law."""
    found: dict[str, set[str]] = {}
    for _, basis in cited(catalogue):
        if basis.law is not None and basis.article is not None:
            found.setdefault(basis.law, set()).add(basis.article)
    return found


def knowledge_with(small_release: Release, imported: Path) -> Knowledge:
    """The whole shipped content with the imported documents; what it would search for does not matter here."""
    catalogue = load_catalogue(CONTENT, imported)
    passages = tuple(document_passages(catalogue, CONTENT))
    return Knowledge(replace(small_release, catalogue=catalogue, passages=passages), LetterEmbedder())


class TestQuoting:
    """What a loaded law changes in answers and checks."""

    def test_the_article_itself_is_quoted(self, small_release: Release, tmp_path: Path) -> None:
        catalogue = load_catalogue()
        load(
            catalogue,
            tmp_path,
            "法律援助法",
            {(41, 0): ("第四十一条", "因经济困难申请法律援助的，应当如实说明。\n第二款。")},
        )
        known = knowledge_with(small_release, tmp_path / "imported")
        quotes = [
            item for _, answer in known.every_answer() for item in answer.citations if "法律援助法" in item.document
        ]
        whole = [item for item in quotes if item.section == "第四十一条"]
        assert whole
        assert {(item.quote, item.verbatim) for item in whole} == {
            ("因经济困难申请法律援助的，应当如实说明。\n第二款。", True)
        }
        assert {item.date for item in whole} == {"2022-01-01"}
        others = [item for item in quotes if item.section != "第四十一条"]
        assert others
        assert not any(item.verbatim for item in others)

    def test_our_wording_is_for_checks_only(self) -> None:
        citation = Citation("法", "第一条", None, "2022-01-01", "十五日内。", True, wording="15 天内。")
        answer = Answer(Status.ANSWERED, "answered", "15 天内。", (citation,))
        assert unsupported_numbers(answer) == []
        assert "wording" not in answer.to_dict()["citations"][0]

    def test_no_answer_is_withheld_because_a_law_is_loaded(self, small_release: Release, tmp_path: Path) -> None:
        """Texts without a single digit support no number of ours; the reviewed statement does."""
        catalogue = load_catalogue()
        for name, numbered in labels(catalogue).items():
            texts = {article_number(label) or (0, 0): (label, "条文原话。") for label in numbered}
            load(catalogue, tmp_path, name, texts)
        known = knowledge_with(small_release, tmp_path / "imported")
        check_every_answer(known)
        verbatim = [
            item.verbatim
            for _, answer in known.every_answer()
            for item in answer.citations
            if "起施行" in (item.note or "")
        ]
        assert len(verbatim) > 500
        assert all(verbatim)
        assert citation_faults(known.release.catalogue) == []

    @needs_corpus
    def test_no_answer_is_withheld_with_the_real_texts(self, small_release: Release, tmp_path: Path) -> None:
        catalogue = load_catalogue()
        there = [law.name for law in catalogue.laws if law.name in corpus()]
        assert len(there) > 20
        for name in there:
            load(catalogue, tmp_path, name, corpus()[name])
        check_every_answer(knowledge_with(small_release, tmp_path / "imported"))

    def test_a_text_of_another_edition_is_not_quoted(self, small_release: Release, tmp_path: Path) -> None:
        catalogue = load_catalogue()
        load(catalogue, tmp_path, "法律援助法", {(41, 0): ("第四十一条", "旧的。")})
        file = tmp_path / "imported" / "law-法律援助法.json"
        file.write_text(file.read_text(encoding="utf-8").replace("2022-01-01", "2003-09-01"), encoding="utf-8")
        known = knowledge_with(small_release, tmp_path / "imported")
        assert not any(item.quote == "旧的。" for _, answer in known.every_answer() for item in answer.citations)
        (fault,) = [fault for fault in citation_faults(known.release.catalogue) if "law-法律援助法.json" in fault]
        assert "请重新导入" in fault


def check_every_answer(known: Knowledge) -> None:
    faults = [f"{key}: {number}" for key, answer in known.every_answer() for number in unsupported_numbers(answer)]
    assert faults == []


class TestChecking:
    """``python -m knowledge check`` and the warnings of ``build``."""

    def test_cited_articles_that_the_law_does_not_have(self, command: CommandLine, tmp_path: Path) -> None:
        assert command("check")[0] == 0
        load(load_catalogue(), tmp_path, "法律援助法", {(41, 0): ("第四十一条", "甲。")})
        (command.data).mkdir()
        (tmp_path / "imported").rename(command.data / "imported")
        code, told = command("check")
        assert code == 1
        lines = told.strip().split("\n")
        assert all("《法律援助法》第" in line and "已导入的文本里没有" in line for line in lines)
        assert any(re.match(r"legal-aid\.yml: section [a-z0-9-]+: 《法律援助法》第", line) for line in lines)
        assert not any("第四十一条" in line for line in lines)
        code, told = command("build")
        assert code == 0
        assert "注意 / warning: legal-aid.yml: section" in told
