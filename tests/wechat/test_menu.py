"""The account's menu: WeChat's limits, the command that checks and pushes it, and that its questions are answered."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import pytest

from bot.channels.wechat import menu
from knowledge import live
from knowledge.embed import load_embedder
from knowledge.settings import KnowledgeSettings
from tests.conftest import ROOT
from tests.wechat.fakes import APP_ID, SECRET, FakeApi


@pytest.mark.parametrize(
    "source",
    [
        "[]",
        "{",
        "- {name: 甲}",
        "- {name: 甲, asks: 乙, opens: 'https://x.org'}",
        "- {name: 甲, asks: 乙, colour: red}",
        "- {name: 一二三四五六, asks: 乙}",
        "- {name: 甲, opens: 'http://x.org'}",
        "- {name: 甲, opens: 'javascript:alert(1)'}",
        "[" + ", ".join("{name: 甲, asks: 乙}" for _ in range(4)) + "]",
        "- {name: 甲, below: [" + ", ".join("{name: 甲, asks: 乙}" for _ in range(6)) + "]}",
        "- {name: 甲, below: [{name: 甲, below: [{name: 甲, asks: 乙}]}]}",
        "- {name: 甲, below: [{name: " + "长" * 21 + ", asks: 乙}]}",
    ],
)
def test_a_menu_that_wechat_would_refuse_is_refused_here(source: str) -> None:
    with pytest.raises(menu.MenuFault, match=r"menu\.yml"):
        menu.load(source)


def test_an_address_that_is_too_long_is_refused() -> None:
    buttons = menu.load("- {name: 甲, opens: 'https://x.org/" + "x" * 1100 + "'}")
    with pytest.raises(menu.MenuFault, match="甲"):
        menu.for_wechat(buttons, "https://fa.example.org")


def test_every_button_asks_or_opens_something_of_ours() -> None:
    made = menu.for_wechat(menu.load(), "https://fa.example.org")
    buttons = [lower for button in made["button"] for lower in button["sub_button"]]
    for button in buttons:
        if button["type"] == "click":
            assert button["key"] in menu.questions()
            assert len(button["key"].encode()) <= 128
        else:
            assert button["url"].startswith("https://fa.example.org/")
    assert len({button["key"] for button in buttons if "key" in button}) == len(menu.questions())


async def command(action: str, **settings: str) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YINFAWEN_")}
    environment |= {f"YINFAWEN_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "wechat-menu", action),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_the_command_pushes_the_menu_and_says_why_not(tmp_path: Any, wechat_api: Any) -> None:
    fake: FakeApi = wechat_api
    account = {
        "data_dir": str(tmp_path),
        "wechat_app_id": APP_ID,
        "wechat_secret": SECRET,
        "public_url": "https://fa.example.org",
        "wechat_api_url": wechat_api.url,
    }
    assert await command("check") == (0, "menu.yml 没有问题 / menu.yml is fine\n")
    code, said = await command("push", data_dir=str(tmp_path))
    assert (code, "YINFAWEN_WECHAT_SECRET" in said) == (1, True)
    code, said = await command("push", **account)
    assert (code, "菜单已推上去" in said) == (0, True)
    assert fake.menus == [menu.for_wechat(menu.load(), "https://fa.example.org")]
    fake.errors = [48001]
    code, said = await command("push", **account)
    assert (code, "未认证" in said) == (1, True)
    assert SECRET not in said


@pytest.mark.model
def test_every_question_of_the_menu_is_answered(data_dir: Any) -> None:
    options = KnowledgeSettings(_env_file=None, data_dir=data_dir)
    knowledge = live.load(options, load_embedder(options.model_source))
    unanswered = {
        question: knowledge.answer(question).status.value
        for question in menu.questions().values()
        if knowledge.answer(question).status.value not in ("answered", "handover", "crisis")
    }
    assert unanswered == {}
