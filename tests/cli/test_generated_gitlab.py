"""What `paceline init --ci gitlab` has generated, carried out: from the first pipeline to a regression."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.harness.gitlab import Pipeline
from tests.harness.project import Project
from tests.harness.remote import pushed, with_remote

TEST = "import pytest\npytestmark = pytest.mark.slow\ndef test_it():\n    pass\n"
WAITS = "import pytest, time\n@pytest.fixture(autouse=True)\ndef waits():\n    time.sleep(0.01)\n"
MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_DESCRIPTION": "",
}
PUSH = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two modules of slow tests, initialised with two shards."""
    made = with_remote(tmp_path, '[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]\n')
    made.write(tests__test_a=TEST, tests__test_b=TEST)
    assert made.paceline("init", "--yes", "--ci", "gitlab", "--shards", "2").returncode == 0
    return made


@pytest.fixture
def pipeline(project: Project, tmp_path: Path) -> Callable[..., Pipeline]:
    """Commits what the project holds, pushes it to a branch, and runs the pipeline for it."""
    numbers = iter(range(100))

    def run(branch: str, **variables: str) -> Pipeline:
        pushed(project.root, f"for {branch}", branch)
        made = Pipeline(
            repository=tmp_path / "origin.git",
            branch=branch,
            folder=tmp_path / f"pipeline-{next(numbers)}",
            tools=Path(sys.executable).parent,
            jobs=yaml.safe_load((project.root / ".gitlab-ci.yml").read_text()),
            variables={
                "CI_DEFAULT_BRANCH": "main",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_PLUGINS": "xdist.plugin",
                **variables,
            },
        )
        made.run()
        return made

    return run


def test_from_the_first_pipeline_to_a_regression(
    project: Project, pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    """The main branch keeps its history; a fixture that sleeps fails both judges, at its line."""
    first = pipeline("main", **PUSH)
    assert first.ended == {
        "heavy-tests": [0, 0],
        "heavy-tests-verdict": [0],
        "heavy-tests-history": [0],
    }, "\n".join(first.output)
    kept = first.artifacts("heavy-tests-verdict") / "profile"
    assert "🆕 no baseline" in (kept / "verdict.md").read_text()
    (said,) = json.loads((kept / "code-quality.json").read_text())
    assert (said["check_name"], said["severity"]) == ("paceline-no-baseline", "info")
    assert (kept / "heavy-tests.html").exists()
    branches = subprocess.check_output(["git", "branch"], cwd=tmp_path / "origin.git", text=True)
    assert "paceline-history" in branches

    same = pipeline("same", **MERGE_REQUEST)
    assert same.ended == {
        "heavy-tests": [0, 0],
        "heavy-tests-gate": [0],
        "heavy-tests-verdict": [0],
    }, "\n".join(same.output)
    verdict = json.loads((same.artifacts("heavy-tests-verdict") / "profile/verdict.json").read_text())
    assert [(suite["suite"], suite["tests"], suite["state"]) for suite in verdict["suites"]] == [
        ("slow", 2, "passed")
    ]

    (project.root / "conftest.py").write_text(WAITS)
    slower = pipeline("slower", **MERGE_REQUEST)
    assert not slower.passed
    assert slower.ended == {
        "heavy-tests": [0, 0],
        "heavy-tests-gate": [10],
        "heavy-tests-verdict": [10],
    }, "\n".join(slower.output)
    kept = slower.artifacts("heavy-tests-verdict") / "profile"
    assert "❌ regressed" in (kept / "verdict.md").read_text()
    (finding, *_) = json.loads((kept / "code-quality.json").read_text())
    assert (finding["location"]["path"], finding["location"]["lines"]["begin"]) == ("conftest.py", 4)

    justified = pipeline(
        "justified",
        **{**MERGE_REQUEST, "CI_MERGE_REQUEST_DESCRIPTION": "Paceline-Justify: *: a moment is needed"},
    )
    assert justified.passed, "\n".join(justified.output)
    text = (justified.artifacts("heavy-tests-verdict") / "profile/verdict.md").read_text()
    assert "📝 justified" in text


def test_what_can_not_be_run_or_kept_is_told(
    project: Project, pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    """A broken conftest leaves no run, which is said; a history that can't be pushed is no failure."""
    hook = tmp_path / "origin.git" / "hooks" / "pre-receive"
    hook.write_text('#!/bin/sh\nwhile read -r _ _ ref; do case "$ref" in *history) exit 1;; esac; done\n')
    hook.chmod(0o755)
    refused = pipeline("main", **PUSH)
    assert refused.ended["heavy-tests-history"] == [4], "\n".join(refused.output)
    assert "pre-receive hook declined" in refused.output[-1]
    assert "allows Git push requests" in refused.output[-1]
    assert refused.passed

    (project.root / "conftest.py").write_text("raise RuntimeError('broken here')\n")
    broken = pipeline("broken", **MERGE_REQUEST)
    assert broken.ended["heavy-tests-verdict"] == [3], "\n".join(broken.output)
    text = (broken.artifacts("heavy-tests-verdict") / "profile/verdict.md").read_text()
    assert "⛔ not measured" in text
    assert "broken here" in text
