"""A service of its own for tests that change knowledge or need a past, and staff who work at its desk."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.helpers import ROOT, WATCH
from tests.conftest import free_ports

PASSWORD = "correct-horse-7"
EDITOR = ("bianji", "编辑小王", "editor")
REVIEWER = ("shenhe", "审核老李", "reviewer")
ADMINISTRATOR = ("guanli", "管理员老赵", "administrator")
Desk = tuple[str, dict[str, str]]
Enter = Callable[[str], Page]


@contextmanager
def desk_service(
    home: Path,
    releases: Path,
    staff: Sequence[tuple[str, str, str]],
    fill: Callable[[str], None] = lambda database: None,
) -> Iterator[Desk]:
    """Address of a service with ``staff`` (name, shown, role), and their first passwords; ``fill`` gets its database first."""
    shutil.copytree(releases, home / "releases")
    port, internal, rasa = free_ports(3)
    environment = {
        **os.environ,
        "YINFAWEN_DATA_DIR": str(home),
        "YINFAWEN_PORT": str(port),
        "YINFAWEN_INTERNAL_PORT": str(internal),
        "YINFAWEN_RASA_PORT": str(rasa),
        "YINFAWEN_INTERNAL_SECRET": secrets.token_urlsafe(16),
    }
    passwords = {}
    for name, shown, role in staff:
        words = ["account", "add", name, "--shown", shown, "--role", role, "--reason", "测试"]
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        passwords[name] = done.stdout.split()[-1]
    fill(f"sqlite:///{next(home.glob('*.db'))}")
    process = subprocess.Popen([sys.executable, "-m", "bot", "service"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        yield url, passwords
    finally:
        process.terminate()
        process.wait(60)


def entering(
    desk: Desk, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page], height: int = 800
) -> Enter:
    """Opens the desk for somebody in a browser of their own, or a resident's browser for no name.

    The first login of each changes the password.
    """
    url, passwords = desk

    def open_it(name: str) -> Page:
        context = browser.new_context(viewport={"width": 1100, "height": height}, locale="zh-CN", base_url=url)
        context.add_init_script(WATCH)
        contexts.append(context)
        page = watch(context.new_page())
        if not name:
            return page
        page.goto("/desk/login")
        page.get_by_label("用户名").fill(name)
        page.get_by_label("密码").fill(passwords[name])
        page.get_by_role("button", name="登录").click()
        if passwords[name] != PASSWORD:
            expect(page.get_by_role("heading", name="改密码")).to_be_visible()
            page.get_by_label("原密码").fill(passwords[name])
            page.get_by_label("新密码（至少 10 个字符）").fill(PASSWORD)
            page.get_by_label("再输一次新密码").fill(PASSWORD)
            page.get_by_role("button", name="换密码").click()
            passwords[name] = PASSWORD
        expect(page.get_by_role("heading", name="您好")).to_be_visible()
        return page

    return open_it
