"""What `paceline init` has generated, carried out: two shards of a suite, then one verdict on both.

The step that installs is left out, as this test runs without a network: the programs are there already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.harness.project import Project
from tests.harness.workflow import Runner

TEST = """
import pytest
pytestmark = pytest.mark.slow
{more}
def test_it():
    {body}
"""


@dataclass(frozen=True)
class Repository:
    """A project with generated workflows, and a remote repository that holds its history."""

    root: Path
    folder: Path

    def commit(self, message: str) -> None:
        """Commit everything and push it."""
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        for command in (
            ["add", "-A"],
            [*identity, "commit", "-qm", message],
            ["push", "-q", "origin", "main"],
        ):
            subprocess.run(["git", *command], cwd=self.root, check=True)

    def carry_out(self, number: int, **variables: str) -> tuple[list[int], int, Runner]:
        """Run the legs, then the verdict, then the history; return how the legs and the verdict ended."""
        jobs = yaml.safe_load((self.root / ".github/workflows/heavy-tests.yml").read_text())["jobs"]
        legs = [
            self._runner(number, jobs, "heavy-tests", {"suite": "slow", "shard": shard}, variables).run()
            for shard in jobs["heavy-tests"]["strategy"]["matrix"].get("shard", ["1"])
        ]
        verdict = self._runner(number, jobs, "heavy-tests-verdict", {}, variables)
        ended = verdict.run()
        history = self._runner(number, jobs, "heavy-tests-history", {}, variables)
        assert history.run() == 0, "\n".join(history.output)
        return legs, ended, verdict

    def _runner(
        self, number: int, jobs: dict[str, Any], name: str, matrix: dict[str, str], variables: dict[str, str]
    ) -> Runner:
        place = self.folder / f"{number}-{name}-{matrix.get('shard', '')}"
        origin = self.folder / "origin.git"
        subprocess.run(["git", "clone", "-q", str(origin), str(place / "clone")], check=True)
        steps = [step for step in jobs[name]["steps"] if step.get("name") != "Install"]
        return Runner(
            workspace=place / "clone",
            files=place / "files",
            artifacts=self.folder / f"artifacts-{number}",
            tools=Path(sys.executable).parent,
            job={**jobs[name], "steps": steps},
            name=name,
            matrix=matrix,
            variables={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin", **variables},
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project with two modules of slow tests, initialised with two shards."""
    root = tmp_path / "project"
    root.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git")], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    subprocess.run(["git", "remote", "add", "origin", str(tmp_path / "origin.git")], cwd=root, check=True)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]\n')
    project = Project(root)
    for name in ("tests__test_a", "tests__test_b"):
        project.write(**{name: TEST.format(more="", body="pass")})
    assert project.paceline("init", "--yes", "--shards", "2").returncode == 0
    made = Repository(root, tmp_path)
    made.commit("set up")
    return made


def test_from_the_first_run_to_a_regression(repository: Repository, tmp_path: Path) -> None:
    """First there is no baseline, then the history; a test that opens files fails the gate at its line."""
    legs, ended, verdict = repository.carry_out(1)
    assert (legs, ended) == ([0, 0], 0), "\n".join(verdict.output)
    assert "🆕 no baseline" in verdict.summary.read_text()
    legs, ended, verdict = repository.carry_out(2)
    assert (legs, ended) == ([0, 0], 0), "\n".join(verdict.output)
    assert "✅ passed" in verdict.summary.read_text()
    found = json.loads(verdict.artifact("paceline-verdict").read_text())
    assert [(suite["suite"], suite["tests"]) for suite in found["suites"]] == [("slow", 2)]

    (repository.root / "app.py").write_text("")
    (repository.root / "conftest.py").write_text(
        "import pytest, time\n@pytest.fixture(autouse=True)\ndef waits():\n    time.sleep(0.01)\n"
    )
    repository.commit("wait in every test")
    legs, ended, verdict = repository.carry_out(3)
    assert (legs, ended) == ([0, 0], 10), "\n".join(verdict.output)
    assert "❌ regressed" in verdict.summary.read_text()
    said = "\n".join(verdict.output)
    assert "::error file=conftest.py,line=4,title=Paceline::" in said
    assert (tmp_path / "artifacts-3" / "heavy-tests" / "heavy-tests.html").exists()

    event = tmp_path / "event.json"
    body = "Slower on purpose.\n\nPaceline-Justify: *: the service needs a moment\n"
    event.write_text(json.dumps({"pull_request": {"body": body}}))
    _, ended, verdict = repository.carry_out(4, GITHUB_EVENT_PATH=str(event))
    assert ended == 0, "\n".join(verdict.output)


def test_a_leg_that_fails_is_told(repository: Repository) -> None:
    """A broken conftest leaves no run; its leg keeps what it found, and the verdict says it."""
    (repository.root / "conftest.py").write_text("raise RuntimeError('broken here')\n")
    repository.commit("break it")
    legs, ended, verdict = repository.carry_out(1)
    assert (legs, ended) == ([3, 3], 3)
    text = verdict.summary.read_text()
    assert "⛔ not measured" in text
    assert "broken here" in text
