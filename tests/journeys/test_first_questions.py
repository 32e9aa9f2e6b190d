"""What residents live through, from the first question on, on the whole product as it is started."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.conversations.migrate import migrate
from tests.conftest import ROOT, free_ports
from tests.journeys.resident import Refused, Resident

HOTLINE = "法律援助热线电话是多少?"
SMALL_TALK = [
    ("你好", "greet"),
    ("谢谢", "thanks"),
    ("怎么用", "help"),
    ("你是谁", "who-are-you"),
    ("转人工", "handover"),
]


def tells_the_hotline(answer: dict[str, Any]) -> None:
    """The number to tap, and the report's own words for it."""
    assert answer["status"] == "answered"
    assert answer["reason"] in ("answered", "repeated")  # asked once more, it also offers a person
    assert "0372-5139017" in answer["text"]
    assert "tel:03725139017" in [door["link"] for door in answer["routes"]]
    (quoted,) = [item for item in answer["citations"] if "0372-5139017法律援助热线" in item["quote"]]
    assert quoted["verbatim"] is True
    assert quoted["date"] == "2022-02-23"
    assert "依法有效化解社会矛盾纠纷" in quoted["section"]


@pytest.mark.rasa
def test_asking_for_the_legal_aid_hotline(resident: Resident) -> None:
    tells_the_hotline(resident.ask(HOTLINE))


@pytest.mark.rasa
def test_small_talk(resident: Resident) -> None:
    assert [(text, resident.ask(text)["reason"]) for text, _ in SMALL_TALK] == SMALL_TALK


@pytest.mark.rasa
def test_someone_in_danger_is_told_110_first(resident: Resident) -> None:
    answer = resident.ask("他拿刀在门口不让我走")
    assert answer["status"] == "crisis"
    assert (answer["routes"][0]["number"], answer["routes"][0]["link"]) == ("110", "tel:110")


@pytest.mark.rasa
def test_what_is_not_ours_is_declined(resident: Resident) -> None:
    assert resident.ask("今天天气怎么样")["status"] == "unanswerable"


@pytest.mark.rasa
def test_the_history_holds_what_was_asked_and_answered(resident: Resident) -> None:
    asked = [HOTLINE, "你好", "今天天气怎么样"]
    answers = [resident.ask(text) for text in asked]
    turns = resident.history()
    assert [turn["text"] for turn in turns] == asked
    assert [turn["answer"] for turn in turns] == answers


@pytest.mark.rasa
def test_a_mobile_number_is_not_kept(resident: Resident) -> None:
    resident.ask("我的电话13812345678，老板拖欠工资怎么办")
    (turn,) = resident.history()
    assert turn["text"] == "我的电话〔手机号已隐藏〕，老板拖欠工资怎么办"
    assert "13812345678" not in json.dumps(turn, ensure_ascii=False)


@pytest.mark.rasa
def test_one_turn_cannot_have_two_texts(resident: Resident) -> None:
    first = resident.ask(HOTLINE, "same")
    assert resident.ask(HOTLINE, "same") == first
    with pytest.raises(Refused) as refused:
        resident.ask("你好", "same")
    assert (refused.value.status, refused.value.content_type) == (409, "application/problem+json")
    told = json.dumps(refused.value.problem, ensure_ascii=False)
    assert "这个编号已经用在另一句话上" in told
    assert "This client_turn_id belongs to another text." in told
    assert len(resident.history()) == 1


@pytest.mark.rasa
def test_a_slash_is_text_and_no_command(resident: Resident) -> None:
    resident.ask(HOTLINE)
    answer = resident.ask("/restart")
    assert answer["text"]
    assert answer["status"] != "error"
    tells_the_hotline(resident.ask(HOTLINE))
    assert [turn["text"] for turn in resident.history()] == [HOTLINE, "/restart", HOTLINE]


# --- without the dialogue engine -------------------------------------------------------------------------------------


@pytest.fixture
def alone(data_dir: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The service with nobody at Rasa's port: its process and its address."""
    shutil.copytree(data_dir / "releases", tmp_path / "releases")
    migrate(f"sqlite:///{tmp_path / 'yinfawen.db'}")
    port, internal, rasa = free_ports(3)
    environment = {
        **os.environ,
        "YINFAWEN_DATA_DIR": str(tmp_path),
        "YINFAWEN_DATABASE_URL": "",
        "YINFAWEN_PORT": str(port),
        "YINFAWEN_INTERNAL_PORT": str(internal),
        "YINFAWEN_RASA_PORT": str(rasa),
        "YINFAWEN_INTERNAL_SECRET": secrets.token_urlsafe(16),
    }
    process = subprocess.Popen([sys.executable, "-m", "bot", "service"], cwd=ROOT, env=environment)
    try:
        yield process, _ready(process, f"http://127.0.0.1:{port}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _ready(process: subprocess.Popen[bytes], url: str) -> str:
    """``url`` once the service answers there; the dialogue engine is known to be away."""
    for _ in range(240):
        assert process.poll() is None, "the service stopped while starting"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:
                assert json.load(response)["dialogue"] == "down"
                return url
        except urllib.error.URLError:
            time.sleep(0.5)
    pytest.fail("the service was not ready after two minutes")


@pytest.mark.model
def test_without_the_dialogue_engine_residents_notice_nothing(alone: tuple[subprocess.Popen[bytes], str]) -> None:
    process, url = alone
    resident = Resident(url)
    answers = [resident.ask(HOTLINE), resident.ask("你好")]
    tells_the_hotline(answers[0])
    assert answers[1]["reason"] == "greet"
    for answer in answers:
        assert answer["status"] == "answered"
        assert not any(word in answer["text"] for word in ("故障", "出了点问题", "维护", "稍后", "过一会儿", "太慢"))
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.model
def test_knowledge_answers_in_a_terminal(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "knowledge", "ask", "法律援助热线电话是多少", "--json"],
        cwd=ROOT,
        env={**os.environ, "YINFAWEN_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    tells_the_hotline(json.loads(done.stdout))
