"""All settings of the service, typed and in one place. docs/settings.md documents each (tested)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import Field, field_validator

from knowledge.settings import ROOT, KnowledgeSettings


class Settings(KnowledgeSettings):
    """Read from environment variables ``YINFAWEN_…`` or the file ``.env``; the environment wins."""

    host: str = Field(default="127.0.0.1", description="Address the public site listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the public site.")
    internal_port: int = Field(
        default=8001, ge=1, le=65535, description="Loopback port for Rasa's actions and the metrics; never public."
    )
    internal_secret: str = Field(
        default="", description="Shared secret between Rasa and the service; made anew at each start when empty."
    )
    rasa_port: int = Field(default=5005, ge=1, le=65535, description="Loopback port of the dialogue engine.")
    rasa_python: Path = Field(
        default=ROOT / ".venv-rasa" / "bin" / "python", description="Python of the dialogue engine's environment."
    )
    rasa_timeout: float = Field(
        default=2.5, gt=0, le=30, description="Seconds to wait for the dialogue engine before answering without it."
    )
    database_url: str = Field(
        default="", description="SQLAlchemy address of the database; empty means SQLite in the data folder."
    )
    retention_days: int = Field(
        default=180, ge=1, description="Days after its last turn until a conversation is erased."
    )
    callback_key: str = Field(
        default="",
        description="Key that numbers left for a call back are encrypted with (python -m bot callback-key); "
        "empty means that no call back is offered.",
    )
    max_text: int = Field(default=1000, ge=50, le=5000, description="Longest message in characters.")
    turns_per_minute: int = Field(default=30, ge=0, description="Turns a minute in one conversation; 0 means no limit.")
    address_per_minute: int = Field(
        default=600, ge=0, description="Turns and history reads a minute from one address; 0 means no limit."
    )
    conversations_per_minute: int = Field(
        default=60, ge=0, description="New conversations a minute from one address; 0 means no limit."
    )
    trusted_proxy: bool = Field(
        default=False, description="Take the resident's address from X-Forwarded-For; only behind a proxy that sets it."
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged.")

    @field_validator("callback_key")
    @classmethod
    def _usable_key(cls, key: str) -> str:
        if key:
            try:
                Fernet(key)
            except ValueError:
                raise ValueError("不是钥匙，用 python -m bot callback-key 生成 / no key, make one with that") from None
        return key

    @property
    def database(self) -> str:
        """The address to connect to."""
        return self.database_url or f"sqlite:///{self.data_dir / 'yinfawen.db'}"

    @property
    def rasa_url(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def actions_url(self) -> str:
        """Where Rasa calls our actions."""
        return f"http://127.0.0.1:{self.internal_port}/internal/actions"


@cache
def settings() -> Settings:
    """Settings of this process, read once. pydantic's ValidationError names each bad value."""
    return Settings()
