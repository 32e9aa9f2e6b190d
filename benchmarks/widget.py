"""The page on a slow phone: first paint, until one can type, until the first answer.

    python benchmarks/widget.py http://127.0.0.1:8000/ [runs]

Needs a running service and Chromium. Slow 4G as browsers' tools define it (150 ms, 1.6 Mbit/s down, 0.75 up), a processor
four times slower, an empty cache at each run. Prints the median in milliseconds.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time

from playwright.sync_api import Browser, sync_playwright

QUESTION = "法律援助热线电话是多少？"
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def visit(browser: Browser, url: str) -> dict[str, float]:
    """One visit in a fresh profile."""
    page = browser.new_context(viewport={"width": 375, "height": 812}, has_touch=True, is_mobile=True).new_page()
    control = page.context.new_cdp_session(page)
    control.send("Network.enable")
    speed = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
    control.send("Network.emulateNetworkConditions", speed)
    control.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator("yin-fawen textarea#question").wait_for()
    usable = time.perf_counter() - started
    page.locator("#question").fill(QUESTION)
    asked = time.perf_counter()
    page.keyboard.press("Enter")
    page.locator(".answer").wait_for()
    answer = time.perf_counter() - asked
    paint = float(page.evaluate(PAINT))
    page.context.close()
    return {"first paint": paint, "can type": usable * 1000, "question to answer": answer * 1000}


def main() -> None:
    """Visit some times and print the medians."""
    url, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        visits = [visit(browser, url) for _ in range(runs)]
        browser.close()
    for name in visits[0]:
        print(f"{name}: {statistics.median(one[name] for one in visits):.0f} ms")


if __name__ == "__main__":
    main()
