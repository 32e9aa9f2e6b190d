"""Who may import whom, and that Rasa's domain, rules and our actions name the same things."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from rasa_sdk.executor import ActionExecutor

from actions.talk import SMALL_TALK, TOLD_ONCE
from knowledge.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]
DIALOGUE = ROOT / "bot" / "dialogue"


def test_the_import_rule_holds() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nobody_imports_actions() -> None:
    files = [path for folder in ("bot", "knowledge") for path in (ROOT / folder).rglob("*.py")]
    guilty = [
        path for path in files if re.search(r"^\s*(from|import) actions\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert guilty == []


def test_the_domain_names_exactly_our_actions() -> None:
    executor = ActionExecutor()
    executor.register_package("actions")
    domain = yaml.safe_load((DIALOGUE / "domain" / "domain.yml").read_text(encoding="utf-8"))
    assert set(domain["actions"]) == set(executor.actions)
    assert "responses" not in domain


def test_small_talk_has_a_text_for_every_intent_that_the_rules_send_there() -> None:
    rules = yaml.safe_load((DIALOGUE / "data" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    sent = {rule["steps"][0]["intent"] for rule in rules if rule["steps"][1].get("action") == "action_small_talk"}
    assert sent == set(SMALL_TALK) | set(TOLD_ONCE)
    told_once = {reason for reasons in TOLD_ONCE.values() for reason in reasons}
    assert set(SMALL_TALK.values()) | told_once <= set(load_catalogue().status)
