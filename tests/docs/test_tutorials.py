"""The tutorials, carried out word by word."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.harness.database import clean_environ
from tests.harness.tutorial import carried_out, not_found, plain, steps

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
@pytest.mark.timeout(300)
def test_the_tutorial_works_as_written(page: Path, tmp_path: Path) -> None:
    """Every command ends as the page says, and prints what the page shows."""
    clone = tmp_path / "pytest-paceline"
    shop, ignored = ROOT / "examples" / "shop", shutil.ignore_patterns(".*", "__pycache__", "perf_metrics")
    shutil.copytree(shop, clone / "examples" / "shop", ignore=ignored)
    programs = Path(sys.executable).parent
    variables = clean_environ(
        COLUMNS="100",
        GIT_CONFIG_COUNT="2",
        GIT_CONFIG_KEY_0="user.name",
        GIT_CONFIG_VALUE_0="Ann",
        GIT_CONFIG_KEY_1="user.email",
        GIT_CONFIG_VALUE_1="ann@example.org",
        NO_COLOR="1",
        PYTEST_PLUGINS="paceline",
    )
    variables["PATH"] = f"{programs}:{variables['PATH']}"
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        variables.pop(name, None)

    wrong = carried_out(page.read_text(encoding="utf-8"), clone, variables)
    assert not wrong, "\n".join(wrong)


def test_a_page_that_says_something_else_is_found() -> None:
    """Other words, other counts, another order and lines too many are differences; other times aren't."""
    said = "Suite  schema\n\n 2 passed in 1.5 s\n done\n"

    assert not_found(("Suite schema", "2 passed in 20 ms", "done"), said) == ""
    assert not_found(("...", "done"), said) == ""
    assert not_found(("...", "3 passed in 1.5 s", "..."), said) == "3 passed in <time>"
    assert not_found(("done", "...", "Suite schema"), said) == "done"
    assert not_found(("Suite schema", "..."), said) == ""
    assert not_found(("Suite schema",), said) == "2 passed in <time>"
    assert plain("wall -26%, 1 min 02 s") == "wall <percent>, <time>"


def test_the_parts_of_a_page_are_told_apart() -> None:
    """Commands with what they print, files, changes; what is only to be read is none of them."""
    page = (
        "`a.py`:\n\n```python\nx = 1\n```\n\nText.\n\n```text\nno\n```\n\n"
        "```console\n$ one\nsaid\n$ two\n$ echo $?\n3\n```\n"
    )
    kinds = [type(step).__name__ for step in steps(page)]
    assert kinds == ["File", "Command", "Command", "Command"]
