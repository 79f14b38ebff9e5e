"""The workflow on GitHub: valid, safe, and the one that the mission describes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.mark.parametrize("name", ["ci.yml", "heavy-tests-comment.yml"])
def test_github_understands_the_workflow(workflow_path: Path, name: str) -> None:
    """GitHub's own schema for workflows accepts the file."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [*checker, str(workflow_path.with_name(name))], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["ci.yml", "heavy-tests-comment.yml"])
def test_an_audit_finds_nothing(workflow_path: Path, name: str) -> None:
    """Zizmor, at its strictest, has no finding: no injection, no broad permission, no kept credential."""
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    audit = [str(zizmor), "--offline", "--pedantic", "--no-config", "--format=json"]
    audit.append(str(workflow_path.with_name(name)))
    done = subprocess.run(audit, capture_output=True, text=True, check=False)
    assert (0, []) == (done.returncode, json.loads(done.stdout))


def test_actions_are_pinned_to_a_commit_and_say_which_version_it_is(workflow_path: Path) -> None:
    """A tag can be moved; a commit can't."""
    uses = re.findall(r"uses: *(.*)", workflow_path.read_text())
    assert uses
    assert [] == [action for action in uses if not PINNED.fullmatch(action)]


def test_jobs_may_only_read_and_end_by_themselves(jobs: dict[str, Any]) -> None:
    """Only the history can be written, and none runs into GitHub's limit of six hours."""
    rights = {name: job.get("permissions", {}) for name, job in jobs.items()}
    read = {"contents": "read"}
    write = {"contents": "write"}  # its own branch, after a push to the main branch only
    assert {
        "checks": read,
        "fast-tests": read,
        "heavy-tests": read,
        "heavy-tests-verdict": read,
        "heavy-tests-history": write,
        "required": {},
    } == rights
    assert "github.event_name == 'push'" in jobs["heavy-tests-history"]["if"]
    assert [] == [name for name, job in jobs.items() if not job.get("timeout-minutes")]


def test_one_job_stands_for_all(jobs: dict[str, Any]) -> None:
    """`required` waits for every other job and runs also when one of them failed or was skipped."""
    required = jobs["required"]
    assert sorted(set(jobs) - {"required", "heavy-tests-history"}) == sorted(required["needs"])
    assert required["if"] == "always()"


def test_fast_tests_run_on_every_python_with_both_ends_of_the_dependencies(jobs: dict[str, Any]) -> None:
    """Oldest and newest dependencies on all supported Pythons, and the newest SQLAlchemy 2.0."""
    matrix = jobs["fast-tests"]["strategy"]["matrix"]
    assert ["3.11", "3.12", "3.13", "3.14"] == matrix["python"]
    assert ["lowest", "newest"] == matrix["dependencies"]
    assert ["sqlalchemy<2.1"] == [extra["also"] for extra in matrix["include"]]


def test_each_suite_is_profiled_by_its_own_job(jobs: dict[str, Any]) -> None:
    """The mission's M8: a matrix over the three suites, none cancelled by another's failure."""
    strategy = jobs["heavy-tests"]["strategy"]
    assert {"suite": ["schema", "pgvector", "contract"]} == strategy["matrix"]
    assert strategy["fail-fast"] is False
    commands = "\n".join(step.get("run", "") for step in jobs["heavy-tests"]["steps"])
    assert "python scripts/perf/profile_marker_suites.py" in commands
    assert "--workers 2" in commands


def test_timings_are_kept_also_when_tests_failed(jobs: dict[str, Any]) -> None:
    """The mission's M9: the artifact is always uploaded under its name, and a missing file is a failure."""
    uploads = [step for step in jobs["heavy-tests"]["steps"] if "upload-artifact" in step.get("uses", "")]
    timings = uploads[0]
    assert timings["if"] == "always()"
    assert timings["with"] == {
        "name": "pytest-${{ matrix.suite }}-profile",
        "path": "profile/pytest-${{ matrix.suite }}-profile.json",
        "if-no-files-found": "error",
    }


def test_the_verdict_covers_all_legs_and_is_judged_whatever_happened(jobs: dict[str, Any]) -> None:
    """It waits for the matrix, takes every leg's files, and says what became of a leg that failed."""
    verdict = jobs["heavy-tests-verdict"]
    assert (verdict["if"], verdict["needs"]) == ("always()", "heavy-tests")
    download = next(step for step in verdict["steps"] if "download-artifact" in step.get("uses", ""))
    assert download["with"] == {"pattern": "pytest-*", "path": "legs", "merge-multiple": True}
    judge = next(step for step in verdict["steps"] if "paceline verdict" in step.get("run", ""))
    assert judge["if"] == "always()"


def test_the_comment_workflow_never_checks_out_the_pull_request(workflow_path: Path) -> None:
    """It runs with the right to comment, so it takes only the default branch's own code."""
    text = workflow_path.with_name("heavy-tests-comment.yml").read_text()
    assert "ref:" not in text
    document = yaml.safe_load(text)
    assert document["permissions"] == {}
    assert document["jobs"]["comment"]["permissions"] == {"actions": "read", "pull-requests": "write"}
