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


_UNLOADED = """
import sys, pytest

HEAVY = {"provisioning", "provision", "backings", "server", "audit", "template", "sources", "urls"}

def loaded():
    ours = {name.rpartition(".")[2] for name in sys.modules if name.startswith("paceline.isolation.")}
    return sorted(ours & HEAVY)

def test_modules():
    assert loaded() == []
    assert "sqlalchemy" not in sys.modules

@pytest.mark.%s
def test_of_a_suite(): pass

def test_wants_a_database(request):
    with pytest.raises(BaseException, match="nowhere_test|provisioned|psycopg"):
        request.getfixturevalue("paceline_database")
    assert "provisioning" in loaded()
"""


@pytest.mark.parametrize(
    "suite", ["", '[tool.paceline.suite.fast]\nflag = ""', '[tool.paceline.suite.slow]\nflag = "--slow"']
)
@pytest.mark.parametrize("out", [None, "run.jsonl"])
def test_what_provides_databases_is_loaded_by_the_first_test_that_wants_one(
    project: RecordedProject, suite: str, out: str | None
) -> None:
    """A project that uses Paceline doesn't pay for it in every run, whether it is recorded or not."""
    project.configure(
        f'{suite}\n[tool.paceline.database]\nurl = "postgresql://localhost:1/nowhere_test"',
        f'markers = ["{"slow" if "slow" in suite else "fast"}"]',
    )
    project.file("test_it.py", _UNLOADED % ("slow" if "slow" in suite else "fast"))
    ended = project.pytest(out=out)
    assert ended.summary == ({"passed": 2, "skipped": 1} if "slow" in suite else {"passed": 3}), ended.output


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
