"""`paceline compare`, on files and in a repository."""

from __future__ import annotations

import gzip
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.harness.figures import METRICS, a_series, a_side, crowd, figure
from tests.harness.project import Project

from paceline.model.baseline import SuiteBaseline
from paceline.model.profile import TestSeries
from paceline.store.baseline_file import write_suites

GIT = ("git", "-c", "user.email=ann@example.org", "-c", "user.name=Ann")


def git(project: Project, *arguments: str) -> str:
    """Run git in the project and return what it prints."""
    command = [*GIT, *arguments]
    done = subprocess.run(command, cwd=project.root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def run(
    project: Project, *arguments: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `paceline` with these arguments."""
    command = [part for part in project.command(*arguments) if part != "profile"]
    return subprocess.run(
        command,
        cwd=project.root,
        env=project.environment(COLUMNS="200", **variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def store(project: Project, name: str, *tests: TestSeries, **changes: Any) -> None:
    """Write a baseline file with one suite."""
    profile = replace(a_side(*tests, **changes).profile, suite="fast")
    write_suites(project.root / name, {"fast": SuiteBaseline(profile=profile)}, "2026-01-01T00:00:00Z")


@pytest.fixture
def sides(project: Project) -> Project:
    """A project with two baseline files: in the second, one test sends more statements and one is slow."""
    query = "tests/t.py::test_query"
    store(project, "old.json", a_series(query, {"clean_time": 0.01, "sql_statements": 12}), *crowd())
    slow = a_series("t.py::test_crowd_3", 0.05)
    more = a_series(query, {"clean_time": 0.01, "sql_statements": 412})
    rest = [test for test in crowd() if test.nodeid != slow.nodeid]
    store(project, "new.json", more, slow, *rest)
    return project


def test_a_regression_is_shown_first_and_fails(sides: Project) -> None:
    """What is only suspicious stands below it."""
    done = run(sides, "compare", "old.json", "new.json")
    assert (done.returncode, done.stderr) == (10, "")
    rows = [
        line.split()[0] for line in done.stdout.splitlines() if line.lstrip().startswith(("regr", "susp"))
    ]
    assert rows == ["regressed", "suspicious", *(["suspicious"] * (len(rows) - 2))]
    assert "tests/t.py::test_query: sql statements" in done.stdout
    assert "+3333%" in done.stdout
    assert "one job can't tell what is suspicious from noise; paceline gate fast can" in done.stdout


def test_identical_sides_are_fine(sides: Project) -> None:
    """Nothing to look at, exit code 0."""
    done = run(sides, "compare", "old.json", "old.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "paceline gate" not in done.stdout
    assert "unchanged (old.json → old.json; machine +0%)" in done.stdout


def test_json_holds_every_series(sides: Project) -> None:
    """Also those that didn't change."""
    done = run(sides, "compare", "old.json", "new.json", "--format", "json")
    (comparison,) = json.loads(done.stdout)["comparisons"]
    found = {(delta["key"]["name"], delta["verdict"]) for delta in comparison["deltas"]}
    assert ("tests/t.py::test_query", "regressed") in found
    assert ("t.py::test_crowd_3", "inconclusive") in found
    assert ("t.py::test_crowd_4", "unchanged") in found


def test_markdown_is_a_table(sides: Project) -> None:
    """For a prompt: ranked, with places."""
    done = run(sides, "compare", "old.json", "new.json", "--format", "markdown")
    assert "|Verdict|What|Before|After|Change|Seen from|Why|" in done.stdout
    assert done.returncode == 10


def test_github_annotates_and_summarises(sides: Project, tmp_path: Path) -> None:
    """An error for the regression, a warning for what is suspicious, the table in the job summary."""
    summary = tmp_path / "summary.md"
    done = run(
        sides, "compare", "old.json", "new.json", "--format", "github", GITHUB_STEP_SUMMARY=str(summary)
    )
    first, *others = done.stdout.splitlines()
    assert first.startswith(
        "::error file=tests/t.py,title=Paceline::tests/t.py::test_query: sql statements: 12"
    )
    assert {line.partition(" ")[0] for line in others} == {"::warning"}
    assert "### fast" in summary.read_text()


def test_long_lists_are_cut(project: Project) -> None:
    """Groups with one cause are one row, and beyond twelve rows there is only their number."""
    names = [f"tests/t{at}.py::test_x[{number}]" for at in range(20) for number in (1, 2)]
    for name, count in (("old.json", 1), ("new.json", 2)):
        store(
            project, name, *(a_series(test, {"clean_time": 0.01, "sql_statements": count}) for test in names)
        )
    done = run(project, "compare", "old.json", "new.json")
    assert done.stdout.count("and 1 more: sql") == 0
    assert done.stdout.count("and 1 more") == 12
    assert "and 8 more; --format json lists them all" in done.stdout


def test_the_committed_baseline_is_the_default(project: Project) -> None:
    """Also where the file in the working tree has been profiled anew; the revision can be named."""
    project.profile("fast")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    project.baseline_path.write_text('{"profiles": {}}')

    for arguments in ((), ("main:",), ("HEAD:perf_metrics/pytest_marker_baselines.json",)):
        done = run(project, "compare", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert "→ the newest profile" in done.stdout


def test_folders_and_run_files_are_sides_too(project: Project) -> None:
    """Each suite in them is compared."""
    project.profile()
    project.profile("fast")
    newest = max((project.root / ".paceline" / "runs").glob("*-fast-*"))

    both = run(project, "compare", ".paceline/runs", ".paceline/runs")
    one = run(project, "compare", ".paceline/runs", str(newest.relative_to(project.root)))

    assert (both.returncode, one.returncode) == (0, 0), both.stderr + one.stderr
    assert {"fast:", "slow:"} <= {*both.stdout.split()}
    assert "slow:" not in one.stdout


def test_clocks_that_were_set_decide_nothing(project: Project) -> None:
    """One side long before the other, or long after it: the verdicts are the same."""
    project.profile("fast")
    (recorded,) = (project.root / ".paceline" / "runs").glob("*.gz")
    header, *rest = gzip.decompress(recorded.read_bytes()).decode().splitlines()
    for name, started_at in (("first", 0), ("now", json.loads(header)["started_at"]), ("far", 4_102_444_800)):
        lines = [json.dumps(json.loads(header) | {"started_at": started_at, "run_id": name}), *rest]
        (project.root / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    said: set[str] = set()
    for names in (("first", "far"), ("far", "first"), ("now", "now")):
        done = run(project, "compare", *(f"{name}.jsonl" for name in names), "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        [comparison] = json.loads(done.stdout)["comparisons"]
        said.add(json.dumps(comparison["deltas"]))
    assert len(said) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("nothing.json",), 4, "there is no file or folder nothing.json"),
        (("nowhere:",), 4, "git knows no revision 'nowhere'"),
        (("HEAD:other.json",), 4, "revision HEAD has no file other.json"),
        (("tests",), 4, "tests holds no run files"),
        (("bad.json",), 4, "is not a baseline file"),
        (("bad.jsonl",), 4, "is not a run file"),
        (("old.json", "other.json"), 11, "have no suite in common"),
        (("old.json", "new.json", "--suite", "slow"), 11, "have no suite in common"),
        (("old.json",), 4, ".paceline/runs holds no run files"),
    ],
)
def test_bad_sides_are_named(sides: Project, arguments: tuple[str, ...], code: int, complaint: str) -> None:
    """What is wrong, where, and what to do."""
    git(sides, "init", "-q", "-b", "main")
    git(sides, "add", "old.json")
    git(sides, "commit", "-qm", "first")
    for name in ("bad.json", "bad.jsonl"):
        (sides.root / name).write_text("[1]\n")
    others = {name: {"marker": name} for name in ("other", "another")}
    (sides.root / "other.json").write_text(json.dumps({"profiles": others}))
    done = run(sides, "compare", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert complaint in done.stderr


def test_the_commit_that_touched_the_cause_is_named(project: Project) -> None:
    """From the revisions of both sides and the file that the cause lies in."""
    from tests.harness.records import make_run, make_test

    from paceline.model.cost import Operation
    from paceline.model.environment import Revision
    from paceline.model.run import RunEnd
    from paceline.store.run_file import RunFile, line

    shop = project.root / "shop.py"
    hashes: list[str] = []
    for at, subject in enumerate(("first", "Load items one by one")):
        shop.write_text(f"x = {at}\n")
        if not at:
            git(project, "init", "-q", "-b", "main")
        git(project, "add", "shop.py")
        git(project, "commit", "-qm", subject)
        hashes.append(git(project, "rev-parse", "HEAD"))
        test = make_test("t.py::test_x")
        setup, call, teardown = test.phases
        count = (1, 100)[at]
        query = Operation(kind="sql", what="SELECT item", where="shop.py:1", count=count)
        call = replace(call, operations=(query,), values={"duration": 0.1, "sql_statements": count})
        made = make_run(replace(test, phases=(setup, call, teardown)))
        revision = Revision(
            commit=hashes[-1], branch="main", dirty=False, committed_at="2026-01-01T00:00:00Z"
        )
        header = replace(made.header, revision=revision, metrics=METRICS, suite="fast")
        file = RunFile(project.root / f"{at}.jsonl")
        file.append(line("header", header))
        file.append(line("collected", {"nodeids": ["t.py::test_x"]}))
        file.append(line("test", made.tests[0]))
        file.append(line("end", RunEnd(exit_code=0, duration=1.0, cpu_time=1.0)))
        file.close()

    done = run(project, "compare", "0.jsonl", "1.jsonl")

    assert done.returncode == 10, done.stderr
    assert "100 statements instead of 1: SELECT item from shop.py:1" in done.stdout
    assert f"commit {hashes[1][:7]} Load items one by one (Ann)" in done.stdout


def test_a_budget_fails_the_comparison(sides: Project) -> None:
    """It stands in the configuration of the suite."""
    sides.configure('[tool.paceline.suite.fast]\nbudget = "90s"\n')
    store(sides, "late.json", *crowd(), wall=figure(95, 96))
    done = run(sides, "compare", "old.json", "late.json")
    assert done.returncode == 10
    assert "over its budget in each of 2 rounds" in done.stdout


def test_a_budget_that_is_no_time_is_refused(sides: Project) -> None:
    """With the key that holds it."""
    sides.configure('[tool.paceline.suite.fast]\nbudget = "soon"\n')
    done = run(sides, "compare", "old.json", "new.json")
    assert done.returncode == 2
    assert "tool.paceline.suite.fast.budget: 'soon' is no time" in done.stderr
