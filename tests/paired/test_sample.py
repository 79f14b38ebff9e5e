"""Each side runs its own code, in a process of its own, with the tests that were asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.paired.conftest import Repository

from paceline.config import GateConfig, Suite
from paceline.errors import BaseSetupError
from paceline.paired.preparation import Side, base_side, head_side
from paceline.paired.sample import Bench, take
from paceline.paired.tree import checked_out

SUITE = Suite(name="all", paths=("tests",))
CONFIGURATION = '[tool.paceline.suite.all]\nmarker = ""\nflag = ""\npaths = ["tests"]\n'
TESTS = """
import pytest
from app import speed

@pytest.mark.parametrize("name", ["a b", "[::]", "ä"])
def test_speed(name):
    assert speed() == 1

def test_other():
    pass
"""


@pytest.fixture
def project(repository: Repository) -> Repository:
    """A project that had another speed one commit ago."""
    (repository.root / "pyproject.toml").write_text(CONFIGURATION)
    repository.commit("slow", src__app="def speed():\n    return 2\n", tests__test_app=TESTS)
    repository.commit("fast", src__app="def speed():\n    return 1\n")
    return repository


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder to write to, and no plugins but our own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(folder=folder, stall_timeout=60, advanced=lambda progress: None)


def outcomes(bench: Bench, side: Side, other: Side, *nodeids: str) -> dict[str, str]:
    """Take a sample and return the outcome of each test."""
    sample = take(bench, side, other, SUITE, f"{side.name}-{len(nodeids)}", nodeids=nodeids, seed=1)
    assert sample.run is not None, sample.result.output()
    assert sample.borrowed == ()
    return {test.nodeid: test.outcome for test in sample.run.tests}


def test_each_side_runs_its_own_code(project: Repository, bench: Bench) -> None:
    """The base has the code of its commit, the head that of the working tree."""
    head = head_side(project.root)
    with checked_out(project.root, "HEAD~1") as tree:
        base = base_side(tree, project.root, GateConfig())
        assert set(outcomes(bench, head, base).values()) == {"passed"}
        assert sorted(set(outcomes(bench, base, head).values())) == ["failed", "passed"]


def test_any_selection_of_tests_can_be_run(project: Repository, bench: Bench) -> None:
    """Names with spaces, brackets and letters of other languages as well."""
    head = head_side(project.root)
    every = outcomes(bench, head, dataclasses.replace(head, root=Path("/nowhere")))
    chosen = list(every)[:3]
    assert list(outcomes(bench, head, dataclasses.replace(head, root=Path("/nowhere")), *chosen)) == chosen


def test_code_of_the_other_side_is_noticed(project: Repository, bench: Bench) -> None:
    """A base that imports the head's package would be compared with itself."""
    head = head_side(project.root)
    with checked_out(project.root, "HEAD~1") as tree:
        base = base_side(tree, project.root, GateConfig())
        (tree.root / "src" / "app.py").unlink()
        confused = dataclasses.replace(base, environment=head.environment)
        sample = take(bench, confused, head, SUITE, "confused", seed=1)
    assert sample.borrowed == ("app",)


def test_the_base_is_set_up_once_for_each_state_of_the_lock_file(project: Repository) -> None:
    """And again when what decides its dependencies has changed."""
    (project.root / "app.lock").write_text("1")
    project.commit("lock")
    settings = GateConfig(
        setup="echo made >> {env}/log; cp app.lock {env}/content",
        python="{env}/bin/python",
        lock=("app.lock",),
    )
    logs: list[str] = []
    for content in ("1", "1", "2"):
        (project.root / "app.lock").write_text(content)
        project.commit("lock", app_state=f"{len(logs)} = {content}\n")
        with checked_out(project.root, "HEAD") as tree:
            side = base_side(tree, project.root, settings)
            folder = Path(side.environment["PACELINE_BASE_ENV"])
            assert side.python == f"{folder}/bin/python"
            assert (folder / "content").read_text() == content
            logs.append(f"{folder.name} {(folder / 'log').read_text()}")
    assert logs[0] == logs[1]
    assert logs[2] != logs[0]


def test_a_set_up_that_fails_says_what_it_said(project: Repository) -> None:
    """And is tried again the next time."""
    settings = GateConfig(setup="echo no such package; exit 3")
    with checked_out(project.root, "HEAD") as tree:
        for _ in range(2):
            with pytest.raises(BaseSetupError, match=r"ended with 3 in HEAD:\n    no such package"):
                base_side(tree, project.root, settings)
