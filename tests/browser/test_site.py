"""The documentation as a site, in the browser: readable for everybody."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: The first page, one with commands, and one with wide tables.
_PAGES = ("index", "tutorial/the-shop", "explanation/peers")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    return folder / "build" / "site"


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1400, "light")])
def test_no_rule_of_accessibility_is_broken(
    browser: Browser, site: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Narrow and dark, wide and light; nothing is wider than the window."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    broken: dict[str, list[str]] = {}
    for name in _PAGES:
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate(_AXE)
        found = page.evaluate(
            "axe.run().then((found) => found.violations.map((one) => `${one.id} ${one.nodes[0].html}`))"
        )
        if found:
            broken[name] = found
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert {} == broken
