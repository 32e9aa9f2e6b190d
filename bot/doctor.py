"""``python -m bot doctor`` (``make doctor``): looks at an installation and says, for what is wrong, what to do about it.

Reads only; nothing is changed, no address outside this machine and the database is called.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.web.files import FILES
from bot.conversations.migrate import revisions
from bot.conversations.store import connect
from bot.conversations.tables import conversations
from bot.rasa_model import model_path
from bot.retention import doubt
from bot.settings import ROOT, Settings
from knowledge.conflicts import set_aside
from knowledge.release import current, sound

LITTLE_SPACE = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """``level``: ok, hint (works, could be better) or fault (does not work). ``text`` in Chinese and English, with what to do."""

    level: str
    text: str


def ok(text: str) -> Finding:
    return Finding("ok", text)


def hint(text: str) -> Finding:
    return Finding("hint", text)


def fault(text: str) -> Finding:
    return Finding("fault", text)


def examine(settings: Settings) -> list[Finding]:
    """Every check in order; a check that breaks is a finding itself."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(settings)
        except Exception as error:
            found.append(fault(f"检查 {check.__name__} 没做成 / this check broke: {error.__class__.__name__}"))
    return found


def folder(settings: Settings) -> Iterator[Finding]:
    home = settings.data_dir
    place = next(path for path in (home, *home.resolve().parents) if path.exists())
    if not os.access(place, os.W_OK):
        yield fault(
            f"不能写 {place}：改它的所有者，或用 YINFAWEN_DATA_DIR 换一个文件夹 / cannot write there: change its owner"
        )
    free = shutil.disk_usage(place).free
    if free < LITTLE_SPACE:
        yield fault(f"磁盘只剩 {free // 1024**2} MB：清理磁盘或换一块大的 / the disk is nearly full: make room")
    else:
        yield ok(f"磁盘还有 {free // 1024**3} GB / disk has room")


def database(settings: Settings) -> Iterator[Finding]:
    if not settings.database_url and not (settings.data_dir / "yinfawen.db").is_file():
        yield fault("还没有数据库：运行 python -m bot prepare / no database yet: run that")
        return
    engine = connect(settings.database)
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision != revisions()[-1]:
                yield fault(
                    f"数据库是 {revision or '空'} 版，程序要 {revisions()[-1]} 版：运行 python -m bot prepare / "
                    "the database is of another revision: run that"
                )
                return
            last = connection.execute(select(func.max(conversations.c.last_turn_at))).scalar()
            leapt = doubt(connection, settings.retention_days, datetime.now(UTC))
    except SQLAlchemyError as error:
        kind = error.__class__.__name__
        yield fault(
            f"数据库连不上（{kind}）：看它是否在运行，YINFAWEN_DATABASE_URL 对不对 / cannot be reached: is it running?"
        )
        return
    finally:
        engine.dispose()
    yield ok(f"数据库 {engine.dialect.name}，{revision} 版 / database is up to date")
    if leapt:
        yield fault(
            f"时间跳得太多（{leapt}），到期的会话先不删：校准时间，时间没错就运行 python -m bot retention --clock-is-right / "
            "the clock leapt, so nothing is erased: set it right, or confirm it with that"
        )
    if last is not None and last > datetime.now(UTC) + timedelta(minutes=5):
        yield fault(
            "最后一次对话的时间在将来，时钟不对：打开时间同步（timedatectl set-ntp true）/ the clock is behind: turn on NTP"
        )


def knowledge(settings: Settings) -> Iterator[Finding]:
    release = current(settings.releases_dir)
    if release is None:
        yield fault("还没有知识版本：运行 python -m knowledge build / no release is published: run that")
    elif not sound(settings.releases_dir, release):
        yield fault(f"知识版本 {release} 不完整：运行 python -m knowledge build / the release is damaged: run that")
    else:
        yield ok(f"知识版本 {release} / release is complete")
        for row in set_aside(settings.releases_dir):
            yield hint(
                f"改过的 {row.entry.kind}:{row.entry.key} 和新内容对不上，没有用上：到坐席台“知识”里改 / "
                f"a published change is set aside: mend it at the desk（{row.fault.splitlines()[0]}）"
            )


def engine(settings: Settings) -> Iterator[Finding]:
    if not settings.rasa_python.is_file():
        yield fault(f"没有对话引擎的环境 {settings.rasa_python}：运行 make setup / no dialogue environment: run that")
        return
    version = subprocess.run(
        [settings.rasa_python, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    if not version.stdout.startswith("Python 3.10."):
        yield fault(
            "对话引擎要 Python 3.10：删掉 .venv-rasa，再运行 make setup / it needs Python 3.10: delete .venv-rasa, make setup"
        )
    if model_path(settings).is_file():
        yield ok("对话模型是新的 / dialogue model is up to date")
    else:
        yield fault(
            "对话模型没有训练，或内容改过：运行 python -m bot prepare / the dialogue model is missing or outdated: run that"
        )


def widget(settings: Settings) -> Iterator[Finding]:
    missing = [name for name, (path, _) in FILES.items() if not path.is_file()]
    if missing:
        yield hint(f"网页组件没有构建（{missing[0]}）：运行 make widget / the widget is not built: run that")


def running(settings: Settings) -> Iterator[Finding]:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 (compared only)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, settings.port)) != 0:
            yield hint(
                f"服务没有运行（{host}:{settings.port}）：make run 或 systemctl start yinfawen / not running: start it"
            )
            return
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            body = response.read(1000).decode()
    except urllib.error.HTTPError as error:
        body = error.read(300).decode(errors="replace")
        if error.code == 503 and "knowledge" in body:
            yield fault(f"服务在运行但没有准备好：{body} / running but not ready")
            return
    except (OSError, ValueError):
        body = ""
    if '"dialogue"' not in body:
        yield fault(f"端口 {settings.port} 上的不是本服务：停掉它，或改 YINFAWEN_PORT / another program has this port")
        return
    if '"dialogue": "ok"' in body:
        yield ok("服务和对话引擎都在运行 / service and dialogue engine run")
    else:
        yield hint(
            "服务在运行，对话引擎没有：看日志 journalctl -u yinfawen / answering without the dialogue engine: see the log"
        )


def safety(settings: Settings) -> Iterator[Finding]:
    file = ROOT / ".env"
    if file.is_file() and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield fault(f"别人也能读 {file}：运行 chmod 600 .env / others can read your secrets: run that")
    if settings.host not in {"127.0.0.1", "::1", "localhost"} and not settings.trusted_proxy:
        yield hint(
            "直接对外监听，没有 HTTPS：前面放 nginx（deploy/nginx.conf）/ listens publicly without HTTPS: put nginx in front"
        )
    if settings.public_url.startswith("http://"):
        yield hint(
            "YINFAWEN_PUBLIC_URL 不是 https：申请证书 / residents' questions travel in the open: get a certificate"
        )
    if not settings.callback_key:
        yield hint("没有设置 YINFAWEN_CALLBACK_KEY，不提供回电 / no call backs are offered without it")
    if not settings.wechat_token:
        yield hint("没有接公众号（docs/wechat.md）/ no WeChat account is connected")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    folder,
    database,
    knowledge,
    engine,
    widget,
    running,
    safety,
)
_SIGNS = {"ok": "✓", "hint": "·", "fault": "✗"}


def doctor(options: Settings) -> int:
    """Look at this installation and say what to do; 1 when something does not work."""
    found = examine(options)
    for finding in found:
        print(_SIGNS[finding.level], finding.text)
    faults = sum(finding.level == "fault" for finding in found)
    print(f"{faults} 处要处理 / to be dealt with" if faults else "没有发现问题 / nothing is wrong")
    return 1 if faults else 0
