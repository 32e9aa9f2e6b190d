"""Faults between content records, which no record shows by itself: unknown doors and laws, doubles, words not in the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.hours.content import hours_faults
from knowledge.legal_aid.content import content_faults

if TYPE_CHECKING:
    from knowledge.catalogue import Catalogue

_QUOTED = re.compile(r"'([^']+)'")
_FILE = re.compile(r"([\w-]+\.yml): ")
# Long texts are folded over several lines: their beginning is looked for.
_LOOKED_FOR = 12


def cross_faults(catalogue: Catalogue, folder: Path) -> list[str]:
    """Every fault with file and line; ``folder`` holds the content that ``catalogue`` was read from."""
    return [_located(fault, folder) for fault in _cross_faults(catalogue, folder)]


def _located(fault: str, folder: Path) -> str:
    """``fault`` with the lines where what it quotes first stands: in the file that it names, else in all of them."""
    quoted, named = _QUOTED.search(fault), _FILE.match(fault)
    if quoted is None:
        return fault
    stands = _item(quoted[1]) if named is None else re.compile(re.escape(quoted[1][:_LOOKED_FOR]))
    lines = [
        (path.name, number)
        for path in sorted(folder.rglob(named[1] if named else "*.yml"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if stands.search(line)
    ]
    if named:
        return fault.replace(named[0], f"{named[1]}:{lines[0][1]}: ", 1) if lines else fault
    return f"{fault}: {', '.join(f'{name}:{number}' for name, number in lines[:5])}" if lines else fault


def _doubles(values: list[str], what: str) -> Iterator[str]:
    for value in sorted(value for value, count in Counter(values).items() if count > 1):
        yield f"{what} {value!r} occurs more than once"


def _item(value: str) -> re.Pattern[str]:
    """A line on which a list has ``value`` as an item, or a record begins with it."""
    return re.compile(rf"""^\s*- (?:\w+: )?["']?{re.escape(value)}["']?$""")


def _cross_faults(catalogue: Catalogue, folder: Path) -> Iterator[str]:
    """Faults between records: unknown doors and laws, words that the report does not contain, doubles."""
    report = "".join((folder / "documents" / row.file).read_text(encoding="utf-8") for row in catalogue.documents)
    for guide, section in catalogue.sections():
        where = f"{guide.id}.yml: section {section.id}"
        for statement in section.statements:
            for basis in statement.basis:
                if basis.law is not None and basis.law not in catalogue.law:
                    yield f"{where}: law {basis.law!r} is not in laws.yml"
                if basis.report is not None and basis.report not in report:
                    yield f"{where}: the report does not contain {basis.report!r}"
    yield from _import_faults(catalogue)
    yield from content_faults(catalogue.legal_aid, catalogue.law, catalogue.channel)
    yield from hours_faults(catalogue.hours_words, catalogue.law, catalogue.channel)
    yield from _doubles([guide.id for guide in catalogue.guides], "guide")
    for guide in catalogue.guides:
        yield from _doubles([section.id for section in guide.sections], f"{guide.id}.yml: section")
    yield from _doubles([row.id for row in catalogue.channels], "channel")
    yield from _doubles([row.reason for row in catalogue.statuses], "status reason")
    yield from _doubles([row.name for row in catalogue.laws], "law")
    stand_ins = {row.reason for row in catalogue.stand_ins}
    for text in catalogue.statuses:
        if (text.valid_from or text.valid_until) and text.reason not in stand_ins:
            yield f"statuses.yml: {text.reason!r} is shipped and cannot run out: nothing would stand in for it"
    questions = [question for _, section in catalogue.sections() for question in section.questions]
    questions += [question for row in catalogue.scope for question in row.questions]
    questions += [question for row in catalogue.channels for question in row.questions]
    yield from _doubles(questions, "question")
    for row in catalogue.scope:
        if row.reason not in catalogue.status:
            yield f"scope.yml: {row.id}: reason {row.reason!r} is not in statuses.yml"
    refs = [(f"{guide.id}.yml", ref) for guide in catalogue.guides for ref in guide.routes]
    refs += [(f"{guide.id}.yml", ref) for guide, section in catalogue.sections() for ref in section.routes]
    refs += [("scope.yml", ref) for row in catalogue.scope for ref in row.routes]
    refs += [("statuses.yml", ref) for row in (*catalogue.statuses, *catalogue.stand_ins) for ref in row.routes]
    laid = [(situation.id, doors) for situation in catalogue.situations for doors in situation.doors]
    refs += [("situations.yml", ref) for _, doors in laid for ref in doors.routes]
    guides = {guide.id for guide in catalogue.guides}
    for situation, name in ((situation, name) for situation, doors in laid for name in doors.matters):
        if name not in guides:
            yield f"situations.yml: {situation}: there is no guide {name!r}"
    for where, ref in refs:
        if ref.door not in catalogue.channel:
            yield f"{where}: door {ref.door!r} is not in channels.yml"


def _import_faults(catalogue: Catalogue) -> Iterator[str]:
    """Faults between imported documents and what answers from them refer to."""
    known = {f"{guide.id}/{section.id}" for guide, section in catalogue.sections()}
    for name in (catalogue.proof_words.overview, *catalogue.proof_words.said_with):
        if name not in known:
            yield f"proof_synonyms.yml: there is no section {name!r}"
    for text in catalogue.law_texts:
        if text.name not in catalogue.law:
            yield f"imported/{text.file}: 法律“{text.name}”不在 laws.yml 里 / law {text.name!r} is not in laws.yml"
    for table in catalogue.hours_tables:
        for row in table.doors:
            if row.door not in catalogue.channel:
                yield f"imported/{table.file}: 渠道卡里没有“{row.door}” / door {row.door!r} is not in channels.yml"
