"""The jobs about heavy tests, carried out here as GitHub would: in clean clones, with their artifacts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.harness.workflow import Runner, filled_in

SUITES = ("schema", "pgvector", "contract")

heavy = pytest.mark.skipif(
    "PACELINE_HEAVY_CI" not in os.environ,
    reason="takes minutes, as it installs everything and profiles; .ci/run sets PACELINE_HEAVY_CI",
)


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """What the jobs of one run of the workflow share.

    Attributes:
        tools: programs of a fresh environment: what actions/setup-python gives to each job.
        artifacts: what stands for GitHub's store: the legs fill it, the verdict reads it.
    """

    folder: Path
    repository: Path
    tools: Path
    artifacts: Path
    variables: dict[str, str]

    def run(self, name: str, job: dict[str, Any], **matrix: str) -> tuple[int, Runner]:
        """Carry out a job in a clean clone of what is committed; return how it ended, and its machine."""
        place = self.folder / "-".join([name, *matrix.values()])
        command = ["git", "clone", "--quiet", str(self.repository), str(place / "clone")]
        subprocess.run(command, check=True, env=self.variables)
        runner = Runner(
            workspace=place / "clone",
            files=place / "files",
            artifacts=self.artifacts,
            tools=self.tools,
            name=name,
            matrix=matrix,
            job=job,
        )
        return runner.run(), runner


@heavy
@pytest.mark.timeout(900)
def test_the_legs_leave_their_timings_and_the_verdict_is_on_all_of_them(
    root: Path, jobs: dict[str, Any], git_variables: dict[str, str], tmp_path: Path
) -> None:
    """Each leg ends well, with measured figures and a table in its summary; then all are judged together.

    One test, so that the jobs share an installation, and the verdict has the artifacts of the legs.
    """
    environment = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", environment], check=True)
    artifacts = tmp_path / "artifacts"
    github = GitHub(
        folder=tmp_path,
        repository=root,
        tools=environment / "bin",
        artifacts=artifacts,
        variables=git_variables,
    )
    for suite in SUITES:
        status, leg = github.run("heavy-tests", jobs["heavy-tests"], suite=suite)
        assert status == 0, "\n".join(leg.output)
        _check_leg(leg, suite)

    status, verdict = github.run("heavy-tests-verdict", jobs["heavy-tests-verdict"])

    assert status in (0, 10), "\n".join(verdict.output)
    found = json.loads(verdict.artifact("paceline-verdict").read_text())
    assert sorted(SUITES) == sorted(suite["suite"] for suite in found["suites"])
    assert all(suite["tests"] and suite["wall"] > 0 for suite in found["suites"])
    assert (status == 10) is any(suite["state"] == "regressed" for suite in found["suites"])
    merged = json.loads((artifacts / "heavy-tests" / "pytest-profile.json").read_text())
    assert sorted(SUITES) == sorted(merged["profiles"])
    assert "<html" in (artifacts / "heavy-tests" / "heavy-tests.html").read_text()
    assert all(f"`{suite}`" in verdict.summary.read_text() for suite in SUITES)


def _check_leg(leg: Runner, suite: str) -> None:
    profile = json.loads(leg.artifact(f"pytest-{suite}-profile").read_text())["profiles"][suite]
    assert profile["marker"] == suite
    assert profile["wall_time_seconds"] > 0
    assert all(test["duration"] > 0 and test["nodeid"] for test in profile["slow_tests"])
    assert profile["slow_tests"]
    assert re.search(r"--dist\W+loadscope", str(profile["command"]))
    assert re.search(rf"^\|.*\b{suite}\b.*\|$", leg.summary.read_text(), re.MULTILINE)
    assert "" == (leg.files / "env").read_text() + (leg.files / "path").read_text()
    command = ["git", "diff", "--name-only"]
    changed = subprocess.run(command, cwd=leg.workspace, capture_output=True, check=True)
    assert changed.stdout == b"", "the leg changed committed files, such as the baseline"


def test_the_job_has_these_legs(jobs: dict[str, Any]) -> None:
    """What is carried out here is what the matrix says."""
    assert {"suite": list(SUITES)} == jobs["heavy-tests"]["strategy"]["matrix"]


def test_other_expressions_are_refused() -> None:
    """The reader doesn't pretend to know more than it does."""
    with pytest.raises(ValueError, match="github"):
        filled_in("echo ${{ github.sha }}", {"suite": "schema"})
