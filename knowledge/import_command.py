"""``python -m knowledge import law | proofs | advisors | hours | holidays | document | list``: imports by command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.catalogue import CONTENT, load_catalogue
from knowledge.documents.document_import import About, import_document
from knowledge.hours.holiday_import import import_holidays
from knowledge.hours.hours_import import import_hours
from knowledge.imported import Imported, read_imported
from knowledge.importing import ImportReport
from knowledge.law_import import import_law
from knowledge.places.advisor_import import import_advisors
from knowledge.places.find import shipped_places
from knowledge.proof_import import VERDICTS, import_proofs
from knowledge.settings import KnowledgeSettings
from knowledge.sources.files import ImportRefused

_MOST_NAMES = 12


def add_imports(commands: Any) -> None:
    """Add the command ``import`` with its kinds to the sub-commands of the parser."""
    kinds = commands.add_parser(
        "import", help="import a statute, a proof list, advisors, service hours, holidays or any other document"
    ).add_subparsers(required=True, metavar="kind")
    law = kinds.add_parser("law", help="a statute from txt, html, docx or pdf: its own words are quoted from then on")
    law.add_argument("file", type=Path)
    law.add_argument("--name", help="which law of laws.yml it is, where the text does not show it")
    law.add_argument(
        "--edition-differs-ok", action="store_true", help="take it although it states another day than laws.yml"
    )
    law.set_defaults(run=law_command)
    proofs = kinds.add_parser("proofs", help="a list of proof items from xlsx or csv")
    proofs.add_argument("file", type=Path)
    proofs.add_argument("--title", required=True, help="title of the list as published")
    proofs.add_argument("--issuer", required=True, help="who published it")
    proofs.add_argument("--published", required=True, help="day of publication, YYYY-MM-DD")
    proofs.add_argument("--source", help="address or words that say where it was published")
    proofs.add_argument(
        "--replaceable",
        choices=list(VERDICTS),
        help="does a promise replace the proofs, where the columns do not say?",
    )
    proofs.set_defaults(run=proofs_command)
    advisors = kinds.add_parser("advisors", help="a directory of village legal advisors from xlsx or csv")
    advisors.add_argument("file", type=Path)
    advisors.add_argument("--title", required=True, help="title of the directory as published")
    advisors.add_argument("--issuer", required=True, help="who published it")
    advisors.add_argument("--published", required=True, help="day of publication, YYYY-MM-DD")
    advisors.add_argument("--source", help="address or words that say where it was published")
    advisors.add_argument(
        "--confirmed", help="day on which all of it was checked, where the rows do not say, YYYY-MM-DD"
    )
    advisors.set_defaults(run=advisors_command)
    hours = kinds.add_parser("hours", help="service hours of doors from xlsx or csv: asked when somebody is there")
    hours.add_argument("file", type=Path)
    hours.set_defaults(run=hours_command)
    holidays = kinds.add_parser("holidays", help="public holidays of years that the calendar package does not know")
    holidays.add_argument("file", type=Path)
    holidays.add_argument("--source", required=True, help="who published the arrangement, and when")
    holidays.set_defaults(run=holidays_command)
    document = kinds.add_parser("document", help="any other document: its own sentences are found and quoted")
    document.add_argument("file", type=Path, help="txt, html, docx, pdf, xlsx or csv")
    document.add_argument("--title", required=True, help="title as published")
    document.add_argument("--issuer", required=True, help="who published it")
    document.add_argument("--published", required=True, help="day of publication, YYYY-MM-DD")
    document.add_argument("--source", help="address or words that say where it was published")
    document.add_argument("--valid-from", help="first day on which it is quoted, YYYY-MM-DD")
    document.add_argument("--valid-until", help="last day on which it is quoted, YYYY-MM-DD")
    document.add_argument("--confirmed", help="day on which it was last known to be right, YYYY-MM-DD")
    document.add_argument("--replaces", help="id of the document of which this is the newer file (see list)")
    document.set_defaults(run=document_command)
    kinds.add_parser("list", help="what is imported").set_defaults(run=list_command)


def law_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import a statute and say what changed."""
    report = import_law(args.file, load_catalogue(CONTENT), settings.imported_dir, args.name, args.edition_differs_ok)
    print(told(report, "条 / articles"))


def proofs_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import a proof list and say what changed."""
    title, issuer = _named(args)
    published = _day("--published", args.published)
    report = import_proofs(args.file, settings.imported_dir, title, issuer, published, args.source, args.replaceable)
    print(told(report, "项 / items"))


def advisors_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import a directory of advisors and say what changed."""
    title, issuer = _named(args)
    published = _day("--published", args.published)
    confirmed = _day("--confirmed", args.confirmed) if args.confirmed else None
    places, folder = shipped_places(), settings.imported_dir
    report = import_advisors(args.file, folder, places, title, issuer, published, args.source, confirmed)
    print(told(report, "行 / rows"))


def _named(args: argparse.Namespace) -> tuple[str, str]:
    title, issuer = args.title.strip(), args.issuer.strip()
    if not title or not issuer:
        raise ImportRefused("--title 和 --issuer 不能空着 / must not be empty")
    return title, issuer


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ImportRefused(f"{option} 要写成 2022-07-11 这样 / must look like 2022-07-11") from error


def hours_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import service hours and say what changed."""
    report = import_hours(args.file, settings.imported_dir, load_catalogue(CONTENT), date.today())
    print(told(report, "个去处 / doors"))


def holidays_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import an arrangement of public holidays and say what changed."""
    if not args.source.strip():
        raise ImportRefused("--source 不能空着 / must not be empty")
    print(told(import_holidays(args.file, settings.imported_dir, args.source.strip()), "天 / days"))


def document_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Import any other document and say what changed."""
    title, issuer = _named(args)
    days = {
        name: _day(f"--{name.replace('_', '-')}", getattr(args, name)) if getattr(args, name) else None
        for name in ("valid_from", "valid_until", "confirmed")
    }
    about = About(title, issuer, _day("--published", args.published), args.source, **days)
    print(told(import_document(args.file, settings.imported_dir, about, args.replaces), "段 / passages"))


def list_command(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Name what is imported, with its files."""
    imported = read_imported(settings.imported_dir)
    for text in imported.law_texts:
        print(f"{text.name}  {len(text.articles)} 条 / articles  imported/{text.file}")
    for source in imported.proof_lists:
        print(
            f"{source.title}（{source.issuer}，{source.published}）  {len(source.items)} 项 / items  imported/{source.file}"
        )
    for directory in imported.advisor_lists:
        print(
            f"{directory.title}（{directory.issuer}，{directory.published}）  {len(directory.entries)} 行 / rows  "
            f"imported/{directory.file}"
        )
    for hours in imported.hours_tables:
        print(f"服务时间  {len(hours.doors)} 个去处 / doors  imported/{hours.file}")
    for holidays in imported.holiday_tables:
        print(f"节假日安排（{holidays.source}）  {len(holidays.days)} 天 / days  imported/{holidays.file}")
    for document in imported.document_texts:
        print(
            f"{document.title}（{document.issuer}，{document.published}）  {len(document.passages)} 段 / passages  "
            f"id {document.id}  imported/{document.file}"
        )
    if imported == Imported():
        print("还没有导入什么 / nothing is imported")


def told(report: ImportReport, unit: str) -> str:
    """A report for a terminal."""
    changes = report.changes
    lines = [f"已导入 / imported: {report.kept}，{report.total} {unit}"]
    for what, names in (
        ("新增 / added", changes.added),
        ("改动 / changed", changes.changed),
        ("删去 / removed", changes.removed),
    ):
        lines.append(f"  {what}: {len(names)}{_some(names)}")
    for what, rows in (
        ("跳过 / skipped", report.skipped),
        ("没收 / refused", report.refused),
        ("注意 / note", report.notes),
    ):
        lines += [f"  {what}: {row}" for row in rows]
    return "\n".join([*lines, "下一步 / next: python -m knowledge build"])


def _some(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"（{'、'.join(names[:_MOST_NAMES])}{'……' if len(names) > _MOST_NAMES else ''}）"
