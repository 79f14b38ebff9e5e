"""Carries out the jobs of a GitHub workflow as a runner would: commands, conditions, artifacts.

It has no engine for expressions: it knows those that are listed here, and anything else is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType
from typing import Any

EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
#: Of the variables of the machine that runs this test, a runner has none that would lead a tool astray.
FOREIGN = re.compile(r"PYTEST_|PACELINE_|PYTHON|COV_|GITHUB_|RUNNER_|VIRTUAL_ENV|DATABASE_URL")
_KNOWN_KEYS = {"name", "uses", "with", "run", "if", "env"}


def filled_in(text: str, matrix: Mapping[str, str], known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Replace `${{ matrix.NAME }}`, those expressions that are `known`, and the token by a made-up one.

    Raises:
        ValueError: another expression; GitHub would know what it means, this reader doesn't.
    """

    def value(expression: re.Match[str]) -> str:
        scope, _, name = expression[1].partition(".")
        if expression[1] == "github.token":
            return "a-token"
        if expression[1] in known:
            return known[expression[1]]
        if scope != "matrix" or name not in matrix:
            raise ValueError(f"this reader doesn't know {expression[0]}")
        return str(matrix[name])

    return EXPRESSION.sub(value, text)


def in_bash(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script as the providers' runners do: it ends with the first command that fails."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine that carries out one job for one matrix entry.

    Attributes:
        artifacts: folder that stands for GitHub's store of artifacts.
        tools: folder with the programs that come first on the path.
        variables: of the environment, in place of the usual ones.
        known: what expressions stand for.
    """

    workspace: Path
    files: Path
    artifacts: Path
    tools: Path
    job: dict[str, Any]
    name: str = "heavy-tests"
    matrix: Mapping[str, str] = field(default_factory=dict[str, str])
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    output: list[str] = field(default_factory=list)

    def environment(self, step: Mapping[str, Any]) -> dict[str, str]:
        """Return what a runner puts into the environment of a step."""
        inherited = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        own = {**self.job.get("env", {}), **step.get("env", {})}
        added = (self.files / "path").read_text().splitlines()
        return inherited | {
            "PATH": os.pathsep.join([*reversed(added), str(self.tools), os.environ["PATH"]]),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_ENV": str(self.files / "env"),
            "GITHUB_PATH": str(self.files / "path"),
            "GITHUB_JOB": self.name,
            "GITHUB_WORKFLOW": "ci",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "paceline/pytest-paceline",
            "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_ATTEMPT": "1",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.files),
            **self.variables,
            **{name: filled_in(str(value), self.matrix, self.known) for name, value in own.items()},
        }

    @property
    def summary(self) -> Path:
        """Return the file that GitHub shows on the page of the run."""
        return self.files / "summary.md"

    def run(self) -> int:
        """Carry out the steps; after a failure only those with `if: always()`. Return the first exit code."""
        self.files.mkdir(parents=True)
        for name in ("summary.md", "output", "env", "path"):
            (self.files / name).touch()
        status = 0
        for step in self.job["steps"]:
            if not set(step) <= _KNOWN_KEYS or step.get("if") not in (None, "always()"):
                raise ValueError(f"this reader doesn't know what else stands in {step}")
            if status == 0 or "if" in step:
                ended = self._step(step)
                status = status or ended
        return status

    def _step(self, step: Mapping[str, Any]) -> int:
        if "run" in step:
            return self._command(step)
        action = step["uses"].partition("@")[0]
        given = {key: filled_in(str(value), self.matrix) for key, value in step.get("with", {}).items()}
        if action == "actions/upload-artifact":
            return self._upload(given)
        if action == "actions/download-artifact":
            return self._download(given)
        if action in ("actions/checkout", "actions/setup-python"):
            return 0
        raise ValueError(f"this reader doesn't know {action}")

    def _command(self, step: Mapping[str, Any]) -> int:
        script = self.files / "step.sh"
        script.write_text(filled_in(step["run"], self.matrix))
        done = in_bash([str(script)], self.workspace, self.environment(step))
        self.output.append(f"$ {step['run']}\n{done.stdout}[exit code {done.returncode}]")
        return done.returncode

    def _upload(self, given: Mapping[str, str]) -> int:
        source = self.workspace / given["path"]
        if not source.exists() or (source.is_dir() and not any(source.iterdir())):
            self.output.append(f"upload of {given['name']}: no file at {given['path']}")
            return 1 if given["if-no-files-found"] == "error" else 0
        target = self.artifacts / given["name"]
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            target.mkdir(parents=True)
            shutil.copy(source, target)
        return 0

    def _download(self, given: Mapping[str, str]) -> int:
        assert given["merge-multiple"] == "True"
        for folder in sorted(self.artifacts.iterdir()) if self.artifacts.exists() else []:
            if fnmatch(folder.name, given["pattern"]):
                shutil.copytree(folder, self.workspace / given["path"], dirs_exist_ok=True)
        return 0

    def artifact(self, name: str) -> Path:
        """Return the one file in the artifact `name`."""
        (file,) = (self.artifacts / name).iterdir()
        return file
