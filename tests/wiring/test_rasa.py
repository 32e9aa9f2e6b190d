"""The dialogue engine in its own environment: wiring, training, understanding, and the running process.

Trains once per session (about 15 s). Without the Rasa environment these tests are skipped, except under CI, where that
is an error. Says nothing about the service's actions: a small action server stands in for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web

from bot.dialogue import launch
from tests.conftest import missing

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT / "bot/dialogue/data"
HELD_OUT = PROJECT / "tests/dialogue/nlu.yml"
SMALL_TALK = {"greet", "goodbye", "thanks", "help", "who_are_you", "complain", "abuse", "affirm"}
FORMS = {"find_advisor": "advisor_form", "check_legal_aid": "legal_aid_form", "call_back": "callback_form"}
INTENTS = SMALL_TALK | set(FORMS) | {"talk_to_person", "crisis", "ask", "deny"}
ACTIONS = ["action_answer", "action_small_talk", "action_handover", "action_crisis"]
VALIDATIONS = [f"validate_{form}" for form in FORMS.values()]
SECRET = "a-secret-for-tests"
WORDS = "宅基地叫人占了咋说理"


def load(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def examples(*files: Path) -> list[tuple[str, str]]:
    """(intent, text) pairs."""
    blocks = [block for file in files for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]]
    return [(block["intent"], line[2:].strip()) for block in blocks for line in block["examples"].splitlines()]


def bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


# --- what can be seen without running Rasa ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["endpoints.yml", "credentials.yml"])
def test_wiring_holds_no_address_path_or_secret(name: str) -> None:
    def leaves(node: Any) -> Iterator[str]:
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else [node]:
            yield from leaves(value) if isinstance(value, dict | list) else [str(value)]

    allowed = re.compile(r"\$\{YINFAWEN_[A-Z_]+\}|bot\.dialogue\.stores\.\w+|sqlite|None")
    assert [leaf for leaf in leaves(load(name)) if not allowed.fullmatch(leaf)] == []


def test_endpoints_name_action_server_stores_and_secret() -> None:
    endpoints = load("endpoints.yml")
    assert endpoints["action_endpoint"]["url"] == "${YINFAWEN_ACTIONS_URL}"
    assert "${YINFAWEN_INTERNAL_SECRET}" in endpoints["action_endpoint"]["headers"].values()
    assert {"tracker_store", "lock_store"} <= set(endpoints)


def test_rest_is_the_only_channel() -> None:
    assert load("credentials.yml") == {"rest": None}


def test_config_leaves_rasa_nothing_to_fill_in() -> None:
    config = load("config.yml")
    assert config["assistant_id"] == "yinfawen"
    assert config["pipeline"]
    assert config["policies"]


def test_domain_lists_every_intent_and_action_and_no_text() -> None:
    domain = load("bot/dialogue/domain/domain.yml")
    assert {name for entry in domain["intents"] for name in entry} == INTENTS
    assert domain["actions"] == ACTIONS + VALIDATIONS
    assert "responses" not in domain


def test_no_slot_takes_a_message_by_itself_and_each_form_asks_for_slots_there_are() -> None:
    domain = load("bot/dialogue/domain/domain.yml")
    assert set(domain["forms"]) == set(FORMS.values())
    assert {slot for form in domain["forms"].values() for slot in form["required_slots"]} <= set(domain["slots"])
    assert {mapping["type"] for slot in domain["slots"].values() for mapping in slot["mappings"]} == {"custom"}


def test_each_intent_leads_to_exactly_one_action_or_form_and_each_is_used() -> None:
    rules = load("bot/dialogue/data/rules.yml")["rules"]
    begun = [(rule["steps"][0]["intent"], rule["steps"][1]["action"]) for rule in rules if "intent" in rule["steps"][0]]
    steps = dict(begun)
    assert len(set(begun)) == len(steps)
    assert set(steps) == INTENTS | {"nlu_fallback"}
    assert set(steps.values()) == set(ACTIONS) | set(FORMS.values())
    assert steps["ask"] == steps["nlu_fallback"] == "action_answer"
    assert {intent: steps[intent] for intent in FORMS} == FORMS


def test_training_examples_are_many_and_unique() -> None:
    rows = examples(*DATA.glob("nlu*.yml"))
    counts = Counter(intent for intent, _ in rows)
    assert set(counts) == INTENTS
    assert min(counts.values()) >= 40
    assert counts["ask"] >= 150
    assert [text for text, count in Counter(bare(text) for _, text in rows).items() if count > 1 and text] == []


def test_held_out_examples_are_many_and_not_trained_on() -> None:
    rows = examples(HELD_OUT)
    counts = Counter(intent for intent, _ in rows)
    assert set(counts) == INTENTS
    assert min(counts.values()) >= 15
    assert counts["ask"] >= 60
    trained = {bare(text) for _, text in examples(*DATA.glob("nlu*.yml"))}
    assert [text for _, text in rows if bare(text) in trained] == []


@pytest.mark.parametrize("option", ["-i 0.0.0.0", "--interface=0.0.0.0", "-i", "--debug", "-vv", "--enable-api"])
def test_run_refuses_what_would_expose_residents(option: str) -> None:
    with pytest.raises(launch.Refused):
        launch.command_line(["run", *option.split()])


@pytest.mark.parametrize("name", launch.NEEDED_TO_RUN)
def test_run_refuses_to_start_without_its_wiring(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for needed in launch.NEEDED_TO_RUN:
        monkeypatch.setenv(needed, "set")
    monkeypatch.chdir(PROJECT)
    launch.check_wiring()
    monkeypatch.delenv(name)
    with pytest.raises(launch.Refused, match=name):
        launch.check_wiring()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(launch.Refused, match=r"endpoints\.yml"):
        launch.check_wiring()


def test_run_listens_on_loopback_and_given_options_win_over_defaults() -> None:
    line = launch.command_line(["run", "-i", "127.0.0.1", "-p", "5055", "--model", "elsewhere"])
    assert line[-2:] == ["--interface", "127.0.0.1"]
    assert line.index("elsewhere") > line.index(launch.MODELS)
    assert launch.command_line([]) == ["--help"]
    assert launch.command_line(["data", "validate"])[:2] == ["data", "validate"]
    assert launch.command_line(["data", "split", "nlu"]) == ["data", "split", "nlu"]


def test_service_never_gets_the_tensorflow_stand_ins() -> None:
    code = "import bot.dialogue.without_tensorflow, importlib.util as u; print(u.find_spec('tensorflow_text'))"
    found = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "None"


# --- what needs the Rasa environment ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def rasa_python() -> str:
    python = os.environ.get("YINFAWEN_RASA_PYTHON") or str(PROJECT / ".venv-rasa/bin/python")
    if not shutil.which(python):
        missing(f"no Rasa environment: {python} is missing (make setup, or set YINFAWEN_RASA_PYTHON)")
    return python


class Rasa:
    """The Rasa environment with everything it writes in one folder outside the tree."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder = python, folder
        self.models = folder / "models"
        self.environment = os.environ | {
            "RASA_CACHE_DIRECTORY": str(folder / "cache"),
            "YINFAWEN_ACTIONS_URL": "http://127.0.0.1:1/unused",
            "YINFAWEN_INTERNAL_SECRET": SECRET,
            "YINFAWEN_RASA_DB": str(folder / "rasa.db"),
        }

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-m", "bot.dialogue.launch", *arguments]

    def call(self, *command: str) -> str:
        """Standard output and error of a command that has to succeed."""
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def rasa(rasa_python: str, tmp_path_factory: pytest.TempPathFactory) -> Rasa:
    return Rasa(rasa_python, tmp_path_factory.mktemp("rasa"))


@pytest.fixture(scope="session")
def trained(rasa: Rasa) -> Rasa:
    """Trained on the shipped files; training must leave them as they are and write nothing into the tree."""
    kept = {name: (PROJECT / name).read_bytes() for name in ("config.yml", "endpoints.yml", "credentials.yml")}
    before = {path.name for path in PROJECT.iterdir()}
    rasa.call(*rasa.command("train", "--out", str(rasa.models)))
    assert {name: (PROJECT / name).read_bytes() for name in kept} == kept
    assert {path.name for path in PROJECT.iterdir()} - before <= {"var"}
    assert [path.name for path in rasa.models.iterdir()] == ["yinfawen.tar.gz"]
    return rasa


@pytest.mark.rasa
def test_the_plain_rasa_command_works_there_too(rasa_python: str, tmp_path: Path) -> None:
    """Set-up writes a .pth file into that environment: the project root, and the import of the stand-in."""
    code = "import sys; print('bot.dialogue.without_tensorflow' in sys.modules); import tensorflow, bot.dialogue"
    done = subprocess.run([rasa_python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.rasa
def test_data_validates(rasa: Rasa) -> None:
    output = rasa.call(*rasa.command("data", "validate"))
    assert "No story structure conflicts found" in output
    assert "UserWarning" not in output


@pytest.mark.rasa
def test_components_and_patches(rasa: Rasa) -> None:
    output = rasa.call(rasa.python, "-W", "ignore", "-m", "tests.dialogue.check_components")
    checks = re.findall(r"^def (check_\w+)", (PROJECT / "tests/dialogue/check_components.py").read_text(), re.MULTILINE)
    assert len(checks) >= 12
    assert [line for line in output.splitlines() if line.startswith("check_")] == checks


@pytest.mark.rasa
def test_understands_held_out_messages(trained: Rasa) -> None:
    out = trained.folder / "nlu"
    trained.call(*trained.command("test", "nlu", "--model", str(trained.models), "--out", str(out), "--no-plot"))
    report = json.loads((out / "intent_report.json").read_text(encoding="utf-8"))
    errors = json.loads((out / "intent_errors.json").read_text(encoding="utf-8"))
    print(f"intent accuracy {report['accuracy']:.3f}, macro F1 {report['macro avg']['f1-score']:.3f}", errors)

    assert report["accuracy"] >= 0.95
    assert report["crisis"]["recall"] >= 0.95
    # A question must not be brushed off with small talk; nlu_fallback is answered like a question.
    brushed_off = [
        error["text"]
        for error in errors
        if error["intent"] == "ask" and error["intent_prediction"]["name"] not in ("ask", "nlu_fallback")
    ]
    assert len(brushed_off) <= 0.05 * report["ask"]["support"]
    assert min(report[intent]["recall"] for intent in INTENTS) >= 0.8


@pytest.mark.rasa
def test_conversations_go_as_written(trained: Rasa) -> None:
    out = trained.folder / "core"
    trained.call(*trained.command("test", "core", "--model", str(trained.models), "--out", str(out), "--no-plot"))
    assert "- story" not in (out / "failed_test_stories.yml").read_text(encoding="utf-8")
    report = json.loads((out / "story_report.json").read_text(encoding="utf-8"))
    assert report["conversation_accuracy"]["correct"] == len(load("tests/dialogue/test_stories.yml")["stories"])


# --- the running process ---------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """`launch run` with a stand-in for the service's action endpoint."""

    def __init__(self, rasa: Rasa) -> None:
        self.rasa, self.port, self.calls = rasa, free_port(), []
        self.secrets: set[str | None] = set()
        self.reply: Any = None
        self.log = rasa.folder / "run.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Running:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/actions", self._act)
        self._server = web.AppRunner(app)
        await self._server.setup()
        site = web.TCPSite(self._server, "127.0.0.1", 0)
        await site.start()
        actions = site._server.sockets[0].getsockname()[1]
        self.rasa.environment["YINFAWEN_ACTIONS_URL"] = f"http://127.0.0.1:{actions}/actions"
        self.http = aiohttp.ClientSession()
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.stop()
        await self.http.close()
        await self._server.cleanup()

    async def start(self) -> None:
        self._process = self._launch()
        for _ in range(600):
            assert self._process.poll() is None, self.log.read_text(encoding="utf-8")[-3000:]
            try:
                async with self.http.get(f"http://127.0.0.1:{self.port}/webhooks/rest/") as response:
                    assert await response.json() == {"status": "ok"}
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
        pytest.fail("Rasa did not become ready within a minute")

    def _launch(self) -> subprocess.Popen[bytes]:
        command = self.rasa.command("run", "-p", str(self.port), "--model", str(self.rasa.models))
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=PROJECT, env=self.rasa.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def kept(self, sender: str) -> list[dict[str, Any]]:
        """The events of a conversation as Rasa stored them, oldest first; an action gets the last turn only."""
        with contextlib.closing(sqlite3.connect(self.rasa.environment["YINFAWEN_RASA_DB"])) as connection:
            rows = connection.execute("select data from events where sender_id = ? order by id", [sender])
            return [json.loads(row) for (row,) in rows]

    def stop(self) -> None:
        assert self._process
        self._process.terminate()
        assert self._process.wait(timeout=15) is not None

    async def _act(self, request: web.Request) -> web.Response:
        call = await request.json()
        self.calls.append(call)
        self.secrets.add(request.headers.get("X-Internal-Secret"))
        default = {"events": [], "responses": [{"custom": {"action": call["next_action"]}}]}
        return web.json_response(default if self.reply is None else self.reply)

    async def say(self, text: Any, sender: str = "resident", **metadata: Any) -> list[Any]:
        body = {"sender": sender, "message": text, "metadata": metadata}
        async with self.http.post(f"http://127.0.0.1:{self.port}/webhooks/rest/webhook", json=body) as response:
            return await response.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(trained: Rasa) -> AsyncIterator[Running]:
    async with Running(trained) as engine:
        yield engine


@pytest.mark.rasa
@pytest.mark.asyncio(loop_scope="module")
class TestRunning:
    async def test_a_message_reaches_its_action_with_secret_and_metadata(self, running: Running) -> None:
        reply = await running.say(WORDS, "r1", turn_id="t-1", embedding="not base64")
        assert reply == [{"recipient_id": "r1", "custom": {"action": "action_answer"}}]
        call = running.calls[-1]
        assert call["next_action"] == "action_answer"
        assert call["sender_id"] == "r1"
        assert call["tracker"]["latest_message"]["text"] == WORDS
        assert call["tracker"]["latest_message"]["metadata"] == {"turn_id": "t-1"}
        assert running.secrets == {SECRET}

    @pytest.mark.parametrize(
        ("text", "action"),
        [
            ("你好", "action_small_talk"),
            ("转人工", "action_handover"),
            ("救命,有人要杀我", "action_crisis"),
            ("你好,请问离婚咋办", "action_answer"),
            ("阿巴阿巴 qwx zzz", "action_answer"),
            ("😀😀😀", None),
            (WORDS + "\x00" + WORDS, "action_answer"),
            ("", "action_answer"),
            ("   ", "action_answer"),
        ],
    )
    async def test_the_right_action_is_called(self, running: Running, text: str, action: str | None) -> None:
        reply = await running.say(text, "r2")
        assert [message["custom"]["action"] for message in reply] in ([[action]] if action else [[a] for a in ACTIONS])

    async def test_earlier_answers_are_not_sent_along_with_every_call(self, running: Running) -> None:
        running.reply = {"responses": [{"custom": {"answer": "一段很长的答复" * 100}}]}
        try:
            first = await running.say(WORDS, "r10")
        finally:
            running.reply = None
        assert first[0]["custom"]["answer"].startswith("一段很长的答复")
        await running.say(WORDS, "r10")
        assert "一段很长的答复" not in str(running.calls[-1])
        assert [event["event"] for event in running.calls[-1]["tracker"]["events"]].count("user") == 1
        kept = running.kept("r10")
        assert [event["data"] for event in kept if event["event"] == "bot"][:1] == [{}]
        assert len([event for event in kept if event["event"] == "user"]) == 2

    @pytest.mark.parametrize("text", [None, 5, ["a"], "\ud800"])
    async def test_what_is_no_text_yields_nothing_and_harms_nobody(self, running: Running, text: Any) -> None:
        assert await running.say(text, "r3") == []
        assert len(await running.say(WORDS, "r3")) == 1

    async def test_an_endless_text_does_not_spoil_the_conversation(self, running: Running) -> None:
        await running.say("宅基地" * 1_000_000, "r7")
        assert len(running.calls[-1]["tracker"]["latest_message"]["text"]) == 1000
        assert len(await running.say(WORDS, "r7")) == 1

    async def test_commands_are_plain_text(self, running: Running) -> None:
        await running.say(WORDS, "r8")
        for command in ("/restart", '/crisis{"a": "b"}', " //session_start"):
            assert len(await running.say(command, "r8")) == 1
            assert running.calls[-1]["next_action"] != "action_crisis"
        assert [event for event in running.kept("r8") if event.get("text") == WORDS]
        assert not [event for event in running.kept("r8") if event["event"] == "restart"]

    async def test_six_quick_messages_of_one_resident_wait_for_each_other_without_polling(
        self, running: Running
    ) -> None:
        await running.say(WORDS, "r4")
        started = time.perf_counter()
        replies = await asyncio.gather(*(running.say(f"{WORDS}{number}", "r4") for number in range(6)))
        assert [len(reply) for reply in replies] == [1] * 6
        assert time.perf_counter() - started < 2.5  # Rasa's own lock store: 5 s
        turns = [event for event in running.kept("r4") if event["event"] == "user"]
        assert len(turns) == 7

    @pytest.mark.parametrize("garbage", [[], "garbage", {"responses": "我的秘密"}, {"events": [{"event": "?"}]}])
    async def test_garbage_from_the_action_is_an_empty_reply(self, running: Running, garbage: Any) -> None:
        running.reply = garbage
        try:
            assert await running.say(WORDS, "r5") == []
        finally:
            running.reply = None
        assert len(await running.say(WORDS, "r5")) == 1

    async def test_the_log_holds_no_word_of_residents_or_answers(self, running: Running) -> None:
        running.reply = {"responses": "我的秘密"}
        try:
            await running.say(WORDS, "r9")
        finally:
            running.reply = None
        await running.say(WORDS + "\ud800", "r9")
        await running.say("/" + WORDS, "r9")
        log = running.log.read_text(encoding="utf-8")
        log += re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), log)  # JSON escapes
        assert "malformed at responses" in log
        assert "rest.message.received.failure" in log
        for word in (WORDS, "宅基地", "我的秘密", SECRET):
            assert word not in log

    async def test_a_conversation_survives_a_restart(self, running: Running) -> None:
        await running.say(WORDS, "r6")
        running.stop()
        await running.start()
        await running.say("那要带啥材料", "r6")
        kept = running.kept("r6")
        assert [event["text"] for event in kept if event["event"] == "user"] == [WORDS, "那要带啥材料"]
        assert [event["event"] for event in kept].count("session_started") == 1
