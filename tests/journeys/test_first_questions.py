"""First stories of residents, told to the whole product over its HTTP API: supervisor, service and Rasa are real."""

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

HOTLINE = "法律援助热线电话是多少？"


class Resident:
    """One person with one conversation."""

    def __init__(self, url: str) -> None:
        self._base = f"{url}/api/v1/conversations"
        opened = self._call("POST", self._base, {})
        self._turns = f"{self._base}/{opened['conversation_id']}/turns"
        self._token = opened["token"]

    def asks(self, text: str, client_turn_id: str | None = None) -> dict[str, Any]:
        body = {"text": text, "client_turn_id": client_turn_id or secrets.token_hex(8)}
        return dict(self._call("POST", self._turns, body, self._token)["answer"])

    def looks_back(self) -> list[dict[str, Any]]:
        return list(self._call("GET", self._turns, None, self._token)["turns"])

    @staticmethod
    def _call(method: str, url: str, body: dict[str, str] | None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as response:
            return json.load(response)


def names_the_hotline_with_its_source(answer: dict[str, Any]) -> None:
    assert answer["status"] == "answered"
    assert "tel:03725139017" in [route["link"] for route in answer["routes"]]
    citation = next(item for item in answer["citations"] if item["verbatim"])
    assert "0372-5139017法律援助热线" in citation["quote"]
    assert citation["date"] == "2022-02-23"
    assert "依法有效化解社会矛盾纠纷" in citation["section"]


@pytest.mark.rasa
class TestWithTheWholeProduct:
    def test_somebody_needs_the_legal_aid_hotline(self, service_url: str) -> None:
        names_the_hotline_with_its_source(Resident(service_url).asks(HOTLINE))

    def test_somebody_is_polite(self, service_url: str) -> None:
        resident = Resident(service_url)
        said = ["你好", "你能帮我做什么", "你是真人吗", "谢谢", "转人工"]
        assert [resident.asks(text)["reason"] for text in said] == [
            "greet",
            "help",
            "who-are-you",
            "thanks",
            "handover",
        ]

    def test_somebody_is_in_danger(self, service_url: str) -> None:
        answer = Resident(service_url).asks("他拿刀在门口不让我走")
        assert answer["status"] == "crisis"
        assert answer["routes"][0]["number"] == "110"

    def test_somebody_asks_about_the_weather(self, service_url: str) -> None:
        assert Resident(service_url).asks("今天天气怎么样")["status"] == "unanswerable"

    def test_a_mobile_number_is_hidden_and_the_question_still_answered(self, service_url: str) -> None:
        resident = Resident(service_url)
        answer = resident.asks("我电话13812345678，法律援助热线电话是多少")
        assert "tel:03725139017" in [route["link"] for route in answer["routes"]]
        assert "13812345678" not in json.dumps(resident.looks_back(), ensure_ascii=False)

    def test_looking_back_shows_everything_in_order(self, service_url: str) -> None:
        resident = Resident(service_url)
        answers = [resident.asks(text) for text in (HOTLINE, "老板拖欠工资怎么办", "/restart", "谢谢")]
        turns = resident.looks_back()
        assert [turn["text"] for turn in turns] == [HOTLINE, "老板拖欠工资怎么办", "/restart", "谢谢"]
        assert [turn["answer"] for turn in turns] == answers

    def test_one_number_for_two_questions_is_refused(self, service_url: str) -> None:
        resident = Resident(service_url)
        resident.asks(HOTLINE, "one")
        with pytest.raises(urllib.error.HTTPError) as refused:
            resident.asks("离婚怎么办", "one")
        problem = json.load(refused.value)
        assert refused.value.code == 409
        assert problem["detail"]
        assert problem["detail_en"]
        assert len(resident.looks_back()) == 1


@pytest.fixture(scope="module")
def service_alone(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service without a dialogue engine; it must end in order when told to."""
    home = tmp_path_factory.mktemp("alone")
    shutil.copytree(data_dir / "releases", home / "releases")
    migrate(f"sqlite:///{home / 'yinfawen.db'}")
    port, internal, rasa = free_ports(3)
    environment = {
        **os.environ,
        "YINFAWEN_DATA_DIR": str(home),
        "YINFAWEN_PORT": str(port),
        "YINFAWEN_INTERNAL_PORT": str(internal),
        "YINFAWEN_RASA_PORT": str(rasa),
    }
    process = subprocess.Popen([sys.executable, "-m", "bot", "service"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.5)
    yield url
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.model
def test_without_the_dialogue_engine_nobody_notices(service_alone: str) -> None:
    resident = Resident(service_alone)
    names_the_hotline_with_its_source(resident.asks(HOTLINE))
    assert resident.asks("你好")["reason"] == "greet"
    assert resident.asks("转人工")["status"] == "handover"


@pytest.mark.model
def test_the_command_line_prints_the_same_answer(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "knowledge", "ask", HOTLINE, "--json"],
        cwd=ROOT,
        env={**os.environ, "YINFAWEN_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    names_the_hotline_with_its_source(json.loads(done.stdout))
