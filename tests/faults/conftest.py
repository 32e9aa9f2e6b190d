"""The service as in tests/bot and tests/wechat, for tests that really break something."""

from __future__ import annotations

from tests.bot.conftest import client, knowledge, meet, options, rasa, resident, rows, start

__all__ = ["client", "knowledge", "meet", "options", "rasa", "resident", "rows", "start"]
