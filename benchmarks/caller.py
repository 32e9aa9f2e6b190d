"""How long the caller panel's answer cards take, from the request to the last byte: ``python -m benchmarks.caller var``.

The argument is a data folder with a published release; everything else happens in a temporary one. The browser waits
another 150 ms after the last key before it asks (bot/desk/templates/caller.html).
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from bot.channels.web.access import STORE
from bot.conversations.migrate import migrate
from bot.desk import accounts, passwords
from bot.desk.audit import COMMAND
from bot.service import make_app
from bot.settings import Settings
from knowledge import live
from knowledge.embed import load_embedder

PASSWORD = "a-password-to-measure-with"
COUNT = 200


async def measure(options: Settings) -> list[float]:
    """Milliseconds of each request; half of them name a village too."""
    knowledge = live.load(options, load_embedder(options.model_source))
    live.use(knowledge)
    knowledge.suggest("")
    sections = [section for _, section in knowledge.release.catalogue.sections()]
    questions = [section.questions[-1] for section in sections][:COUNT]
    migrate(options.database)
    client = TestClient(TestServer(make_app(options)), cookie_jar=CookieJar(unsafe=True))
    await client.start_server()

    def work(connection: Connection) -> None:
        made = passwords.hashed(PASSWORD)
        accounts.add(connection, COMMAND, "measure", "measure", made)
        accounts.set_password(connection, COMMAND, "measure", made, must_change=False)
        accounts.grant(connection, COMMAND, "measure", "operator", "benchmark")

    await client.app[STORE].run(work)  # type: ignore[index]

    async def token(path: str) -> str:
        async with client.get(path) as response:
            found = re.search(r'name="csrf" value="([^"]+)"', await response.text())
            assert found is not None
            return found[1]

    login = {"csrf": await token("/desk/login"), "name": "measure", "password": PASSWORD}
    await (await client.post("/desk/login", data=login)).read()
    csrf, took = await token("/desk/caller"), []
    for number, question in enumerate(questions):
        form = {"csrf": csrf, "text": question, "village": "北街村" if number % 2 else ""}
        started = time.perf_counter()
        async with client.post("/desk/caller/cards", data=form) as response:
            page = await response.text()
        took.append(1000 * (time.perf_counter() - started))
        assert response.status == 200, page
    await client.close()
    return took


def main() -> None:
    """Print the numbers."""
    with tempfile.TemporaryDirectory(prefix="yinfawen-caller-") as folder:
        shutil.copytree(Path(sys.argv[1]) / "releases", Path(folder) / "releases")
        took = sorted(asyncio.run(measure(Settings(data_dir=Path(folder), database_url=""))))
    cuts = statistics.quantiles(took, n=100)
    print(
        f"{len(took)} requests: median {cuts[49]:.0f} ms, 95 % {cuts[94]:.0f} ms, slowest {took[-1]:.0f} ms (limit 300)"
    )


if __name__ == "__main__":
    main()
