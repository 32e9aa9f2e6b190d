"""The account's menu, from menu.yml: checked against WeChat's limits, in WeChat's form, and pushed."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

import aiohttp
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

MAX_TOP, MAX_BELOW = 3, 5
TOP_BYTES, BELOW_BYTES, URL_BYTES = 16, 60, 1024


class MenuFault(ValueError):
    """menu.yml breaks a rule; the message says which button and which rule."""


class Button(BaseModel):
    """One row: a question, a page, or a folder of buttons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    asks: str | None = Field(default=None, min_length=1)
    opens: str | None = Field(default=None, pattern=r"^(https://|\{public_url\}/)")
    below: tuple[Button, ...] = ()

    @model_validator(mode="after")
    def _one_purpose(self) -> Button:
        if sum(bool(part) for part in (self.asks, self.opens, self.below)) != 1:
            raise ValueError(
                f"“{self.name}”：asks、opens、below 要有一个，也只能有一个 / exactly one of them is needed"
            )
        return self


def load(source: str | None = None) -> tuple[Button, ...]:
    """The buttons of menu.yml (or of ``source``). Raises MenuFault."""
    text = source if source is not None else resources.files(__package__).joinpath("menu.yml").read_text("utf-8")
    try:
        buttons = TypeAdapter(tuple[Button, ...]).validate_python(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise MenuFault(f"menu.yml: {error}") from error
    _check_sizes(buttons)
    return buttons


def _check_sizes(buttons: tuple[Button, ...]) -> None:
    if not 1 <= len(buttons) <= MAX_TOP:
        raise MenuFault(f"menu.yml: 一级菜单要有 1 到 {MAX_TOP} 个 / one to {MAX_TOP} buttons")
    for button in buttons:
        if len(button.below) > MAX_BELOW:
            raise MenuFault(f"menu.yml: “{button.name}”下面最多 {MAX_BELOW} 个 / at most {MAX_BELOW} below it")
        _check_name(button.name, TOP_BYTES)
        for lower in button.below:
            if lower.below:
                raise MenuFault(f"menu.yml: “{lower.name}”下面不能再有菜单 / only two levels")
            _check_name(lower.name, BELOW_BYTES)


def _check_name(name: str, limit: int) -> None:
    if len(name.encode()) > limit:
        raise MenuFault(f"menu.yml: “{name}”太长，最多 {limit // 3} 个汉字 / at most {limit} bytes")


def key(question: str) -> str:
    """The EventKey of the button that asks this question: at most 128 bytes whatever the question's length."""
    return "ask-" + hashlib.sha256(question.encode()).hexdigest()[:16]


@cache
def questions() -> dict[str, str]:
    """The question of each EventKey."""
    every = [lower for button in load() for lower in (button, *button.below)]
    return {key(button.asks): button.asks for button in every if button.asks}


def for_wechat(buttons: tuple[Button, ...], public_url: str) -> dict[str, Any]:
    """The menu as WeChat takes it. Raises MenuFault when an address becomes too long."""
    return {"button": [_button(button, public_url) for button in buttons]}


def _button(button: Button, public_url: str) -> dict[str, Any]:
    if button.below:
        return {"name": button.name, "sub_button": [_button(lower, public_url) for lower in button.below]}
    if button.asks:
        return {"type": "click", "name": button.name, "key": key(button.asks)}
    address = str(button.opens).replace("{public_url}", public_url)
    if len(address.encode()) > URL_BYTES:
        raise MenuFault(f"menu.yml: “{button.name}”的网址太长 / the address is too long")
    return {"type": "view", "name": button.name, "url": address}


async def push(url: str, database: str, app_id: str, secret: str, menu: dict[str, Any]) -> None:
    """Send the menu to WeChat. Raises ApiFault, TokenLocked or SQLAlchemyError."""
    from bot.channels.wechat.client import WeChatApi
    from bot.conversations.store import ConversationStore

    store = ConversationStore(database)
    try:
        async with aiohttp.ClientSession() as session:
            await WeChatApi(session, store, url, app_id, secret).push_menu(menu)
    finally:
        await store.close()
