"""The jobs about heavy tests, carried out here as GitHub would: in clean clones, with their artifacts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.harness.workflow import Runner, filled_in

SUITES = ("schema", "pgvector", "contract")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of a fresh environment: what actions/setup-python gives to each leg."""
    environment = tmp_path_factory.mktemp("runner") / "python"
    subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", environment], check=True)
    return environment / "bin"


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what stands for GitHub's store: the legs fill it, the verdict reads it."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture
def clone(root: Path, git_variables: dict[str, str], tmp_path: Path) -> Path:
    """Return a clean clone of what is committed: what actions/checkout gives to each leg."""
    command = ["git", "clone", "--quiet", str(root), str(tmp_path / "clone")]
    subprocess.run(command, check=True, env=git_variables)
    return tmp_path / "clone"


heavy = pytest.mark.skipif(
    "PACELINE_HEAVY_CI" not in os.environ,
    reason="takes minutes, as it installs everything and profiles; .ci/run sets PACELINE_HEAVY_CI",
)


@heavy
@pytest.mark.timeout(900)
@pytest.mark.parametrize("suite", SUITES)
def test_a_leg_of_the_matrix_leaves_its_timings_and_its_table(
    suite: str, jobs: dict[str, Any], tools: Path, artifacts: Path, clone: Path, tmp_path: Path
) -> None:
    """Each leg ends well; its artifact holds measured figures, and its summary the table."""
    runner = Runner(
        workspace=clone,
        files=tmp_path / "files",
        artifacts=artifacts,
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


@heavy
@pytest.mark.timeout(900)
def test_the_verdict_is_on_all_legs(
    jobs: dict[str, Any], tools: Path, artifacts: Path, clone: Path, tmp_path: Path
) -> None:
    """It merges what the legs before have left, judges each suite, and makes page and summary."""
    if {f"pytest-{suite}-runs" for suite in SUITES} - {path.name for path in artifacts.iterdir()}:
        pytest.skip("the legs were not run here")
    runner = Runner(
        workspace=clone,
        files=tmp_path / "files",
        artifacts=artifacts,
        tools=tools,
        name="heavy-tests-verdict",
        job=jobs["heavy-tests-verdict"],
    )
    status = runner.run()
    assert status in (0, 10), "\n".join(runner.output)
    verdict = json.loads(runner.artifact("paceline-verdict").read_text())
    assert sorted(SUITES) == sorted(suite["suite"] for suite in verdict["suites"])
    assert all(suite["tests"] and suite["wall"] > 0 for suite in verdict["suites"])
    assert (status == 10) is any(suite["state"] == "regressed" for suite in verdict["suites"])
    merged = json.loads((artifacts / "heavy-tests" / "pytest-profile.json").read_text())
    assert sorted(SUITES) == sorted(merged["profiles"])
    assert "<html" in (artifacts / "heavy-tests" / "heavy-tests.html").read_text()
    assert all(f"`{suite}`" in runner.summary.read_text() for suite in SUITES)


def test_the_job_has_these_legs(jobs: dict[str, Any]) -> None:
    """What is carried out here is what the matrix says."""
    assert {"suite": list(SUITES)} == jobs["heavy-tests"]["strategy"]["matrix"]


def test_other_expressions_are_refused() -> None:
    """The reader doesn't pretend to know more than it does."""
    with pytest.raises(ValueError, match="github"):
        filled_in("echo ${{ github.sha }}", {"suite": "schema"})
