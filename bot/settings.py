"""All settings of the service, typed and in one place. docs/settings.md documents each (tested)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy.engine import make_url

from knowledge.settings import ROOT, KnowledgeSettings

_AES_KEY = r"^([A-Za-z0-9+/]{43})?$"
_ISSUER = r"^(https://[^\s/?#@]+(/[^\s?#]*)?|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/[^\s?#]*)?)?$"
_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")


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
    turns_at_once: int = Field(
        default=200,
        ge=1,
        description="Messages worked on at once; further ones get the hotlines and may be sent again.",
    )
    suggestions_per_minute: int = Field(
        default=300, ge=0, description="Suggestions while typing a minute for one address; 0 means no limit."
    )
    streams: int = Field(
        default=1000, ge=0, description="Open event streams at most; widgets beyond it come back later."
    )
    streams_per_address: int = Field(
        default=200, ge=0, description="Of these, event streams of one address at most; 0 means no limit of their own."
    )
    widget_sites: str = Field(
        default="",
        description="Sites that may show the widget: addresses like https://example.org, with commas between.",
    )
    desk_hours: int = Field(
        default=12, ge=1, le=72, description="Hours until staff must log in to the desk again; idle ones after two."
    )
    trusted_proxy: bool = Field(
        default=False, description="Take the resident's address from X-Forwarded-For; only behind a proxy that sets it."
    )
    wechat_token: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9]{16,32})?$",
        description="WeChat account: the token, 16 to 32 letters and digits; empty means no WeChat.",
    )
    wechat_app_id: str = Field(
        default="",
        pattern=r"^(wx[0-9a-f]{16})?$",
        validate_default=True,
        description="WeChat account: its AppID, wx and 16 more.",
    )
    wechat_aes_key: str = Field(
        default="", pattern=_AES_KEY, description="WeChat account: EncodingAESKey of safe mode; empty means plaintext."
    )
    wechat_aes_key_previous: str = Field(
        default="",
        pattern=_AES_KEY,
        description="WeChat account: the EncodingAESKey before, while it is being changed.",
    )
    wechat_secret: str = Field(
        default="",
        description="WeChat account: its AppSecret; for later answers, message menus and the account's menu.",
    )
    wechat_certified: bool = Field(
        default=False, description="WeChat account: certified, so that later answers may be sent to it."
    )
    wechat_msgmenu: bool = Field(
        default=False, description="WeChat account: a certified service account that may send message menus."
    )
    wechat_reply_seconds: float = Field(
        default=4.5, gt=0, le=4.8, description="Seconds after which WeChat gets a link instead of the answer."
    )
    wechat_page_days: int = Field(default=30, ge=1, description="Days until the link to an answer page ends.")
    wechat_api_url: str = Field(
        default="https://api.weixin.qq.com",
        pattern=r"^https?://[^\s/]+$",
        description="Address of WeChat's interface; another one only for a relay.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]*[^\s/])?$",
        validate_default=True,
        description="Address under which residents reach this service, for links; needed with WeChat.",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=_ISSUER,
        description="Issuer address of an OpenID provider whose accounts may log in to the desk; empty means passwords only.",
    )
    oidc_client_id: str = Field(default="", validate_default=True, description="Our client id at that OpenID provider.")
    oidc_client_secret: str = Field(
        default="", validate_default=True, repr=False, description="Our client secret at that OpenID provider."
    )
    oidc_label: str = Field(
        default="统一登录", min_length=1, max_length=30, description="What the login page calls it."
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged.")
    log_format: str = Field(
        default="text", pattern="^(text|json)$", description="Log lines as text, or as one JSON object each."
    )

    @field_validator("callback_key")
    @classmethod
    def _usable_key(cls, key: str) -> str:
        if key:
            try:
                Fernet(key)
            except ValueError:
                raise ValueError("不是钥匙，用 python -m bot callback-key 生成 / no key, make one with that") from None
        return key

    @field_validator("wechat_app_id", "public_url", mode="after")
    @classmethod
    def _needed_with_wechat(cls, value: str, info: ValidationInfo) -> str:
        """Without them no message can be opened and no link be written."""
        if info.data.get("wechat_token") and not value:
            raise ValueError("接了公众号就要填 / needed when a WeChat token is set")
        return value

    @field_validator("oidc_client_id", "oidc_client_secret", mode="after")
    @classmethod
    def _needed_with_issuer(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not (value and info.data.get("public_url")):
            raise ValueError(
                "要和 YINFAWEN_PUBLIC_URL 一起填 / needed with an OIDC issuer, and so is the public address"
            )
        return value

    @field_validator("wechat_certified", "wechat_msgmenu", mode="after")
    @classmethod
    def _needed_to_send(cls, value: bool, info: ValidationInfo) -> bool:
        """Sending needs the secret, and is for certified accounts."""
        if value and not info.data.get("wechat_secret"):
            raise ValueError("要先填 YINFAWEN_WECHAT_SECRET / needs the AppSecret")
        if value and info.field_name == "wechat_msgmenu" and not info.data.get("wechat_certified"):
            raise ValueError("要先打开 YINFAWEN_WECHAT_CERTIFIED / for certified accounts only")
        return value

    @field_validator("widget_sites")
    @classmethod
    def _origins_only(cls, value: str) -> str:
        for site in _listed(value):
            if not _ORIGIN.fullmatch(site):
                raise ValueError(f"{site!r} 不是网站地址，要写成 https://example.org，后面不带路径 / is no origin")
        return value

    @property
    def sites(self) -> frozenset[str]:
        """Origins that may use the API from a browser and show the page in a frame."""
        return frozenset(_listed(self.widget_sites))

    @property
    def database(self) -> str:
        """The address to connect to."""
        return self.database_url or f"sqlite:///{self.data_dir / 'yinfawen.db'}"

    @property
    def shared_database(self) -> str:
        """The PostgreSQL that several replicas and Rasa share, as any driver reads it; empty with SQLite."""
        url = make_url(self.database)
        if url.get_backend_name() != "postgresql":
            return ""
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def rasa_url(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def actions_url(self) -> str:
        """Where Rasa calls our actions."""
        return f"http://127.0.0.1:{self.internal_port}/internal/actions"


def _listed(value: str) -> list[str]:
    return value.replace(",", " ").split()


@cache
def settings() -> Settings:
    """Settings of this process, read once. pydantic's ValidationError names each bad value."""
    return Settings()
