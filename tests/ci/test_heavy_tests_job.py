"""The `heavy-tests` job, carried out here as GitHub would: its commands, in a clean clone, per matrix entry.

A small reader of the workflow takes GitHub's place. It has no engine for expressions: `${{ matrix.NAME }}` is
filled in, anything else in a step that it has to run is an error.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SUITES = ("schema", "pgvector", "contract")
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
#: Of the variables of the machine that runs this test, a runner has none that would lead a tool astray.
FOREIGN = re.compile(r"PYTEST_|PACELINE_|PYTHON|COV_|GITHUB_|RUNNER_|VIRTUAL_ENV|DATABASE_URL")


def filled_in(text: str, matrix: Mapping[str, str]) -> str:
    """Replace `${{ matrix.NAME }}`.

    Raises:
        ValueError: another expression; GitHub would know what it means, this reader doesn't.
    """

    def value(expression: re.Match[str]) -> str:
        scope, _, name = expression[1].partition(".")
        if scope != "matrix" or name not in matrix:
            raise ValueError(f"this reader doesn't know {expression[0]}")
        return matrix[name]

    return EXPRESSION.sub(value, text)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine that carries out the commands of one job for one matrix entry."""

    workspace: Path
    files: Path
    tools: Path
    matrix: Mapping[str, str]
    job: dict[str, Any]
    output: list[str] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """Return what a runner puts into the environment of each step."""
        inherited = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        own = {name: filled_in(value, self.matrix) for name, value in self.job.get("env", {}).items()}
        return inherited | {
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_ENV": str(self.files / "env"),
            "GITHUB_PATH": str(self.files / "path"),
            "GITHUB_JOB": "heavy-tests",
            "GITHUB_WORKFLOW": "ci",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "paceline/pytest-paceline",
            "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_ATTEMPT": "1",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.files),
            **own,
        }

    @property
    def summary(self) -> Path:
        """Return the file that GitHub shows on the page of the run."""
        return self.files / "summary.md"

    def run(self) -> int:
        """Carry out the commands in order until one fails; return its exit code, or 0."""
        self.files.mkdir()
        for name in ("summary.md", "output", "env", "path"):
            (self.files / name).touch()
        for step in self.job["steps"]:
            if "run" not in step:
                continue
            if {"if", "env", "shell", "working-directory", "continue-on-error"} & set(step):
                raise ValueError(f"this reader doesn't know what else stands in {step}")
            script = self.files / "step.sh"
            script.write_text(filled_in(step["run"], self.matrix))
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.workspace,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            self.output.append(done.stdout)
            if done.returncode:
                return done.returncode
        return 0

    def artifact(self, name: str) -> Path:
        """Return the file that the job uploads as artifact `name`."""
        uploads = [step["with"] for step in self.job["steps"] if "upload-artifact" in step.get("uses", "")]
        paths = {filled_in(upload["name"], self.matrix): upload["path"] for upload in uploads}
        return self.workspace / filled_in(paths[name], self.matrix)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of a fresh environment: what actions/setup-python gives to each leg."""
    environment = tmp_path_factory.mktemp("runner") / "python"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    return environment / "bin"


@pytest.fixture
def clone(root: Path, git_variables: dict[str, str], tmp_path: Path) -> Path:
    """Return a clean clone of what is committed: what actions/checkout gives to each leg."""
    command = ["git", "clone", "--quiet", str(root), str(tmp_path / "clone")]
    subprocess.run(command, check=True, env=git_variables)
    return tmp_path / "clone"


@pytest.mark.skipif(
    "PACELINE_HEAVY_CI" not in os.environ,
    reason="takes minutes, as it installs everything and profiles; .ci/run sets PACELINE_HEAVY_CI",
)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("suite", SUITES)
def test_a_leg_of_the_matrix_leaves_its_timings_and_its_table(
    suite: str, jobs: dict[str, Any], tools: Path, clone: Path, tmp_path: Path
) -> None:
    """Each leg ends well; its artifact holds measured figures, and its summary the table."""
    runner = Runner(
        workspace=clone,
        files=tmp_path / "files",
        tools=tools,
        matrix={"suite": suite},
        job=jobs["heavy-tests"],
    )
    status = runner.run()
    assert status == 0, "\n".join(runner.output)
    profile = json.loads(runner.artifact(f"pytest-{suite}-profile").read_text())["profiles"][suite]
    assert profile["marker"] == suite
    assert profile["wall_time_seconds"] > 0
    assert all(test["duration"] > 0 and test["nodeid"] for test in profile["slow_tests"])
    assert profile["slow_tests"]
    assert re.search(r"--dist\W+loadscope", str(profile["command"]))
    assert re.search(rf"^\|.*\b{suite}\b.*\|$", runner.summary.read_text(), re.MULTILINE)
    assert "" == (runner.files / "env").read_text() + (runner.files / "path").read_text()
    changed = subprocess.run(["git", "diff", "--name-only"], cwd=clone, capture_output=True, check=True)
    assert changed.stdout == b"", "the leg changed committed files, such as the baseline"


def test_the_job_has_these_legs(jobs: dict[str, Any]) -> None:
    """What is carried out here is what the matrix says."""
    assert {"suite": list(SUITES)} == jobs["heavy-tests"]["strategy"]["matrix"]


def test_other_expressions_are_refused() -> None:
    """The reader doesn't pretend to know more than it does."""
    with pytest.raises(ValueError, match="github"):
        filled_in("echo ${{ github.sha }}", {"suite": "schema"})
