"""Rasa's side of an action call, as small as it can be: a tracker, and what the action makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Form
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.imported import AdvisorEntry, AdvisorList
from knowledge.release import current, load_release
from knowledge.settings import SHIPPED_MODEL

NORTH_STREET = "水冶镇 北街社区"


@dataclass
class Talk:
    """One resident's talk with one form, as Rasa would lead it."""

    form: Form
    slots: dict[str, Any] = field(default_factory=dict)
    active: bool = False
    calls: int = 0

    async def say(self, text: str, intent: str = "ask", confidence: float = 0.9) -> dict[str, Any]:
        """The one answer; AssertionError unless there is exactly one."""
        events: list[dict[str, Any]] = [{"event": "user", "text": text}]
        if not self.active:
            events.append({"event": "active_loop", "name": self.form.form})
        message = {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": []}
        tracker = Tracker(
            "c1", dict(self.slots), message, events, False, None, {"name": self.form.form}, "action_listen"
        )
        dispatcher = CollectingDispatcher()
        made = await self.form.run(dispatcher, tracker, {})
        (said,) = dispatcher.messages
        self.slots |= {event["name"]: event["value"] for event in made}
        # Rasa takes a form that sets nothing but the slot asked for as one that did not understand.
        assert [event["name"] for event in made if event["name"] != "requested_slot"]
        self.active = self.slots["requested_slot"] is not None
        answer: dict[str, Any] = said["custom"]["answer"]
        return answer


@pytest.fixture(scope="session")
def knowledge(data_dir: Path) -> Knowledge:
    """The shipped content with the shipped model."""
    embedder, folder = load_embedder(SHIPPED_MODEL), data_dir / "releases"
    return Knowledge(load_release(folder, current(folder) or "", embedder), embedder)


@pytest.fixture(scope="session")
def directory(knowledge: Knowledge) -> Knowledge:
    """With a directory that names an advisor for one community; the person is made up for the test."""
    place = knowledge.places.find(NORTH_STREET, expected=True)[0].candidates[0]
    entry = AdvisorEntry(
        id="e1",
        name="测试员",
        role=None,
        office=None,
        sheet=None,
        phones=("0372-0000000",),
        villages=(place.code,),
        confirmed=date.today(),
        row=2,
        quote="村：北街社区；姓名：测试员",
    )
    source = AdvisorList(
        id="0" * 12, title="测试名册", issuer="测试", published=date.today(), source=None, entries=(entry,)
    )
    catalogue = knowledge.release.catalogue.model_copy(update={"advisor_lists": (source,)})
    return Knowledge(replace(knowledge.release, catalogue=catalogue), knowledge.embedder)


@pytest.fixture
def without_directory(knowledge: Knowledge) -> Iterator[Knowledge]:
    yield from _used(knowledge)


@pytest.fixture
def with_directory(directory: Knowledge) -> Iterator[Knowledge]:
    yield from _used(directory)


def _used(knowledge: Knowledge) -> Iterator[Knowledge]:
    before = live._live
    live.use(knowledge)
    yield knowledge
    live._live = before
