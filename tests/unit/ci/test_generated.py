"""What is generated is what the providers understand, and safe."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from paceline.ci.github import github_edits
from paceline.ci.gitlab import gitlab_edits
from paceline.ci.project import read_project
from paceline.ci.sources import Sources
from paceline.ci.suites import proposals

TEST = """
import os, pytest
if os.environ.get("RUN_SLOW"): ...
@pytest.mark.slow
def test(): ...
@pytest.mark.contract
def test_b(): ...
"""
FILES = {"tests/test_a.py": TEST, "pyproject.toml": "", "uv.lock": ""}


def check(schema: str, path: Path) -> tuple[int, str]:
    """Check a file against the provider's schema."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(checker, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "pdm.lock", "setup.py"])
def test_github_understands_the_workflows_and_an_audit_finds_nothing(
    shards: int, lock: str, tmp_path: Path
) -> None:
    """GitHub's schema, and zizmor at its strictest."""
    files = {"tests/test_a.py": TEST, "pyproject.toml": "", lock: ""}
    project = read_project(Sources(names=tuple(sorted(files)), texts=files))
    for edit in github_edits(project, proposals(project), shards):
        path = tmp_path / edit.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit.after)
        assert check("vendor.github-workflows", path) == (0, "")
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    audit = [str(zizmor), "--offline", "--pedantic", "--no-config", "--format=json", str(tmp_path)]
    done = subprocess.run(audit, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize("shards", [1, 3])
def test_gitlab_understands_the_jobs(shards: int, tmp_path: Path) -> None:
    """GitLab's schema accepts what is added to what was there."""
    files = {**FILES, ".gitlab-ci.yml": "stages: [build, check]\nbuild:\n  stage: build\n  script: [make]\n"}
    project = read_project(Sources(names=tuple(sorted(files)), texts=files))
    (edit,) = gitlab_edits(project, proposals(project), shards)
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(edit.after)
    assert check("vendor.gitlab-ci", path) == (0, "")
    assert edit.after.startswith(files[".gitlab-ci.yml"])
