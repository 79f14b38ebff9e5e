"""How fast the page of a large suite is ready, and how it answers, beside a floor page in the same browser.

A suite of 5,000 tests over 100 runs. The floor holds the same figures as plain JSON, parses them, and shows
nothing: what no page with these figures can go below. Each page is opened in a context of its own, in turns.
Latencies are from the event to the second frame after it, which the browser has drawn by then.

    python bench/page.py                  seven rounds: about half a minute
    python bench/page.py --json FILE      and keep the figures
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.harness.pages import large_view, page_of

from paceline.model.page import SuiteView

#: Notes when the page says that it is ready: the first moment at which somebody can use it.
_WATCH = """
new MutationObserver((_, observer) => {
  if (document.documentElement.dataset.ready === undefined) return;
  window.readyAt = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
_FRAMES = "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));"
_MEASURE = (
    f"async () => {{ const start = performance.now(); %s; {_FRAMES} return performance.now() - start; }}"
)
_ACTIONS = {
    "two frames without anything to do": "",
    "search for what all tests have": "search.value = 'customer'; search.dispatchEvent(new Event('input'))",
    "search for what one test has": "search.value = '_04711_'; search.dispatchEvent(new Event('input'))",
    "sort 5,000 tests by duration": "document.querySelector('#heads button').click()",
    "scroll to the middle of the list": "list.scrollTop = list.scrollHeight / 2",
    "scroll to its end": "list.scrollTop = list.scrollHeight",
}


def floor_page(view: SuiteView) -> str:
    """Return a page that holds the figures of `view` as JSON and parses them."""
    rows = [
        [test.nodeid, *(round((value or 0) * 1e6) for value in (test.setup, test.call, *test.history))]
        for test in view.tests
    ]
    data = json.dumps({"runs": view.runs, "tests": rows}, separators=(",", ":"))
    return (
        "<!doctype html><meta charset=utf-8><title>Floor</title>"
        f'<script type="application/json" id="data">{data}</script>'
        "<p id=number></p><script>"
        "const data = JSON.parse(document.getElementById('data').textContent);"
        "document.getElementById('number').textContent = data.tests.length;"
        "document.documentElement.dataset.ready = '';</script>"
    )


def opened(browser: Browser, path: Path) -> tuple[Page, float]:
    """Open a page that nobody has opened before; return it and the milliseconds until it was ready."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, bypass_csp=True)
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_function("window.readyAt !== undefined")
    return page, float(page.evaluate("window.readyAt"))


def answers(page: Page) -> dict[str, float]:
    """Return the milliseconds that each action takes until its result is drawn."""
    page.evaluate(
        "window.search = document.getElementById('search'); window.list = document.getElementById('list')"
    )
    found: dict[str, float] = {}
    for name, action in _ACTIONS.items():
        found[name] = float(page.evaluate(_MEASURE % action))
        page.evaluate("search.value = ''; search.dispatchEvent(new Event('input')); list.scrollTop = 0")
    return found


def measured(rounds: int) -> dict[str, Any]:
    """Return the sizes of both pages, and the milliseconds of every round."""
    view = large_view()
    start = time.process_time()
    texts = {"report": page_of(view), "floor": floor_page(view)}
    made = time.process_time() - start
    ready: dict[str, list[float]] = {name: [] for name in texts}
    latencies: dict[str, list[float]] = {name: [] for name in _ACTIONS}
    named = os.environ.get("PACELINE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        paths = {name: Path(folder) / f"{name}.html" for name in texts}
        for name, text in texts.items():
            paths[name].write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=named, args=["--no-sandbox", "--disable-gpu"])
        opened(browser, paths["floor"])[0].context.close()  # the browser's own first page
        for number in range(rounds):
            for name in ("report", "floor") if number % 2 else ("floor", "report"):
                page, milliseconds = opened(browser, paths[name])
                ready[name].append(round(milliseconds, 1))
                if name == "report":
                    for action, latency in answers(page).items():
                        latencies[action].append(round(latency, 1))
                page.context.close()
        version = browser.version
        browser.close()
    return {
        "at": round(time.time()),
        "load": os.getloadavg(),
        "chromium": version,
        "tests": len(view.tests),
        "runs": len(view.runs),
        "bytes": {name: len(text.encode()) for name, text in texts.items()},
        "cpu_seconds_to_make_both": round(made, 2),
        "ready_ms": ready,
        "latency_ms": latencies,
    }


def as_markdown(found: dict[str, Any]) -> str:
    """Return the medians as a table."""
    lines = ["| | median | lowest..highest |", "|---|---:|---:|"]
    for name, values in found["ready_ms"].items():
        kilobytes = f"{found['bytes'][name] / 1000:.0f} kB"
        lines.append(_row(f"{name}, {kilobytes}: ready", values))
    lines += [_row(name, values) for name, values in found["latency_ms"].items()]
    return "\n".join(lines)


def _row(name: str, values: Sequence[float]) -> str:
    return f"| {name} | {median(values):.0f} ms | {min(values):.0f}..{max(values):.0f} ms |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args(arguments)
    found = measured(options.rounds)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(as_markdown(found))


if __name__ == "__main__":
    main()
