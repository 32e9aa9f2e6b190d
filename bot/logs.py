"""How this process logs: lines for people, or one JSON object a line for a log system. Never what residents say."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

_LOUD = ("rasa_sdk", "alembic", "faiss", "sentence_transformers")


class JsonLines(logging.Formatter):
    """``{"time", "level", "logger", "message"}``, with ``error`` (the traceback) where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(level: str, form: str) -> None:
    """Log to standard error from now on; ``form`` is ``text`` or ``json``."""
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else plain)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for loud in _LOUD:
        logging.getLogger(loud).setLevel(logging.WARNING)
