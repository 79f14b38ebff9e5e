"""`paceline justify` and `paceline baseline accept`: slowdowns that are taken on purpose."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta

import pytest
from tests.cli.test_compare import git, run, sides, store
from tests.harness.figures import a_series, crowd
from tests.harness.project import Project

from paceline.store.baseline_file import read_baseline

__all__ = ["sides"]  # a fixture
QUERY = "tests/t.py::test_query"
BASELINE = "perf_metrics/pytest_marker_baselines.json"
#: A plugin that counts as many statements per test as the file `count` says.
COUNTING = """
import pathlib

import paceline.metrics
import pytest
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

SENT = [0.0]
METRIC = Metric(name="rows_counted", unit="1", noise="counted")
paceline.metrics.PROBES += (Probe(metrics=(METRIC,), read=lambda: (SENT[0],)),)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    SENT[0] += int(pathlib.Path("count").read_text())
"""


def days(number: int) -> str:
    """Return the date in so many days."""
    return (datetime.now(UTC) + timedelta(days=number)).date().isoformat()


@pytest.fixture
def stored(project: Project) -> Project:
    """A project with a baseline, and a later file in which a test sends more statements."""
    for name, count in ((BASELINE, 12), ("new.json", 18)):
        store(project, name, a_series(QUERY, {"clean_time": 0.01, "sql_statements": count}), *crowd())
    return project


def justify(project: Project, *arguments: str, code: int = 0) -> str:
    """Justify something, and return what was said."""
    done = run(project, "justify", *arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr


def test_a_justified_regression_passes_and_is_shown(stored: Project) -> None:
    """With its reason and its owner beside the verdict."""
    assert justify(stored, QUERY, "--reason", "audit trail", "--owner", "ann", "--until", days(0)) == ""
    done = run(stored, "compare", BASELINE, "new.json")
    assert done.returncode == 0
    assert "justified" in done.stdout
    assert "audit trail (ann)" in done.stdout


def test_the_file_changes_by_one_line(stored: Project) -> None:
    """Figures stay byte for byte, and taking it back restores the file."""
    before = stored.baseline_path.read_text()
    justify(stored, "fast", "--reason", "new  server\n", "--owner", "ann")
    first = stored.baseline_path.read_text()
    justify(stored, QUERY, "--reason", "audit", "--owner", "bob", "--until", days(9), "--up-to", "1.5x")
    second = stored.baseline_path.read_text().splitlines()

    added = [line.strip().rstrip(",") for line in second if line not in before.splitlines()]
    assert added[0] == '"justifications": ['
    assert [json.loads(text)["target"] for text in added[1:3]] == ["fast", QUERY]
    assert json.loads(added[1])["reason"] == "new server"
    assert len(set(first.splitlines()) - {*second}) <= 1  # the comma behind the first

    justify(stored, QUERY, "--remove")
    assert stored.baseline_path.read_text() == first
    justify(stored, "fast", "--remove")
    assert stored.baseline_path.read_text() == before


def test_profiling_keeps_justifications(project: Project) -> None:
    """They belong to the file and not to a run."""
    project.profile("fast")
    justify(project, "fast", "--reason", "r", "--owner", "o")
    project.profile("fast", "slow")
    baseline = read_baseline(project.baseline_path)
    assert baseline is not None
    assert [item.target for item in baseline.justifications] == ["fast"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "without a reason"),
        (("--reason", " "), "without a reason"),
        (("--reason", "r", "--owner", "o", "--until", "soon"), "'soon' is no date"),
        (("--reason", "r", "--owner", "o", "--until", "2020-01-01"), "2020-01-01 has passed"),
        (("--reason", "r", "--owner", "o", "--up-to", "0.9"), "'0.9' is no ratio above 1"),
        (("--reason", "r", "--owner", "o", "--up-to", "lots"), "'lots' is no ratio above 1"),
        (("--remove",), "nothing justifies 'fast'"),
    ],
)
def test_a_malformed_justification_is_refused(
    stored: Project, arguments: tuple[str, ...], complaint: str
) -> None:
    """Nothing is stored."""
    before = stored.baseline_path.read_text()
    said = justify(stored, "fast", *arguments, code=2)
    assert complaint in said
    assert "(justification)" in said
    assert stored.baseline_path.read_text() == before


def test_without_an_owner_git_is_asked(stored: Project) -> None:
    """And without either it is an error."""
    git(stored, "init", "-q")
    git(stored, "config", "user.email", "eve@example.org")
    justify(stored, "fast", "--reason", "r")
    baseline = read_baseline(stored.baseline_path)
    assert baseline is not None
    assert baseline.justifications[0].owner == "eve@example.org"


def test_an_unknown_target_is_told(stored: Project) -> None:
    """It is stored, because the test may be new."""
    said = justify(stored, "tests/t.py::test_new", "--reason", "r", "--owner", "o")
    assert "nothing in the baseline is called 'tests/t.py::test_new' yet" in said


def test_without_a_baseline_nothing_can_be_justified(project: Project) -> None:
    """There is nothing that it could be stored with."""
    assert "there is no baseline" in justify(project, "fast", "--reason", "r", "--owner", "o", code=4)


def test_expired_and_idle_ones_are_reported(stored: Project) -> None:
    """Loudly: the build fails as if they weren't there."""
    text = stored.baseline_path.read_text()
    old = {"target": QUERY, "reason": "audit", "owner": "ann", "until": "2020-01-01", "up_to": None}
    idle = {"target": "elsewhere", "reason": "gone", "owner": "bob", "until": None, "up_to": None}
    lines = f'"justifications": [{json.dumps(old)}, {json.dumps(idle)}], "profiles"'
    stored.baseline_path.write_text(text.replace('"profiles"', lines))
    done = run(stored, "compare", BASELINE, "new.json")
    assert done.returncode == 10
    assert "expired justifications, which cover nothing any more:" in done.stdout
    assert f"{QUERY}: audit (ann, until 2020-01-01)" in done.stdout
    assert "justifications that match nothing:\n  elsewhere: gone (bob)" in done.stdout


@pytest.mark.parametrize("bad", ["[3]", '[{"target": "fast"}]', '{"target": "fast"}'])
def test_a_malformed_one_in_the_file_is_named(stored: Project, bad: str) -> None:
    """The file was edited by hand."""
    text = stored.baseline_path.read_text()
    stored.baseline_path.write_text(text.replace('"profiles"', f'"justifications": {bad}, "profiles"'))
    done = run(stored, "compare", BASELINE, "new.json")
    assert done.returncode == 4
    assert "is not a baseline file: justifications" in done.stderr


def test_a_trailer_of_the_pull_request_justifies(stored: Project) -> None:
    """Its text comes from a file or from standard input."""
    text = f"More audit\n\nPaceline-Justify: {QUERY}: one row per change\nPaceline-Justify: x\n"
    done = run(stored, "compare", BASELINE, "new.json", "--message", "-", stdin=text)
    assert done.returncode == 0, done.stdout
    assert "one row per change (the pull request)" in done.stdout
    assert "trailers without a target or a reason:\n  Paceline-Justify: x" in done.stdout


@pytest.fixture
def counting(project: Project) -> Project:
    """A project whose tests count as many statements as the file `count` says, profiled with one."""
    project.configure('[tool.paceline.suite.fast]\nargs = ["-p", "counting"]\n[tool.paceline.suite.slow]\n')
    (project.root / "count").write_text("1")
    (project.root / "counting.py").write_text(COUNTING)
    done = project.profile("fast")
    assert done.returncode == 0, done.stderr
    return project


def test_a_profile_does_not_launder_a_regression(counting: Project) -> None:
    """The figures stay, every other suite is stored, and the way out is named."""
    (counting.root / "count").write_text("3")
    before = counting.entry("fast")

    done = counting.profile()

    assert done.returncode == 10, done.stderr
    assert "fast: not stored, because of what nobody has justified" in done.stdout
    assert "'paceline baseline accept fast' takes the figures all the same" in done.stdout
    assert counting.entry("fast") == before
    assert counting.entry("slow")["status"] == "measured"

    accepted = run(counting, "baseline", "accept", "fast")

    assert accepted.returncode == 0, accepted.stderr
    assert "fast: accepted, with 2 regressions:" in accepted.stdout
    assert "test_one: rows counted: 1 → 3 (+200%)" in accepted.stdout
    assert counting.profile("fast").returncode == 0


def test_the_way_out_can_be_taken_as_it_is_told(
    counting: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From another folder, and with another baseline file."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    output = elsewhere / "other.json"
    options = ("fast", "-C", str(counting.root), "--output", str(output))
    away = Project(elsewhere)
    (counting.root / "count").write_text("1")
    assert away.profile(*options).returncode == 0
    (counting.root / "count").write_text("3")
    told = re.search(r"'(paceline baseline accept .*?)' takes the figures", away.profile(*options).stdout)
    assert told is not None

    accepted = away.paceline(*shlex.split(told[1])[1:])

    assert accepted.returncode == 0, accepted.stderr
    assert "fast: accepted" in accepted.stdout


def test_a_profile_stores_a_justified_regression(counting: Project) -> None:
    """Because somebody has reviewed it."""
    (counting.root / "count").write_text("3")
    justify(counting, "fast", "--reason", "more rows", "--owner", "ann")
    assert counting.profile("fast").returncode == 0
    assert {test.phases["call"]["rows_counted"].median for test in counting.stored("fast").profile.tests} == {
        3
    }


def test_a_profile_stores_an_improvement(counting: Project) -> None:
    """Fewer is no regression."""
    (counting.root / "count").write_text("0")
    assert counting.profile("fast").returncode == 0


def test_accept_takes_the_newest_profile(project: Project) -> None:
    """With every round of it, and the anchor moves only when asked to."""
    project.profile("fast")
    anchored = project.stored("fast").anchor
    assert anchored is not None
    text = project.baseline_path.read_text()
    project.profile("fast", "--rounds", "2", "--output", "other.json")

    done = run(project, "baseline", "accept", "fast")

    assert (done.returncode, done.stdout, done.stderr) == (0, "fast: accepted\n", "")
    assert project.baseline_path.read_text() != text
    found = project.stored("fast")
    assert (found.profile.rounds, found.anchor) == (2, anchored)
    assert found.profile.command == "python -m pytest -m fast --fast --durations=25"

    run(project, "baseline", "accept", "fast", "--anchor")
    moved = project.stored("fast").anchor
    assert moved is not None
    assert moved.recorded_at >= anchored.recorded_at
    assert moved != anchored


@pytest.mark.parametrize(
    ("suite", "code", "complaint"),
    [("slow", 2, "no profile of 'slow' is kept"), ("fist", 2, "there is no suite 'fist'")],
)
def test_accept_names_what_it_cannot_find(project: Project, suite: str, code: int, complaint: str) -> None:
    """Nothing is written."""
    project.profile("fast")
    before = project.baseline_path.read_text()
    done = run(project, "baseline", "accept", suite)
    assert done.returncode == code
    assert complaint in done.stderr
    assert project.baseline_path.read_text() == before
