"""Pictures of the desk's handbook, from a service that it starts on an empty data folder.

    python docs/handbook/pictures.py RELEASES      # e.g. var/releases, where a release is published

Needs Debian's chromium and a Chinese font. Ends the service it started. Nothing in the pictures is about a real person.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PASSWORD = "a-password-for-pictures-1"  # noqa: S105 (of accounts that live as long as the script)


def command(home: Path, *words: str) -> str:
    """What ``python -m bot`` prints."""
    environment = {**os.environ, "YINFAWEN_DATA_DIR": str(home), "YINFAWEN_DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def serve(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The service without a dialogue engine, which answers straight from knowledge."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        port, internal = first.getsockname()[1], second.getsockname()[1]
    environment = {
        **os.environ,
        "YINFAWEN_DATA_DIR": str(home),
        "YINFAWEN_DATABASE_URL": "",
        "YINFAWEN_PORT": str(port),
        "YINFAWEN_INTERNAL_PORT": str(internal),
    }
    process = subprocess.Popen([sys.executable, "-m", "bot", "service"], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=1).close()  # noqa: S310 (our own address)
            return process, address
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.5)
    process.kill()
    raise SystemExit("服务没有起来 / the service did not start")


def log_in(page: Page, address: str, name: str, first: str) -> None:
    page.goto(f"{address}/desk/login")
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码", exact=True).fill(first)
    page.get_by_role("button", name="登录").click()
    page.get_by_label("原密码").fill(first)
    page.get_by_label("新密码（至少 10 个字符）").fill(PASSWORD)
    page.get_by_label("再输一次新密码").fill(PASSWORD)
    page.get_by_role("button", name="换密码").click()


def shot(page: Page, name: str) -> None:
    page.screenshot(path=HERE / "pictures" / f"desk-{name}.png", full_page=True)


def administrator(page: Page, address: str) -> None:
    page.goto(f"{address}/desk/accounts")
    page.get_by_label("用户名（小写").fill("li")
    page.get_by_label("姓名").fill("李四")
    section = page.get_by_role("region", name="新账号")
    section.get_by_label("角色").select_option("operator")
    section.get_by_label("理由").fill("新来的坐席")
    page.get_by_role("button", name="建账号").click()
    page.locator(".notice code").evaluate("(code) => { code.textContent = '（这里是第一个密码）'; }")
    shot(page, "accounts")
    page.goto(f"{address}/desk/second-factor")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="开始开通").click()
    shot(page, "second-factor")
    page.goto(f"{address}/desk/duty")
    shot(page, "duty")


def operator(page: Page, address: str) -> None:
    page.goto(f"{address}/desk/caller")
    page.locator("textarea").first.press_sequentially("老板拖欠工资不给")
    page.locator("#steps").wait_for()
    shot(page, "caller")
    page.goto(f"{address}/desk/inbox")
    shot(page, "inbox")


def main() -> None:
    """Make them all."""
    releases = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="yinfawen-pictures-") as folder:
        home = Path(folder)
        shutil.copytree(releases, home / "releases")
        firsts = {}
        for name, shown, role in (("zhang", "张三", "administrator"), ("wang", "王五", "operator")):
            said = command(home, "account", "add", name, "--shown", shown, "--role", role, "--reason", "为手册拍照")
            found = re.search(r"(\S+)\s*$", said)
            firsts[name] = found[1] if found else ""
        process, address = serve(home)
        try:
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium") or shutil.which("google-chrome")
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for name, story in (("zhang", administrator), ("wang", operator)):
                    page = browser.new_context(viewport={"width": 1100, "height": 700}, locale="zh-CN").new_page()
                    log_in(page, address, name, firsts[name])
                    story(page, address)
                browser.close()
        finally:
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    main()
