"""Proof items: what the command imports, what is looked up, and that residents are told what the list says and no more."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Knowledge, unsupported_numbers
from knowledge.catalogue import CONTENT, load_catalogue
from knowledge.passages import Citer, document_passages, searchable
from knowledge.proof_answers import ProofAnswers
from knowledge.proof_import import import_proofs
from knowledge.proof_names import SURE, matter_core, proof_core
from knowledge.proofs import ProofLookup
from knowledge.records import Answer, Status
from tests.knowledge.proof_lists import (
    BY_MATTER,
    KEPT,
    LAYOUTS,
    PLAIN,
    TWO_ROWS,
    TWO_ROWS_MERGED,
    Cells,
    write_xlsx,
)
from tests.knowledge.small import CommandLine

EXAMPLES = Path(__file__).parents[3] / "shared" / "facts" / "proof_items.csv"
TITLE, ISSUER = "某市实行告知承诺制证明事项目录", "某市司法局"
NEW_ROW = [5, "新的证明", "新的事项", "《某法》第一条", "法律", "市某局", "某单位", "市级", "行政许可"]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


class TestImporting:
    """``python -m knowledge import proofs``."""

    def run(self, command: CommandLine, path: Path, *more: str) -> tuple[int, str]:
        return command(
            "import", "proofs", path, "--title", TITLE, "--issuer", ISSUER, "--published", "2022-07-11", *more
        )

    def test_tells_what_it_did(self, command: CommandLine, tmp_path: Path) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "list.xlsx", TWO_ROWS, TWO_ROWS_MERGED))
        assert code == 0
        assert "4 项 / items" in told
        assert "新增 / added: 4（申请法律援助(行政给付)：经济困难证明、" in told
        assert "按标题，没写明的各项都算能用承诺代替" in told
        assert "第 8 行 / row 8: 合计行，跳过" in told

    def test_ids_outlive_another_order_and_a_mended_row(self, command: CommandLine, tmp_path: Path) -> None:
        self.run(command, write_xlsx(tmp_path / "list.xlsx", TWO_ROWS, TWO_ROWS_MERGED))
        rows = [list(row) for row in TWO_ROWS]
        mended = [*rows[:3], NEW_ROW, rows[5], [*rows[4][:6], "公安局", *rows[4][7:]], rows[3]]
        code, told = self.run(command, write_xlsx(tmp_path / "list.xlsx", mended, TWO_ROWS_MERGED))
        assert code == 0
        assert "新增 / added: 1（新的事项：新的证明）" in told
        assert "改动 / changed: 1（律师执业核准(行政许可)：无犯罪记录证明）" in told
        assert "删去 / removed: 1（保安员证核发：初中以上学历证明）" in told
        assert command("import", "list")[1].count("\n") == 1

    def test_declared(self, command: CommandLine, tmp_path: Path) -> None:
        for word, verdict in (("yes", True), ("no", False), ("unknown", None)):
            self.run(command, write_xlsx(tmp_path / "list.xlsx", TWO_ROWS), "--replaceable", word)
            (source,) = load_catalogue(CONTENT, command.data / "imported").proof_lists
            assert {item.replaceable for item in source.items} == {verdict}

    @pytest.mark.parametrize(
        ("name", "value", "why"), [("--published", "2022/7/11", "要写成 2022-07-11"), ("--title", "  ", "不能空着")]
    )
    def test_bad_words(self, command: CommandLine, tmp_path: Path, name: str, value: str, why: str) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "list.xlsx", TWO_ROWS), name, value)
        assert (code, why in told) == (1, True)

    def test_a_refused_file_changes_nothing(self, command: CommandLine, tmp_path: Path) -> None:
        self.run(command, write_xlsx(tmp_path / "list.xlsx", TWO_ROWS, TWO_ROWS_MERGED))
        before = [path.read_bytes() for path in (command.data / "imported").iterdir()]
        assert self.run(command, write_xlsx(tmp_path / "list.xlsx", [["甲", "乙"]]))[0] == 1
        assert [path.read_bytes() for path in (command.data / "imported").iterdir()] == before


# --- answering -------------------------------------------------------------------------------------------------------


def import_list(folder: Path, cells: Cells, merged: tuple[str, ...] = (), title: str = TITLE, day: int = 11) -> None:
    path = write_xlsx(folder / "list.xlsx", cells, merged)
    import_proofs(path, folder / "imported", title, ISSUER, date(2022, 7, day), "某市政府网")


class Asked:
    """Asks the imported lists alone; ``best`` is what the guides would answer."""

    def __init__(self, imported: Path) -> None:
        self.catalogue = load_catalogue(CONTENT, imported)
        citer = Citer(self.catalogue, document_passages(self.catalogue, CONTENT))
        self.answers = ProofAnswers(self.catalogue, citer, self._status)

    def _status(self, reason: str) -> Answer:
        from knowledge.passages import routes

        row = self.catalogue.status[reason]
        return Answer(Status(row.status), reason, row.text, (), routes(self.catalogue, row.routes), row.follow_ups)

    def __call__(self, question: str, best: str | None = None) -> Answer | None:
        return self.answers.answer(searchable(question), lambda: best)

    def told(self, question: str) -> Answer:
        answer = self(question)
        assert answer is not None, question
        assert unsupported_numbers(answer) == [], question
        return answer


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("asked")
    import_list(folder, TWO_ROWS, TWO_ROWS_MERGED)
    import_list(folder, KEPT, title="某市保留证明事项清单")
    import_list(folder, PLAIN, title="某旗公安局证明清单")
    return Asked(folder / "imported")


class TestNames:
    def test_cores(self) -> None:
        assert [proof_core(name) for name in ("学历证明", "无被开除公职情形证明材料", "收入证明（原件）")] == [
            "学历",
            "无被开除公职情形",
            "收入",
        ]
        assert matter_core("申请法律援助(行政给付)") == "法律援助"
        assert matter_core("登记") == "登记"

    @pytest.mark.parametrize(
        ("question", "proof", "matter"),
        [
            ("办律师执业核准要不要无犯罪记录证明", "无犯罪记录证明", "律师执业核准(行政许可)"),
            ("当律师用不用开没犯过事的证明", "无犯罪记录证明", "律师执业核准(行政许可)"),
            ("保安证 毕业证能承诺不", "初中以上学历证明", "保安员证核发"),
            ("法援的困难证明", "经济困难证明", "申请法律援助(行政给付)"),
        ],
    )
    def test_the_names_that_people_use(self, asked: Asked, question: str, proof: str, matter: str) -> None:
        search = ProofLookup(asked.catalogue.proof_lists, asked.catalogue.proof_words).search(question)
        assert [(match.item.proof, match.item.matter) for match in search.matches] == [(proof, matter)]
        assert search.sure

    def test_what_is_only_similar_is_not_sure(self, asked: Asked) -> None:
        search = ProofLookup(asked.catalogue.proof_lists, asked.catalogue.proof_words).search("单位同意办证涵能承诺吗")
        assert [match.item.proof for match in search.matches] == ["单位同意办证函"]
        assert search.matches[0].proof.score < SURE
        assert not search.sure

    def test_nothing(self, asked: Asked) -> None:
        assert ProofLookup(asked.catalogue.proof_lists, asked.catalogue.proof_words).search("离职证明").matches == ()


class TestOneItem:
    def test_a_promise_does(self, asked: Asked) -> None:
        answer = asked.told("考教师资格证要交无犯罪证明吗")
        assert (answer.status, answer.reason) == (Status.ANSWERED, "proof-replaceable")
        assert answer.text.split("\n")[0] == (
            f"{ISSUER}公布的清单（《{TITLE}》，2022-07-11）里有这一项：办“教师资格认定”要的“无犯罪记录证明”，可以写承诺书代替，不用去开。"
        )
        assert "谁来要：市教育局。谁来开：公安机关。" in answer.text

    def test_says_that_it_is_voluntary_and_what_a_false_promise_costs_with_the_basis(self, asked: Asked) -> None:
        answer = asked.told("考教师资格证要交无犯罪证明吗")
        sections = {f"{guide.id}/{section.id}": section for guide, section in asked.catalogue.sections()}
        for name in ("commitment/voluntary", "commitment/false-promise"):
            assert sections[name].statements[0].text in answer.text
        assert "安阳市政务服务条例" in {item.document for item in answer.citations}

    def test_cites_the_row(self, asked: Asked) -> None:
        first = asked.told("考教师资格证要交无犯罪证明吗").citations[0]
        assert (first.document, first.section, first.issuer, first.date) == (
            TITLE,
            "第 6 行，教师资格认定",
            ISSUER,
            "2022-07-11",
        )
        assert first.verbatim
        assert first.quote.startswith("序号：3；证明名称：无犯罪记录证明；证明用途：教师资格认定；")
        assert first.note == "来源：某市政府网"

    def test_leads_to_the_asking_unit_and_12345_and_invents_no_number(self, asked: Asked) -> None:
        unit, hotline = asked.told("考教师资格证要交无犯罪证明吗").routes
        assert (unit.name, unit.number, unit.link) == ("市教育局", None, None)
        assert hotline.number == "12345"

    def test_a_promise_does_not(self, asked: Asked) -> None:
        answer = asked.told("卖烟花 安全条件材料能写承诺不")
        assert answer.reason == "proof-kept"
        assert "不能用承诺代替，要照旧交证明。清单写的原因：不能保证符合安全生产条件。" in answer.text
        assert "写不写承诺" not in answer.text

    def test_the_list_does_not_say(self, asked: Asked) -> None:
        answer = asked.told("摆食品摊点要不要健康证明")
        assert answer.reason == "proof-unstated"
        assert "能不能写承诺代替，清单没有写" in answer.text

    def test_units_that_the_list_does_not_name(self, tmp_path: Path) -> None:
        import_list(tmp_path, [PLAIN[0], [1, "收入证明", "申请公租房", "依据", "法律", None, None]])
        answer = Asked(tmp_path / "imported").told("申请公租房要不要收入证明")
        assert "谁来要：清单没写。谁来开：清单没写。" in answer.text
        assert [door.number for door in answer.routes] == ["12345"]

    def test_rows_that_contradict_each_other(self, tmp_path: Path) -> None:
        header = ["证明名称", "办理事项", "索要单位", "是否可以承诺"]
        import_list(
            tmp_path, [header, ["收入证明", "申请公租房", "住建局", "是"], ["收入证明", "申请公租房", "民政局", "否"]]
        )
        answer = Asked(tmp_path / "imported").told("申请公租房，收入证明能写承诺代替吗")
        assert answer.reason == "proof-conflict"
        assert "谁来要：住建局、民政局。" in answer.text
        assert len([item for item in answer.citations if item.document == TITLE]) == 2

    def test_the_newest_list_counts(self, tmp_path: Path) -> None:
        header = ["证明名称", "办理事项", "索要单位", "是否可以承诺"]
        import_list(tmp_path, [header, ["收入证明", "申请公租房", "住建局", "否"]], title="旧清单", day=1)
        import_list(tmp_path, [header, ["收入证明", "申请公租房", "住建局", "是"]], title="新清单", day=2)
        answer = Asked(tmp_path / "imported").told("申请公租房，收入证明能写承诺代替吗")
        assert (answer.reason, answer.citations[0].document) == ("proof-replaceable", "新清单")


class TestSeveralItems:
    def test_one_proof_for_several_matters(self, asked: Asked) -> None:
        answer = asked.told("无犯罪记录证明能写承诺吗")
        assert (answer.status, answer.reason) == (Status.CLARIFY, "proof-which")
        assert answer.text.split("\n")[1:3] == [
            "- 办“律师执业核准(行政许可)”要的“无犯罪记录证明”",
            "- 办“教师资格认定”要的“无犯罪记录证明”",
        ]
        assert [asked.told(choice).reason for choice in answer.follow_ups] == ["proof-replaceable"] * 2

    def test_a_unit(self, asked: Asked) -> None:
        answer = asked.told("市司法局要哪些证明")
        assert len(answer.follow_ups) == 2

    def test_a_proof_that_another_listed_matter_does_not_have(self, asked: Asked) -> None:
        answer = asked.told("办律师证要不要初中以上学历证明")
        assert answer.reason == "proof-which"
        assert "保安员证核发" in answer.text

    def test_a_similar_name(self, asked: Asked) -> None:
        answer = asked.told("单位同意办证涵能承诺吗")
        assert answer.reason == "proof-similar"
        assert asked.told(answer.follow_ups[0]).reason == "proof-unstated"

    def test_no_more_than_five(self, tmp_path: Path) -> None:
        rows = [
            [number, "收入证明", f"{name}补助申领", "依据", "法律", "民政局"]
            for number, name in enumerate("甲乙丙丁戊己庚", 1)
        ]
        import_list(tmp_path, [PLAIN[0], *rows])
        assert len(Asked(tmp_path / "imported").told("收入证明能写承诺不").follow_ups) == 5


class TestTheList:
    @pytest.mark.parametrize(
        "question", ["清单一共多少项", "清单里都有哪些", "哪些证明可以承诺", "俺办嘞事在不在告知承诺清单里"]
    )
    def test_how_much_is_in_it(self, asked: Asked, question: str) -> None:
        answer = asked.told(question)
        assert (answer.status, answer.reason) == (Status.ANSWERED, "proof-list")
        assert f"《{TITLE}》，2022-07-11）一共 4 项" in answer.text
        assert "- 经济困难证明" in answer.text
        assert all(asked.told(choice).status is Status.ANSWERED for choice in answer.follow_ups)

    @pytest.mark.parametrize("question", ["79项证明事项有哪些", "那个单子公布在村里哪儿"])
    def test_what_the_guide_would_say_it_does_not_have(self, asked: Asked, question: str) -> None:
        answer = asked(question, best="guide:commitment/list-79")
        assert answer is not None
        assert answer.reason == "proof-list"

    @pytest.mark.parametrize(
        ("question", "thing"), [("清单里有没有驾驶证明", "“驾驶证明”"), ("清单里有没有那个啥玩意儿", "您说的这一项")]
    )
    def test_what_is_not_in_it(self, asked: Asked, question: str, thing: str) -> None:
        answer = asked.told(question)
        assert (answer.status, answer.reason) == (Status.UNANSWERABLE, "not-in-list")
        assert f"里没有查到{thing}" in answer.text
        assert "没查到不等于不用交" in answer.text

    def test_ten_names_are_enough(self, tmp_path: Path) -> None:
        rows = [[number, f"第{number}种证明", "事项", "依据", "法律", "民政局"] for number in range(1, 31)]
        import_list(tmp_path, [PLAIN[0], *rows])
        answer = Asked(tmp_path / "imported").told("清单一共多少项")
        assert "一共 30 项" in answer.text
        assert answer.text.count("\n- ") == 10


class TestOtherQuestions:
    """What the guides know better stays with them."""

    @pytest.mark.parametrize(
        "question",
        [
            "老板不给发工资咋办",
            "公司不给开离职证明咋办",
            "无犯罪记录证明村里能开吗",
            "无犯罪证明去哪开",
            "写了假承诺会怎样",
            "哪些证明不能用承诺代替",
            "无犯罪记录证明要不要公证",
            "经济困难证明承诺书能代签吗",
            "单身证明能写承诺吗",
            "申请法律援助要什么条件",
            "告知承诺制是什么",
            "证明事项清单里都写些什么",
        ],
    )
    def test_are_left_alone(self, asked: Asked, question: str) -> None:
        assert asked(question) is None

    def test_without_a_list_nothing_changes(self, tmp_path: Path) -> None:
        nothing = Asked(tmp_path / "imported")
        assert [
            nothing(question) for question in ("清单一共多少项", "办律师证要不要无犯罪证明", "清单里有没有健康证")
        ] == [None] * 3
        assert list(nothing.answers.every()) == []


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("examples")
    with EXAMPLES.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["matter"]]
    cells = [[*TWO_ROWS[1][:3], "设定依据", "索要单位", "开具单位"]]
    cells += [
        [number, row["proof"], row["matter"], row["legal_basis"], row["asking_unit"], row["issuing_unit"]]
        for number, row in enumerate(rows, 1)
    ]
    import_list(folder, cells)
    return Asked(folder / "imported")


@pytest.mark.skipif(not EXAMPLES.is_file(), reason="the examples of proof items are not beside the project")
class TestExamples:
    """Fifty rows of other places, as demonstration."""

    @pytest.mark.parametrize("wording", ["{matter}要不要交{proof}", "{proof}，办{matter}用的，能不能用承诺代替"])
    def test_matter_and_proof_lead_to_their_item(self, examples: Asked, wording: str) -> None:
        wrong = []
        for source in examples.catalogue.proof_lists:
            for item in source.items:
                if item.matter:
                    answer = examples.told(wording.format(matter=item.matter, proof=item.proof))
                    if (
                        answer.status is not Status.ANSWERED
                        or f"办“{item.matter}”要的“{item.proof}”" not in answer.text
                    ):
                        wrong.append((item.matter, item.proof, answer.reason))
        assert wrong == []

    def test_every_choice_leads_to_its_item(self, examples: Asked) -> None:
        phrases = examples.catalogue.proof_words.phrases
        for item in examples.catalogue.proof_lists[0].items:
            choice = phrases.follow_up if item.matter else phrases.bare_follow_up
            answer = examples.told(choice.format(matter=item.matter, proof=item.proof))
            assert answer.status is Status.ANSWERED
            assert f"“{item.proof}”" in answer.text

    def test_every_answer_rests_on_its_row(self, examples: Asked) -> None:
        answers = list(examples.answers.every())
        assert len(answers) > 40
        assert [key for key, answer in answers if unsupported_numbers(answer) or not answer.citations] == []


@pytest.fixture(scope="module")
def loaded(knowledge: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    folder = tmp_path_factory.mktemp("loaded")
    import_list(folder, TWO_ROWS, TWO_ROWS_MERGED)
    catalogue = load_catalogue(CONTENT, folder / "imported")
    return Knowledge(replace(knowledge.release, catalogue=catalogue), knowledge.embedder)


@pytest.mark.model
class TestWithTheModel:
    """The step at its place in the list of steps."""

    def test_items_are_answered(self, loaded: Knowledge) -> None:
        assert loaded.answer("当律师 没犯过事的证明 能不能不开").reason == "proof-replaceable"
        assert loaded.answer("79项证明事项有哪些").reason == "proof-list"

    def test_danger_goes_first(self, loaded: Knowledge) -> None:
        answer = loaded.answer("救命啊他拿刀要砍我，清单里有没有健康证")
        assert answer.routes[0].number == "110"

    def test_other_questions_are_answered_as_before(self, knowledge: Knowledge, loaded: Knowledge) -> None:
        section = loaded.release.catalogue.guides[0].sections[0]
        for question in (section.questions[0], "工钱要不回来咋办", "法律援助热线电话是多少", "亲属关系证明去哪里办"):
            before, after = knowledge.answer(question), loaded.answer(question)
            assert after == before

    def test_without_a_list_the_guide_says_that_it_has_none(self, knowledge: Knowledge) -> None:
        answer = knowledge.answer("79项证明事项有哪些")
        assert "我们手里没有" in answer.text

    def test_every_answer(self, loaded: Knowledge) -> None:
        kinds = {key.partition(":")[0] for key, _ in loaded.every_answer()}
        assert "proof" in kinds
        assert [key for key, answer in loaded.every_answer() if unsupported_numbers(answer)] == []


def test_every_row_about_proofs_can_be_filled(asked: Asked) -> None:
    """No mark is left in what residents read."""
    answers = [answer for _, answer in asked.answers.every()]
    answers += [
        asked.told(text) for text in ("无犯罪记录证明能写承诺吗", "清单里有没有驾驶证明", "单位同意办证涵能承诺吗")
    ]
    assert {answer.reason for answer in answers} >= {
        "proof-replaceable",
        "proof-kept",
        "proof-unstated",
        "proof-list",
        "proof-which",
        "proof-similar",
        "not-in-list",
    }
    assert not any("{" in answer.text for answer in answers)


def test_by_matter_in_the_list_of_one_unit(tmp_path: Path) -> None:
    import_list(tmp_path, BY_MATTER, LAYOUTS["by matter"][1], title="某区民政局证明事项清单")  # type: ignore[arg-type]
    answer = Asked(tmp_path / "imported").told("社会团体换法定代表人，法定代表人无犯罪记录证明要不要开")
    assert "办“社会团体法定代表人变更登记”要的" in answer.text
