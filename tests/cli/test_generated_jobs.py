"""What `paceline init` has generated, carried out: two shards of a suite, then one verdict on both.

The step that installs is left out, as this test runs without a network: the programs are there already.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from tests.harness.remote import pushed, with_remote
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
        pushed(self.root, message)

    def jobs(self) -> dict[str, Any]:
        """Return the generated jobs."""
        text = (self.root / ".github/workflows/heavy-tests.yml").read_text()
        jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
        return jobs

    def legs(self, number: int) -> list[int]:
        """Run the legs; return how they ended."""
        return [
            self.runner(number, "heavy-tests", {"suite": "slow", "shard": shard}).run()
            for shard in self.jobs()["heavy-tests"]["strategy"]["matrix"]["shard"]
        ]

    def verdict(self, number: int, gate: str = "skipped", **variables: str) -> tuple[int, Runner]:
        """Judge what the legs of a number have left; return how that ended."""
        runner = self.runner(number, "heavy-tests-verdict", {}, gate, variables)
        return runner.run(), runner

    def gate(self, number: int) -> tuple[int, Runner]:
        """Compare HEAD with the commit before it, as if it were a pull request."""
        runner = self.runner(number, "heavy-tests-gate", {"suite": "slow"})
        command = ["git", "update-ref", "refs/remotes/origin/main", "HEAD~1"]
        subprocess.run(command, cwd=runner.workspace, check=True)
        return runner.run(), runner

    def runner(
        self,
        number: int,
        name: str,
        matrix: dict[str, str],
        gate: str = "",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> Runner:
        """Return a machine that carries a job out in a new clone."""
        jobs = self.jobs()
        place = self.folder / f"{number}-{name}-{matrix.get('shard', '')}-{len(variables)}"
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
            known={"github.base_ref": "main", "needs.heavy-tests-gate.result": gate},
            variables={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin", **variables},
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project with two modules of slow tests, initialised with two shards."""
    project = with_remote(tmp_path, '[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]\n')
    for name in ("tests__test_a", "tests__test_b"):
        project.write(**{name: TEST.format(more="", body="pass")})
    assert project.paceline("init", "--yes", "--shards", "2").returncode == 0
    made = Repository(project.root, tmp_path)
    made.commit("set up")
    return made


def test_from_the_first_run_to_a_regression(repository: Repository, tmp_path: Path) -> None:
    """First there is no baseline, then the history; a fixture that sleeps fails both judges at its line."""
    assert [0, 0] == repository.legs(1)
    ended, verdict = repository.verdict(1)
    assert ended == 0, "\n".join(verdict.output)
    assert "🆕 no baseline" in verdict.summary.read_text()
    history = repository.runner(1, "heavy-tests-history", {})
    assert history.run() == 0, "\n".join(history.output)
    assert [0, 0] == repository.legs(2)
    ended, verdict = repository.verdict(2)
    assert ended == 0, "\n".join(verdict.output)
    assert "✅ passed" in verdict.summary.read_text()
    found = json.loads(verdict.artifact("paceline-verdict").read_text())
    assert [(suite["suite"], suite["tests"]) for suite in found["suites"]] == [("slow", 2)]

    (repository.root / "conftest.py").write_text(
        "import pytest, time\n@pytest.fixture(autouse=True)\ndef waits():\n    time.sleep(0.01)\n"
    )
    repository.commit("wait in every test")
    assert [0, 0] == repository.legs(3)
    ended, verdict = repository.verdict(3)
    assert ended == 10, "\n".join(verdict.output)
    assert "❌ regressed" in verdict.summary.read_text()
    said = "\n".join(verdict.output)
    assert "::error file=conftest.py,line=4,title=Paceline::" in said
    assert (tmp_path / "artifacts-3" / "heavy-tests" / "heavy-tests.html").exists()
    ended, gate = repository.gate(3)
    assert ended == 10, "\n".join(gate.output)
    assert "::error file=conftest.py,line=4,title=Paceline::" in "\n".join(gate.output)
    assert "regressed" in gate.summary.read_text()

    event = tmp_path / "event.json"
    body = "Slower on purpose.\n\nPaceline-Justify: *: the service needs a moment\n"
    event.write_text(json.dumps({"pull_request": {"body": body}}))
    shutil.rmtree(tmp_path / "artifacts-3" / "heavy-tests")
    shutil.rmtree(tmp_path / "artifacts-3" / "paceline-verdict")
    ended, verdict = repository.verdict(3, gate="failure", GITHUB_EVENT_PATH=str(event))
    assert "📝 justified" in verdict.summary.read_text()
    assert ended == 1, "the gate has found something else"


def test_a_leg_that_fails_or_has_no_tests_is_told(repository: Repository) -> None:
    """A leg without a module is fine; a broken conftest leaves no run, and the verdict says it."""
    (repository.root / "tests" / "test_b.py").unlink()
    repository.commit("one module on two machines")
    assert [0, 0] == repository.legs(1)
    ended, verdict = repository.verdict(1)
    assert ended == 0, "\n".join(verdict.output)
    assert json.loads(verdict.artifact("paceline-verdict").read_text())["suites"][0]["tests"] == 1

    (repository.root / "conftest.py").write_text("raise RuntimeError('broken here')\n")
    repository.commit("break it")
    assert [3, 3] == repository.legs(2)
    ended, verdict = repository.verdict(2)
    assert ended == 3
    text = verdict.summary.read_text()
    assert "⛔ not measured" in text
    assert "broken here" in text
