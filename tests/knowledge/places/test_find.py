"""Places found in sentences: every name of the tables, sentences written by hand, and nothing in ordinary questions."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from knowledge.catalogue import load_catalogue
from knowledge.places.divisions import Place
from knowledge.places.find import Mention, Places, compared, shipped_places

SENTENCES = yaml.safe_load((Path(__file__).parent / "sentences.yml").read_text(encoding="utf-8"))
WANTED = 0.98


@pytest.fixture(scope="module")
def places() -> Places:
    return shipped_places()


@pytest.fixture(scope="module")
def questions() -> list[str]:
    return [question for _, section in load_catalogue().sections() for question in section.questions]


def named(mention: Mention) -> frozenset[str]:
    return frozenset(called(place) for place in mention.candidates)


def called(place: Place) -> str:
    return f"外 {place.name}" if place.kind == "outside" else place.label


class TestEveryName:
    """Each village, community and town can be named in the usual ways."""

    def test_the_words_of_a_choice_name_exactly_that_place(self, places: Places) -> None:
        """What the dialogue offers as a quick reply must not be asked back again."""
        everywhere = (*places.divisions.villages, *places.divisions.towns, *places.divisions.outside)
        ours = {place.name for place in places.divisions.villages}
        wrong = [
            (place.question, expected)
            for place in everywhere
            for expected in (False, True)
            if [mention.place for mention in places.find(place.question, expected)] != [place]
        ]
        # 老城区 is a community of ours; what another city calls so is not told apart from it.
        assert [words for words, _ in wrong if words.split()[-1] not in ours | {"老城区"}] == []

    @pytest.mark.parametrize("frame", ["我家住{name}，想问问法律顾问", "俺是{short}嘞", "老家在{short}"])
    def test_in_a_sentence(self, places: Places, frame: str) -> None:
        missed = [
            place.label
            for place in (*places.divisions.villages, *places.divisions.towns)
            if not any(
                place in mention.candidates for mention in places.find(frame.format(name=place.name, short=place.short))
            )
        ]
        assert missed == []

    def test_with_its_town_only_one_is_left(self, places: Places) -> None:
        several = {}
        for place in places.divisions.villages:
            found = places.find(f"俺是{place.within}{place.short}嘞")
            if [mention.place for mention in found] != [place]:
                several[place.label] = [named(mention) for mention in found]
        both = frozenset({"水冶镇西蒋社区", "水冶镇西蒋村"})
        assert several == {"水冶镇西蒋社区": [both]}

    def test_names_of_2021(self, places: Places) -> None:
        for code, aliases in places.divisions.aliases.items():
            village = places.code[code]
            for alias in aliases:
                if len(alias) > 1:
                    (mention,) = places.find(f"俺是{village.within}{alias}村嘞")
                    assert mention.place == village, alias

    def test_bare_names_when_asked(self, places: Places) -> None:
        missed = [
            place.label
            for place in places.divisions.villages
            if not any(place in mention.candidates for mention in places.find(place.short, expected=True))
        ]
        assert missed == []


class TestClasses:
    """Names that are words, and names that several places have, are told by the data."""

    def test_ambiguous(self, places: Places) -> None:
        listed = {"四盘磨", "果园", "东街", "东北街", "李珍", "水冶"}
        assert listed <= set(places.forms.ambiguous)
        for name in listed:
            (mention,) = places.find(name, expected=True)
            assert len(mention.candidates) > 1, name
            assert mention.ask

    def test_ordinary(self, places: Places) -> None:
        assert {"幸福", "花园", "新村", "平安", "后街", "官司", "英烈", "石棺", "电厂", "商城"} <= places.forms.ordinary
        assert not {"卜居头", "梁布大营", "孝民屯", "水冶"} & places.forms.ordinary


class TestMention:
    def test_span_counts_in_the_compared_text(self, places: Places) -> None:
        text = "我 是水冶鎮　東街 社區的"
        (mention,) = places.find(text)
        assert compared(text)[mention.start : mention.end] == mention.words == "水冶镇东街社区"
        assert mention.place is not None
        assert mention.place.code == "410505101006"

    @pytest.mark.parametrize(
        ("text", "how", "ask"),
        [
            ("磊口乡", "exact", False),
            ("俺是磊口乡卜居头嘞", "short", False),
            ("付家沟以前写成富家沟村", "alias", False),
            ("安车嘞事", "spoken", False),
            ("家在卜局头", "homophone", True),
            ("水治镇", "typo", True),
        ],
    )
    def test_how_it_was_read(self, places: Places, text: str, how: str, ask: bool) -> None:
        mention = places.find(text)[-1]
        assert (mention.how, mention.ask) == (how, ask)

    def test_outside(self, places: Places) -> None:
        (mention,) = places.find("我在郑州金水区打工")
        assert mention.outside
        assert mention.place is not None
        assert mention.place.label == "郑州市金水区"

    def test_a_village_elsewhere_is_none_of_ours(self, places: Places) -> None:
        assert [named(mention) for mention in places.find("滑县李庄村")] == [{"外 滑县"}]
        assert [named(mention) for mention in places.find("安阳县都里镇李珍村")] == [{"都里镇李珍村"}]

    def test_a_name_that_a_neighbour_district_has_too(self, places: Places) -> None:
        assert [named(mention) for mention in places.find("俺是小营嘞")] == [{"北蒙街道小营村", "外 小营村"}]
        assert [named(mention) for mention in places.find("殷都区小营村")] == [{"北蒙街道小营村"}]
        assert [named(mention) for mention in places.find("北关区小营村")] == [{"外 小营村"}]

    def test_a_town_that_was_merged(self, places: Places) -> None:
        assert [named(mention) for mention in places.find("俺是蒋村镇嘞")] == [{"水冶镇"}]


class TestSentences:
    """Sentences of ``sentences.yml``; a mention is right when exactly its candidates are found."""

    @pytest.mark.parametrize("half", ["dev", "held"])
    def test_precision_and_recall(self, places: Places, half: str) -> None:
        right, extra, missed = counted(places, SENTENCES[half])
        told = f"{half}: {extra=} {missed=}"
        assert right / (right + len(extra)) >= WANTED, told
        assert right / (right + len(missed)) >= WANTED, told

    def test_there_are_enough(self) -> None:
        rows = [row for half in ("dev", "held") for row in SENTENCES[half]]
        assert len({row["s"] for row in rows}) == len(rows) >= 300
        assert sum("places" not in row for row in rows) >= 100

    def test_every_expected_place_exists(self, places: Places) -> None:
        known = {called(place) for place in places.code.values()}
        for half in ("dev", "held"):
            for row in SENTENCES[half]:
                assert set().union(*expected(row)) <= known, row["s"]


def counted(places: Places, rows: Iterable[dict]) -> tuple[int, list, list]:  # type: ignore[type-arg]
    """Right mentions, and the sentences with what is too much and what is missing."""
    right, extra, missed = 0, [], []
    for row in rows:
        want = set(expected(row))
        got = {named(mention) for mention in places.find(row["s"], row.get("asked", False))}
        right += len(want & got)
        extra += [(row["s"], sorted(item)) for item in got - want]
        missed += [(row["s"], sorted(item)) for item in want - got]
    return right, extra, missed


def expected(row: dict) -> list[frozenset[str]]:  # type: ignore[type-arg]
    return [frozenset([item] if isinstance(item, str) else item) for item in row.get("places", [])]


class TestKnownQuestions:
    """The questions of the guides are ordinary language: hardly any names a place."""

    def test_nothing_is_guessed_and_no_ordinary_word_is_a_place(self, places: Places, questions: list[str]) -> None:
        odd = []
        for question in questions:
            for mention in places.find(question):
                base = mention.candidates[0].short
                if mention.how in ("homophone", "typo") or (base in places.forms.ordinary and mention.words == base):
                    odd.append((question, mention.words))
        assert odd == []

    def test_hardly_any_claims_a_place_after_the_question_where(self, places: Places, questions: list[str]) -> None:
        more = [q for q in questions if len(places.find(q, expected=True)) > len(places.find(q))]
        assert more == []

    def test_fast(self, places: Places, questions: list[str]) -> None:
        """Half of all questions take less than 2 ms, however busy the machine is otherwise."""
        taken = []
        for question in questions[::20]:
            start = time.thread_time()
            places.find(question)
            taken.append(time.thread_time() - start)
        assert statistics.median(taken) < 0.002
