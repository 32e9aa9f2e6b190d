"""The tables of places: complete, as the collected facts say, and an editor's slips told with file and line."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from knowledge.catalogue import CONTENT
from knowledge.places.divisions import DIVISIONS_FILE, OUTSIDE_FILE, load_divisions
from knowledge.places.find import Places, shipped_places
from knowledge.places.words import WORDS_FILE
from knowledge.schema import ContentError

FACTS = Path(__file__).parents[4] / "shared" / "facts" / "yindu_divisions.csv"
ENDINGS = re.compile(r"(?:村民委员会|居民委员会|居委会|社区)$")


def test_all_villages_and_towns() -> None:
    divisions = load_divisions(CONTENT)
    assert (len(divisions.villages), len(divisions.towns)) == (342, 19)
    assert sum(place.name.endswith("社区") for place in divisions.villages) == 65


@pytest.mark.skipif(not FACTS.is_file(), reason="the collected facts are not beside the project")
def test_as_the_collected_facts_say() -> None:
    with FACTS.open(encoding="utf-8", newline="") as file:
        facts = {row["village_code"]: row for row in csv.DictReader(file)}
    with (CONTENT / DIVISIONS_FILE).open(encoding="utf-8", newline="") as file:
        ours = {row["code"]: row for row in csv.DictReader(file)}
    assert ours.keys() == facts.keys()
    for code, row in ours.items():
        fact = facts[code]
        assert (row["official_name"], row["short_name"]) == (fact["village_name"], fact["short_name"])
        assert (row["town"], row["town_code"]) == (fact["town_name"], fact["town_code"])
        assert row["aliases"] == ENDINGS.sub("", fact["alias_2021"]), code


def test_names_within_a_town_are_different() -> None:
    labels = [place.label for place in load_divisions(CONTENT).villages]
    assert len(labels) == len(set(labels))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (DIVISIONS_FILE, OUTSIDE_FILE, WORDS_FILE):
        shutil.copy(CONTENT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (DIVISIONS_FILE, "410505001002,", "41050500100,", "divisions.csv:3: code"),
        (DIVISIONS_FILE, "410505001002,", "410505001001,", "divisions.csv:3: code 410505001001 occurs more than once"),
        (DIVISIONS_FILE, "钢四区社区,钢四区,社区", "钢四区社区,钢四区,小区", "divisions.csv:3: type"),
        (OUTSIDE_FILE, "天津市,天津,省级", "天津市,天津,省", "outside.csv:3: level"),
        (WORDS_FILE, 'village_kind: "', 'village_kind: "(', "place_words.yml:"),
    ],
)
def test_slips(copy: Path, file: str, old: str, new: str, told: str) -> None:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        Places.load(copy)
    assert str(error.value).startswith(told)


def test_a_spoken_name_of_no_place_is_told(copy: Path) -> None:
    path = copy / WORDS_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("name: 洪河屯乡", "name: 没有的乡"), encoding="utf-8")
    with pytest.raises(ContentError, match="没有的乡"):
        Places.load(copy)


def test_places_are_made_once() -> None:
    assert shipped_places() is shipped_places()
