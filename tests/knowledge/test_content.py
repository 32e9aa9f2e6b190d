"""The shipped content: complete, resting on what it cites, and every slip of an editor told where it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.answer import Knowledge, unsupported_numbers
from knowledge.catalogue import CONTENT, Catalogue, ContentError, load_catalogue, normal_article
from knowledge.records import Status

EXCERPTS = Path(__file__).parents[3] / "shared" / "facts" / "laws_excerpts.md"
CIVIL_CODE_PARTS = {"总则", "婚姻家庭编", "继承编", "合同编", "物权编"}
GUIDE = "guides/traffic.yml"
# The report's publishing time is a fact that residents may ask for; no other clock time is confirmed.
WITH_CLOCK_TIME = {("report-basics", "a002")}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def texts(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Guide, section and text of every statement."""
    return [
        (guide.id, section.id, statement.text)
        for guide, section in catalogue.sections()
        for statement in section.statements
    ]


# --- an editor's slips -----------------------------------------------------------------------------------------------


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[str, str, str], tuple[int, str]]:
    """Changes the first occurrence of some words in a copy; gives the line of the change and what the loader says."""
    copy = tmp_path / "content"
    shutil.copytree(CONTENT, copy)

    def change(name: str, old: str, new: str) -> tuple[int, str]:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ContentError) as told:
            load_catalogue(copy)
        return text[: text.index(old)].count("\n") + 1, str(told.value)

    return change


def test_a_missing_key_is_told_with_file_and_line(spoil: Callable[[str, str, str], tuple[int, str]]) -> None:
    line, told = spoil(GUIDE, "    facet:", "    fact:")
    # A section begins at its id, two lines above the facet.
    assert f"traffic.yml:{line - 2}: sections.0.facet: Field required" in told
    assert f"traffic.yml:{line}: sections.0.fact: Extra inputs are not permitted" in told


def test_bad_yaml_is_told_with_file_and_line(spoil: Callable[[str, str, str], tuple[int, str]]) -> None:
    line, told = spoil(GUIDE, "    facet: ", "    facet: [")
    assert re.match(r"traffic\.yml:(\d+): ", told)
    assert line <= int(told.split(":")[1]) <= line + 1


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("law: 法律援助法", "law: 没有的法", "law '没有的法' is not in laws.yml"),
        (
            'report: "0372-5139017法律援助热线"',
            "report: 报告里没有这句话",
            "the report does not contain '报告里没有这句话'",
        ),
        ('door: "0372-5139017"', 'door: "0372-0000000"', "door '0372-0000000' is not in channels.yml"),
    ],
    ids=["unknown law", "words not in the report", "unknown door"],
)
def test_a_broken_reference_is_told_with_its_file(
    spoil: Callable[[str, str, str], tuple[int, str]], old: str, new: str, fault: str
) -> None:
    line, told = spoil(GUIDE, old, new)
    assert told.startswith(f"traffic.yml:{line}: ")
    assert fault in told
    assert "\n" not in told


def test_a_doubled_question_is_told(spoil: Callable[[str, str, str], tuple[int, str]], catalogue: Catalogue) -> None:
    guide = next(guide for guide in catalogue.guides if guide.id == "traffic")
    first, second = guide.sections[0].questions[:2]
    line, told = spoil(GUIDE, f"- {second}\n", f"- {first}\n")
    assert told == f"question {first!r} occurs more than once: traffic.yml:{line - 1}, traffic.yml:{line}"


# --- the shipped content ---------------------------------------------------------------------------------------------


def test_every_status_has_a_row_and_every_reason_is_unique(catalogue: Catalogue) -> None:
    assert {row.status for row in catalogue.statuses} == {status.value for status in Status}
    reasons = [row.reason for row in catalogue.statuses]
    assert len(reasons) == len(set(reasons))


def test_a_release_reads_back_what_it_wrote(catalogue: Catalogue) -> None:
    assert Catalogue.model_validate_json(catalogue.model_dump_json()) == catalogue


def excerpts() -> dict[str, set[str]]:
    """The articles of each law that were excerpted."""
    found: dict[str, set[str]] = {}
    law = ""
    for line in EXCERPTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = re.split(r"[(（]", line[3:])[0].strip()
            law = "民法典" if name in CIVIL_CODE_PARTS else name
            found.setdefault(law, set())
        elif law and line.startswith("第") and (article := normal_article(line)) != line:
            found[law].add(article)
    return found


@pytest.mark.skipif(not EXCERPTS.is_file(), reason="the collected excerpts of laws are not beside the project")
def test_every_cited_article_was_seen(catalogue: Catalogue) -> None:
    seen = excerpts()
    cited = {
        (basis.law, normal_article(basis.article))
        for _, section in catalogue.sections()
        for statement in section.statements
        for basis in statement.basis
        if basis.law is not None and basis.article is not None
    }
    cited |= {
        (row.basis.law, normal_article(row.basis.article))
        for row in catalogue.channels
        if row.basis is not None and row.basis.law is not None and row.basis.article is not None
    }
    cited |= {(basis.law, basis.article) for basis in catalogue.legal_aid.cited() if basis.law and basis.article}
    checked = {(law, article) for law, article in cited if law in seen}
    assert len(checked) > 100
    assert sorted((law, article) for law, article in checked if article not in seen[law]) == []


def test_statements_name_no_number_address_or_hour_that_nobody_confirmed(catalogue: Catalogue) -> None:
    for guide, section, text in texts(catalogue):
        where = f"{guide}/{section}: {text}"
        without_hotline = re.sub(r"(?<!\d)(?:0372-)?5139017(?!\d)", "", text)
        assert not re.search(r"\d{7,}|\d{3,4}-\d{7,8}", without_hotline), where
        assert "http" not in text, where
        if (guide, section) not in WITH_CLOCK_TIME:
            assert not re.search(r"\d{1,2}[:：]\d{2}", text), where


def test_every_guide_knows_many_ways_to_ask(catalogue: Catalogue) -> None:
    few = {
        guide.id: count
        for guide in catalogue.guides
        if not guide.id.startswith("report-")
        and (count := sum(len(section.questions) for section in guide.sections)) < 15
    }
    assert few == {}


def test_answers_are_short(catalogue: Catalogue) -> None:
    long = {
        f"{guide.id}/{section.id}": size
        for guide, section in catalogue.sections()
        if (size := sum(len(statement.text) for statement in section.statements)) > 200
    }
    assert long == {}


@pytest.mark.model
def test_every_answer_there_is_says_where_to_turn_and_what_it_rests_on(knowledge: Knowledge) -> None:
    faults = []
    kinds = set()
    for key, answer in knowledge.every_answer():
        kinds.add(key.partition(":")[0])
        faults += [f"{key}: number {number} rests on nothing" for number in unsupported_numbers(answer)]
        faults += [
            f"{key}: route {door} lacks something"
            for door in answer.routes
            if not (door.kind and door.name and door.why and door.basis)
        ]
        if key.startswith(("guide:", "channel:")) and answer.status is Status.ANSWERED and not answer.citations:
            faults.append(f"{key}: no citation")
        # The row "crisis" is the frame that each kind of danger fills with its text and numbers.
        if answer.status is Status.CRISIS and key != "status:crisis":
            first = answer.routes[0].number if answer.routes else None
            faults += [] if first in ("110", "119", "120") else [f"{key}: leads to {first}"]
    assert kinds == {"guide", "channel", "scope", "status", "crisis"}
    assert faults == []
