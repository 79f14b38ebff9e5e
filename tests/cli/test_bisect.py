"""`paceline bisect` on a history in which one commit made a test slower."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest
from tests.cli.test_gate import SLOWER, git, repository
from tests.harness.project import Project


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four commits on a branch; the second doesn't run, and the third waits ten times as long."""
    made = repository(tmp_path_factory.mktemp("history"))
    assert made.profile("--output", ".paceline/base.json", PYTHONPATH=str(made.root / "src")).returncode == 0
    for number in range(1, 5):
        made.write(src__app="this is no Python\n" if number == 2 else f"{_application(number)}\n# {number}\n")
        git(made.root, "commit", "-qam", f"number {number}")
        git(made.root, "tag", f"v{number}")
    return made


def _application(number: int) -> str:
    return SLOWER if number >= 3 else SLOWER.replace("0.03", "0.002")


def bisect(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `paceline bisect`, and make sure that nothing of it is left behind."""
    done = project.paceline("bisect", *arguments, timeout=400, COLUMNS="200")
    clean(project)
    return done


def clean(project: Project) -> None:
    """Make sure that the working tree is what it was and that no other is left."""
    assert git(project.root, "status", "--porcelain") == ""
    assert len(git(project.root, "worktree", "list").splitlines()) == 1


def test_the_commit_is_found_or_narrowed_down(history: Project) -> None:
    """A part of a name is enough, and the search begins where the branch left main.

    A commit that can't be run may be the one as well, and is named beside it.
    """
    done = bisect(history, "test_order", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["answer"], found["target"]) == ("found", "tests/test_app.py::test_order")
    assert [line.rpartition(": ")[2] for line in found["commits"]] == ["number 2", "number 3"]
    assert found["delta"]["key"]["name"] == "tests/test_app.py::test_order"


def test_a_test_that_is_not_slower_ends_the_search(history: Project) -> None:
    """There is nothing to find, so nothing is named."""
    done = bisect(history, "tests/test_app.py::test_steady[3]", "--good", "main", "--bad", "v1")
    assert (done.returncode, done.stdout) == (11, "")
    assert "isn't slower in v1 than in main" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("test_order", "--good", "v3", "--bad", "v2"), "v3 is not an ancestor of v2"),
        (("test_order", "--good", "nowhere"), "there is no commit 'nowhere'"),
        (("no_such_test",), "no recorded test, fixture, file or suite is called 'no_such_test'"),
        (("::test_",), "can mean 15 things"),
    ],
)
def test_what_cannot_be_searched_is_said(
    history: Project, arguments: tuple[str, ...], complaint: str
) -> None:
    """Before anything is run."""
    done = bisect(history, *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_puts_everything_away(history: Project, number: signal.Signals) -> None:
    """Both checkouts are gone."""
    code, said = history.interrupted(
        ["bisect", "test_order"], number, lambda: len(git(history.root, "worktree", "list").splitlines()) == 3
    )
    assert code == 130, said
    clean(history)
