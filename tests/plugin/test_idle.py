"""A project that doesn't use Paceline doesn't notice that it is installed."""

from __future__ import annotations

import re

import pytest
from tests.harness.recorded import RecordedProject

_LOADED = """
import sys

def test_modules():
    ours = sorted(name for name in sys.modules if name.partition(".")[0] == "paceline")
    assert ours == ["paceline", "paceline.plugin"]
"""


@pytest.fixture
def stranger(project: RecordedProject) -> RecordedProject:
    """A project that depends on Paceline and mentions it, but has no table for it."""
    project.file(
        "pyproject.toml",
        '[dependency-groups]\ndev = ["pytest-paceline"]  # see [tool.paceline]\n[tool.pytest.ini_options]\n',
    )
    project.file("test_it.py", "import pytest\n@pytest.mark.schema\ndef test_it(): pass\n")
    return project


def test_nothing_else_of_ours_is_imported(stranger: RecordedProject) -> None:
    """Only the entry point's module is."""
    stranger.file("test_it.py", _LOADED)
    assert stranger.pytest(out=None).summary == {"passed": 1}


def test_nothing_else_is_imported_without_pyproject(stranger: RecordedProject) -> None:
    """A project may have no pyproject.toml at all."""
    stranger.file("test_it.py", _LOADED)
    (stranger.root / "pyproject.toml").unlink()
    assert stranger.pytest(out=None).summary == {"passed": 1}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--markers",), ("-v",), ("--schema",), ("--fixtures", "-v")]
)
def test_what_pytest_says_is_the_same_text(stranger: RecordedProject, arguments: tuple[str, ...]) -> None:
    """With and without the plugin, options, markers, fixtures and output don't differ."""
    said = []
    for plugins in (), ("paceline",):
        ended = stranger.pytest(*arguments, plugins=plugins, out=None)
        text = re.sub(r"in \d+\.\d+s", "in TIME", ended.output)
        said.append((ended.ret, re.sub(r"^plugins: .*\n", "", text, flags=re.MULTILINE)))
    assert said[0] == said[1]
    assert said[0][0] == (4 if arguments == ("--schema",) else 0)
