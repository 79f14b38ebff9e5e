"""`paceline report`, as somebody types it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.test_explain import SLOW, paceline, store
from tests.harness.costs import a_run, a_test, phase
from tests.harness.project import Project

EARLIER, LATER = "20260101T000000.000Z-schema-r1-00000000", "20260102T000000.000Z-schema-r1-00000001"


@pytest.fixture
def recorded(tmp_path: Path) -> Project:
    """A project with two runs of the suite `schema`."""
    project = Project(tmp_path)
    project.configure("")
    store(project, replace(SLOW, header=replace(SLOW.header, run_id="one", started_at=1e9)), EARLIER)
    store(project, replace(SLOW, header=replace(SLOW.header, run_id="two", started_at=2e9)), LATER)
    return project


def test_the_page_is_about_the_last_run(recorded: Project) -> None:
    """It stands where git doesn't see it, and says what is on it."""
    done = paceline(recorded, "report")

    path = recorded.root / ".paceline" / "report.html"
    page = path.read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}: {len(page.encode()) / 1e6:.2f} MB, schema\n"
    assert "<dd>two, 2033-05-18 03:33 UTC</dd>" in page
    assert page.startswith("<!doctype html>")


def test_a_chosen_run_goes_to_a_chosen_file(recorded: Project) -> None:
    """An earlier run knows nothing of a later one."""
    done = paceline(recorded, "report", EARLIER, "--output", "out/page.html")

    page = (recorded.root / "out" / "page.html").read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "<dd>one, 2001-09-09 01:46 UTC</dd>" in page
    assert '"runs":[1000000000],"after":0' in page


def test_a_base_gives_a_verdict(recorded: Project) -> None:
    """In the words of `paceline compare`."""
    base = f".paceline/runs/{EARLIER}.jsonl.gz"
    done = paceline(recorded, "report", "--against", base)

    page = (recorded.root / ".paceline" / "report.html").read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "What changed" in page
    assert f"{base} → these runs" in page
    assert '"after":1' in page


def test_the_rounds_of_a_profile_are_now(recorded: Project) -> None:
    """What was measured before its first round is the past."""
    for number in (2, 3):
        header = replace(SLOW.header, run_id=f"r{number}", started_at=2e9 + number, round=number)
        store(
            recorded, replace(SLOW, header=header), f"20260102T000000.000Z-schema-r{number}-0000000{number}"
        )
    paceline(recorded, "report")

    page = (recorded.root / ".paceline" / "report.html").read_text(encoding="utf-8")
    assert '"runs":[1000000000,2000000000,2000000002,2000000003],"after":1' in page


def test_without_a_run_there_is_no_page(tmp_path: Path) -> None:
    """It says how to get one."""
    project = Project(tmp_path)
    project.configure("")

    done = paceline(project, "report")

    assert done.returncode == 2
    assert "(no-runs)" in done.stderr
    assert not (tmp_path / ".paceline" / "report.html").exists()


def test_a_file_that_cannot_be_written_is_an_error(recorded: Project) -> None:
    """A folder stands in its place."""
    (recorded.root / "folder").mkdir()

    done = paceline(recorded, "report", "--output", "folder")

    assert done.returncode != 0
    assert "(unwritable-file)" in done.stderr


def test_a_broken_file_among_the_earlier_ones_is_left_out(recorded: Project) -> None:
    """The history has a run less, and the page is made."""
    (recorded.root / ".paceline" / "runs" / f"{EARLIER}.jsonl.gz").write_bytes(b"nonsense")

    done = paceline(recorded, "report")

    assert done.returncode == 0
    page = (recorded.root / ".paceline" / "report.html").read_text(encoding="utf-8")
    assert '"runs":[2000000000],"after":0' in page


def test_suites_stand_side_by_side(recorded: Project) -> None:
    """Each has its card and its section."""
    other = a_run(a_test("test_c", phase("call", 0.1)), suite="contract")
    store(recorded, other, "20260103T000000.000Z-contract-r1-00000009")

    done = paceline(recorded, "report")

    assert done.stdout.endswith("schema, contract\n")


def test_a_folder_of_artifacts_is_the_page_about_its_last_runs(recorded: Project, tmp_path: Path) -> None:
    """Of each suite, with the earlier ones as history; what else lies there is not looked at."""
    folder = tmp_path / "artifacts"
    for name in ("pytest-schema-runs", "pytest-contract-runs"):
        (folder / name).mkdir(parents=True)
    for path in (recorded.root / ".paceline" / "runs").iterdir():
        path.rename(folder / "pytest-schema-runs" / path.name)
    other = a_run(a_test("test_c", phase("call", 0.1)), suite="contract")
    store(recorded, other, "20260103T000000.000Z-contract-r1-00000009")
    for path in (recorded.root / ".paceline" / "runs").iterdir():
        path.rename(folder / "pytest-contract-runs" / path.name)
    (folder / "pytest-contract-runs" / "coverage.xml").write_text("<coverage/>")

    done = paceline(recorded, "report", "artifacts", "--output", "page.html")

    page = (recorded.root / "page.html").read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" MB, contract, schema\n")
    assert '"runs":[1000000000,2000000000],"after":1' in page
    assert "test_c" in page


def test_the_verdicts_of_a_gate_are_shown(recorded: Project) -> None:
    """The page says what the gate found, and that it doesn't judge the other suite."""
    base, candidate = (f".paceline/runs/{name}.jsonl.gz" for name in (EARLIER, LATER))
    judged = paceline(recorded, "compare", base, candidate, "--format", "json")
    found = json.loads(judged.stdout)
    [comparison] = found["comparisons"]
    [delta] = [one for one in comparison["deltas"] if one["key"]["subject"] == "test"][:1]
    changed = {"verdict": "regressed", "before": 0.5, "after": 2.5, "ratio": 5.0, "reason": "confirmed twice"}
    comparison["deltas"] = [{**delta, "evidence": "timed", "unit": "s", **changed}]
    (recorded.root / "gate.json").write_text(json.dumps(found))
    other = a_run(a_test("test_c", phase("call", 0.1)), suite="contract")
    store(recorded, other, "20260103T000000.000Z-contract-r1-00000009")

    done = paceline(recorded, "report", "--comparison", "gate.json", "--output", "page.html")

    page = (recorded.root / "page.html").read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "<h1>Heavy tests got slower</h1>" in page
    assert "gate.json doesn&#39;t judge it" in page
    assert "+400%" in page


def test_a_hundred_runs_on_disk_are_the_history(recorded: Project) -> None:
    """Only their tests are read, and every one of them is a point."""
    runs = recorded.root / ".paceline" / "runs"
    for number in range(1, 101):
        header = replace(SLOW.header, run_id=f"n{number}", started_at=1.5e9 + number)
        name = f"20260101T00{number // 60:02}{number % 60:02}.000Z-schema-r1-{number:08x}"
        store(recorded, replace(SLOW, header=header), name)

    done = paceline(recorded, "report")

    page = (recorded.root / ".paceline" / "report.html").read_text(encoding="utf-8")
    assert len([*runs.iterdir()]) == 102
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.findall(r'"runs":\[([\d,]+)\]', page)[0].split(",")
    assert len(shown) == 100, "the newest ones"
    assert shown[-1] == "2000000000"
