"""A real browser, headless, on files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Milliseconds; the machine may be busy with other work.
_PATIENCE = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it."""
    named = os.environ.get("PACELINE_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if named is None:
        pytest.skip(
            "needs Chromium: install the system's package `chromium`, or name one in PACELINE_CHROMIUM"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=named, args=_ARGUMENTS, timeout=_PATIENCE)
        yield started
        started.close()


class Opener:
    """Writes pages to files and opens them.

    Attributes:
        complaints: errors, messages and requests of the pages; whatever is left of them fails the test.
    """

    def __init__(self, browser: Browser, folder: Path) -> None:
        """Open pages in `browser` from files in `folder`."""
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []
        self._browser = browser
        self._path = folder / "report.html"

    def __call__(
        self,
        text: str,
        *,
        width: int = 1400,
        scheme: Literal["light", "dark"] = "light",
        policy: bool = True,
        scripts: bool = True,
    ) -> Page:
        """Return the page `text` once it is ready.

        Args:
            policy: whether its Content-Security-Policy holds.
            scripts: whether its scripts run.
        """
        self._path.write_text(text, encoding="utf-8")
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            bypass_csp=not policy,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(_PATIENCE)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("request", lambda request: self._requested(request.url))
        page.goto(self._path.as_uri())
        if scripts:
            page.wait_for_selector("[data-ready]", state="attached")
        return page

    def _requested(self, address: str) -> None:
        if address != self._path.as_uri():
            self.complaints.append(address)


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Open pages; one that complains or asks for anything fails the test."""
    opener = Opener(browser, tmp_path)
    yield opener
    for context in opener.contexts:
        context.close()
    assert opener.complaints == []
