"""Importing a statute: read, cut, tell which law and edition it is, compare with what was there, keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from knowledge.catalogue import Catalogue, Law
from knowledge.documents.apart import text_apart
from knowledge.imported import Changes, LawArticle, LawText, keep
from knowledge.importing import ImportReport, before
from knowledge.normalise import normalise
from knowledge.sources.edition import differs
from knowledge.sources.files import ImportRefused
from knowledge.sources.law import Statute, clean, cut_statute
from knowledge.sources.statute import ArticleNumber

_SPACES_AND_MARKS = re.compile(r"[\s《》]|[(（][^()（）]*[)）]$")


def import_law(
    path: Path, catalogue: Catalogue, folder: Path, name: str | None = None, any_edition: bool = False
) -> ImportReport:
    """Import the statute in ``path`` as the text of a law of laws.yml. ``any_edition`` takes it although the day that it
    states is not that of laws.yml. ImportRefused, with nothing changed, when it cannot be taken."""
    statute = cut_statute(clean(text_apart(path)))
    if not statute.articles:
        raise ImportRefused(
            f"{path.name}: 没有找到条文（每条要以“第X条”开头，自动编号要先变成文字） / no articles (第X条) were found"
        )
    law = _which_law(statute, catalogue, path, name)
    notes = _edition_notes(statute, law, path, any_edition)
    text = LawText(
        name=law.name,
        in_force=law.in_force,
        articles=tuple(
            LawArticle(number=cut.number, label=cut.label, headings=cut.headings, text=cut.text)
            for cut in statute.articles
            if cut.number is not None and cut.text
        ),
    )
    old = before(folder / text.file, LawText)
    keep(folder, text)
    return ImportReport(
        kept=f"{law.title}（imported/{text.file}）",
        total=len(text.articles),
        changes=Changes.between(_words(old.articles if old else ()), _words(text.articles)),
        refused=tuple(_refused(statute)),
        notes=(*notes, *_numbering(statute)),
    )


def _words(articles: Sequence[LawArticle]) -> dict[str, str]:
    return {article.label: article.text for article in articles}


def _which_law(statute: Statute, catalogue: Catalogue, path: Path, name: str | None) -> Law:
    """The law by the title in the text, else by the file's name, unless it is named. ImportRefused when that is not one."""
    lines = statute.part("front").split("\n")
    titles = {_bare(line) for line in (*lines, *(a + b for a, b in pairwise(lines)))}
    found = [law for law in catalogue.laws if {law.name, _bare(law.title)} & titles]
    found = found or [law for law in catalogue.laws if {law.name, _bare(law.title)} & {_bare(path.stem)}]
    known = "、".join(law.name for law in catalogue.laws)
    if name is None:
        if len(found) == 1:
            return found[0]
        seen = "、".join(law.name for law in found) or "没有 / none"
        raise ImportRefused(
            f"{path.name}: 看不出是哪部法（标题对上的：{seen}），请加 --name / which law is it? name it with --name：{known}"
        )
    law = next((law for law in catalogue.laws if name in (law.name, law.title)), None)
    if law is None:
        raise ImportRefused(f"laws.yml 里没有“{name}” / {name!r} is not in laws.yml：{known}")
    if found and law not in found:
        raise ImportRefused(
            f"{path.name}: 文件的标题是《{found[0].name}》，不是《{law.name}》 / the text is titled {found[0].name}"
        )
    return law


def _bare(title: str) -> str:
    """A title without spaces, book marks and what follows in brackets (the edition)."""
    return _SPACES_AND_MARKS.sub("", normalise(title))


def _edition_notes(statute: Statute, law: Law, path: Path, any_edition: bool) -> list[str]:
    try:
        reason = differs(statute.part("front"), statute.part("article"), law.in_force)
    except LookupError as error:
        return [str(error)]
    if reason is None:
        return []
    if any_edition:
        return [f"版本不同，按您的要求收下 / another edition, taken as you asked: {reason}"]
    raise ImportRefused(
        f"{path.name}: 和 laws.yml 里《{law.name}》的版本（{law.in_force} 起施行）对不上：{reason}。"
        "核对无误再加 --edition-differs-ok / not the edition of laws.yml; once you are sure, add --edition-differs-ok"
    )


def _numbering(statute: Statute) -> list[str]:
    notes = []
    if statute.missing:
        missing = "、".join(map(_label, statute.missing[:20])) + ("……" if len(statute.missing) > 20 else "")
        notes.append(f"缺 {len(statute.missing)} 条 / missing: {missing}")
    notes += [
        f"第 {line} 行像条文开头，但顺序不对，当作上一条的内容 / line {line} looks like an article out of order, left in the one before"
        for line in statute.passed_over
    ]
    if back := statute.part("back"):
        notes.append(f"最后的内容不是条文，没有收 / not taken, behind the last article: {back[:60]}")
    return notes


def _refused(statute: Statute) -> list[str]:
    return [
        f"第 {cut.line} 行 / line {cut.line}: {cut.label} 重复、顺序不对或被打断，不采用 / stands twice, out of order or cut short"
        for cut in statute.cuts
        if cut.kind == "article" and cut.line in statute.doubtful
    ] + [
        f"第 {cut.line} 行 / line {cut.line}: {cut.label} 没有内容 / is empty"
        for cut in statute.articles
        if not cut.text
    ]


def _label(number: ArticleNumber) -> str:
    main, sub = number
    return f"第 {main} 条" + (f"之 {sub}" if sub else "")
