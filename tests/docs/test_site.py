"""The documentation as a site."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path) -> tuple[int, str]:
    """Build the site in a copy, as somebody would who publishes it; return the exit code and what it said."""
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    return done.returncode, said


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages and the configuration, and the site built from them."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    code, said = build(folder)
    assert code == 0, said
    return folder


def named(nav: Any) -> Iterator[str]:
    """Yield every page of a navigation."""
    if isinstance(nav, str):
        yield nav
        return
    for item in nav.values() if isinstance(nav, dict) else nav:
        yield from named(item)


def test_every_page_is_in_the_navigation_once() -> None:
    """A page that is added belongs to one of the kinds."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(pages) == sorted(named(nav))


def test_every_page_and_schema_is_published(site: Path) -> None:
    """Schemas are fetched by programs from where the page about them is."""
    pages = [path.relative_to(site / "docs") for path in (site / "docs").rglob("*.*")]
    built = [path.with_suffix(".html") if path.suffix == ".md" else path for path in pages]
    missing = [path.as_posix() for path in built if not (site / "build" / "site" / path).exists()]
    assert [] == missing


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    """It reads the same where there is no network, and tells nobody who reads it."""
    tags = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=\"?https?:|<link[^>]+href=\"?https?:|@import|url\(https?:"
    )
    asking = [
        path.name
        for path in (site / "build" / "site").rglob("*")
        if path.suffix in {".html", ".css"} and tags.search(path.read_text(encoding="utf-8"))
    ]
    assert [] == asking


def test_a_broken_link_or_anchor_fails_the_build(site: Path, tmp_path: Path) -> None:
    """Otherwise the build says nothing about links."""
    shutil.copytree(site / "docs", tmp_path / "docs")
    shutil.copy(site / "zensical.toml", tmp_path)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as index:
        index.write("\n[gone](how-to/gone.md) and [nowhere](reference/errors.md#nowhere)\n")
    code, said = build(tmp_path)
    assert code != 0
    assert "how-to/gone.md" in said
    assert "reference/errors.md#nowhere" in said
