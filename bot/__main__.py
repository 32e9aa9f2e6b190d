"""``python -m bot COMMAND``: the product's processes and tools; ``--help`` lists them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.backup_command import backup, restore
from bot.callbacks_command import callback_key, callbacks
from bot.desk.account_command import account
from bot.desk.package_command import package
from bot.desk.permissions import ROLES
from bot.desk.report_command import report
from bot.retention_command import retention
from bot.settings import Settings, settings


def run(options: Settings) -> int:
    """Prepare what is missing, then run service and dialogue engine under one supervisor."""
    from bot import supervisor

    if prepare(options) != 0:
        return 1
    return supervisor.run(options)


def doctor(options: Settings) -> int:
    """Look at this installation and say what to do; 1 when something does not work."""
    # Only here: it reads releases, whose libraries would stay in the supervisor's memory (110 MB).
    from bot.doctor import doctor as check

    return check(options)


def prepare(options: Settings) -> int:
    """Database, knowledge release and dialogue model: made when missing or outdated, quick otherwise."""
    from bot.conversations.migrate import migrate
    from bot.rasa_model import TrainingFailed, model_path, train
    from bot.supervisor import say

    options.data_dir.mkdir(parents=True, exist_ok=True)
    say("数据库 / database")
    try:
        migrate(options.database)
    except SQLAlchemyError as error:
        say(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}: {getattr(error, 'orig', '')}")
        return 1
    say("知识 / knowledge")
    if _knowledge_build() != 0:
        return 1
    if not options.rasa_python.is_file():
        say(
            f"没有对话引擎的环境，请先运行 make setup / no dialogue environment at {options.rasa_python}: run make setup"
        )
        return 1
    if not model_path(options).is_file():
        say("训练对话模型，约一分钟 / training the dialogue model, about a minute")
        try:
            train(options)
        except TrainingFailed as error:
            say(str(error))
            return 1
    return 0


def service(options: Settings) -> int:
    """The service alone; without a dialogue engine it answers straight from knowledge."""
    import uvloop

    from bot import metrics
    from bot.service import serve
    from knowledge import live
    from knowledge.embed import load_embedder
    from knowledge.encoder import ModelUnavailable
    from knowledge.release import ReleaseError

    try:
        knowledge = live.load(options, load_embedder(options.model_source))
    except (ReleaseError, ModelUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    live.use(knowledge)
    knowledge.suggest("")  # puts its index together now rather than under the first resident's fingers
    metrics.RELEASE.labels(knowledge.release.id).set(1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options))
    return 0


def shell(options: Settings) -> int:
    """Talk to the running bot in this terminal, over its HTTP API."""
    from bot.shell import talk

    return talk(options)


def wechat_menu(options: Settings, action: str) -> int:
    """Check bot/channels/wechat/menu.yml, and with ``push`` make it the menu of the WeChat account."""
    from bot.channels.wechat import menu
    from bot.channels.wechat.client import ApiFault
    from bot.channels.wechat.tokens import TokenLocked
    from bot.conversations.migrate import migrate

    try:
        for_wechat = menu.for_wechat(menu.load(), options.public_url)
    except menu.MenuFault as fault:
        print(fault, file=sys.stderr)
        return 1
    if action == "check":
        print("menu.yml 没有问题 / menu.yml is fine")
        return 0
    if not (options.wechat_app_id and options.wechat_secret and options.public_url):
        print(
            "要先填 YINFAWEN_WECHAT_APP_ID、YINFAWEN_WECHAT_SECRET、YINFAWEN_PUBLIC_URL / set these first",
            file=sys.stderr,
        )
        return 1
    try:
        migrate(options.database)
        asyncio.run(
            menu.push(
                options.wechat_api_url, options.database, options.wechat_app_id, options.wechat_secret, for_wechat
            )
        )
    except (ApiFault, TokenLocked, SQLAlchemyError) as error:
        print(f"菜单没有推上去 / the menu was not pushed: {error}", file=sys.stderr)
        return 1
    print("菜单已推上去，手机上几分钟内更新 / pushed; phones show it within minutes")
    return 0


def _knowledge_build() -> int:
    import subprocess

    # A process of its own: building loads the embedding model, which the supervisor must not keep in memory.
    return subprocess.run([sys.executable, "-m", "knowledge", "build"], check=False).returncode


COMMANDS: dict[str, Callable[..., int]] = {
    "run": run,
    "prepare": prepare,
    "service": service,
    "shell": shell,
    "callbacks": callbacks,
    "callback-key": callback_key,
    "wechat-menu": wechat_menu,
    "account": account,
    "backup": backup,
    "restore": restore,
    "doctor": doctor,
    "retention": retention,
    "report": report,
    "package": package,
}


def _account_arguments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="action")
    for action in ("list", "add", "grant", "reset", "reset-second", "lift", "disable", "enable"):
        one = actions.add_parser(action)
        if action != "list":
            one.add_argument("name")
        if action == "add":
            one.add_argument("--shown", default="", help="姓名 / the person's name")
        if action in ("add", "grant"):
            one.add_argument("--role", choices=sorted(ROLES), required=True)
            one.add_argument("--reason", required=True, help="为什么给这个角色 / why")


def main() -> int:
    """Run one command; bad settings are named, one a line."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="殷法问")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
        if name == "callbacks":
            command.add_argument("--done", metavar="ID", help="this one was called: wipe the number")
        if name == "account":
            _account_arguments(command)
        if name in ("backup", "restore"):
            command.add_argument("file", type=Path, help="the backup, a .tar.gz")
        if name == "package":
            command.add_argument("action", choices=("export", "import"))
            command.add_argument("file", type=Path, help="the package, a .zip")
        if name == "retention":
            command.add_argument("--clock-is-right", action="store_true", help="时间没错，现在就删 / erase now")
        if name == "report":
            command.add_argument("file", type=Path, help="the report, a .docx or .xlsx")
            command.add_argument("--period", default="", help="a month such as 2026-11 (default: the last), 7 or 30")
        if name == "wechat-menu":
            command.add_argument("action", choices=("check", "push"))
    given = vars(parser.parse_args())
    name = given.pop("command")
    try:
        options = settings()
    except ValidationError as error:
        for fault in error.errors():
            name = f"YINFAWEN_{'_'.join(map(str, fault['loc'])).upper()}"
            print(f"{name}: 设置不对 / bad setting: {fault['msg']}", file=sys.stderr)
        return 2
    logs.set_up(options.log_level, options.log_format)
    return COMMANDS[name](options, **given)


if __name__ == "__main__":
    sys.exit(main())
