"""Stored turns and answers in the form in which they leave the service."""

from __future__ import annotations

from typing import Any

from bot.conversations.events import event_id
from bot.conversations.store import Turn


def public(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as residents' programs get it: nothing but what the contract lists."""
    keys = ("status", "reason", "text", "citations", "routes", "follow_ups", "release", "matter")
    return {key: answer[key] for key in keys}


def turn_json(turn: Turn, verdict: str | None) -> dict[str, Any]:
    """A stored turn; ``event_id`` is its place among the events once it is answered."""
    return {
        "turn_id": turn.id,
        "client_turn_id": turn.client_turn_id,
        "text": turn.text,
        "created_at": turn.created_at.isoformat(),
        "answer": public(turn.answer) if turn.answer is not None else None,
        "event_id": event_id(turn.answered_at) if turn.answered_at is not None else None,
        "verdict": verdict,
    }
