"""Carries out the jobs of `.gitlab-ci.yml` as GitLab's runner would: matrix, rules, scripts, artifacts.

It knows the keywords that are listed here, and anything else is an error.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.workflow import FOREIGN, in_bash

_KEYWORDS = {
    "allow_failure",
    "artifacts",
    "image",
    "needs",
    "parallel",
    "rules",
    "script",
    "stage",
    "variables",
    "when",
}
_CONDITION = re.compile(r"\$(\w+)(?: == \$(\w+))?")
#: What only installs: the programs are there already, and there is no network.
_INSTALLS = ("python -m pip ", "pip install", "export PATH=")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One pipeline for one commit.

    Attributes:
        repository: what is cloned for every job.
        branch: of it, whose newest commit this is for.
        folder: for the clones and the artifacts.
        tools: folder with the programs that come first on the path.
        jobs: what `.gitlab-ci.yml` holds.
        variables: what GitLab says of the commit.
        ended: exit codes of the jobs that ran, in the order of their matrices.
        output: what they said.
    """

    repository: Path
    branch: str
    folder: Path
    tools: Path
    jobs: Mapping[str, dict[str, Any]]
    variables: Mapping[str, str]
    ended: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    output: list[str] = field(default_factory=list[str])

    @property
    def passed(self) -> bool:
        """Tell whether a merge request may be merged after it."""
        return not any(
            any(codes) for name, codes in self.ended.items() if not self.jobs[name].get("allow_failure")
        )

    def run(self) -> None:
        """Carry out every job whose rules hold."""
        for name, job in self.jobs.items():
            unknown = set(job) - _KEYWORDS
            if unknown:
                raise ValueError(f"this runner doesn't know {unknown} of {name}")
            if not self._wanted(job) or not self._may_start(job):
                continue
            self.ended[name] = [
                self._carry_out(name, job, at, matrix) for at, matrix in enumerate(_matrix(job))
            ]

    def artifacts(self, name: str) -> Path:
        """Return the folder that holds what the jobs called `name` have kept."""
        return self.folder / "artifacts" / name

    def _wanted(self, job: Mapping[str, Any]) -> bool:
        return "rules" not in job or any(self._holds(rule["if"]) for rule in job["rules"])

    def _holds(self, condition: str) -> bool:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise ValueError(f"this runner doesn't know {condition}")
        value = self.variables.get(found[1], "")
        return bool(value) if found[2] is None else value == self.variables.get(found[2], "")

    def _may_start(self, job: Mapping[str, Any]) -> bool:
        when = {job.get("when"), *(rule.get("when") for rule in job.get("rules", ()))}
        return "always" in when or not any(any(self.ended.get(name, ())) for name, _ in _needs(job))

    def _carry_out(self, name: str, job: Mapping[str, Any], at: int, matrix: Mapping[str, str]) -> int:
        clone = self.folder / f"{name}-{at}"
        cloned = ["git", "clone", "-q", "-b", self.branch, str(self.repository), str(clone)]
        subprocess.run(cloned, check=True)
        for needed, with_artifacts in _needs(job):
            if with_artifacts and self.artifacts(needed).exists():
                shutil.copytree(self.artifacts(needed), clone, dirs_exist_ok=True)
        lines = [line for line in job["script"] if not line.startswith(_INSTALLS)]
        environment = self._environment(clone, name, {**job.get("variables", {}), **matrix})
        done = in_bash(["-c", "\n".join(lines)], clone, environment)
        self.output.append(f"{name} {matrix}\n{done.stdout}[exit code {done.returncode}]")
        self._keep(name, job.get("artifacts", {}), clone, failed=done.returncode != 0)
        return done.returncode

    def _environment(self, clone: Path, name: str, own: Mapping[str, str]) -> dict[str, str]:
        foreign = re.compile(f"{FOREIGN.pattern}|CI$|CI_|GITLAB_")
        inherited = {key: value for key, value in os.environ.items() if not foreign.match(key)}
        return inherited | {
            "PATH": os.pathsep.join([str(self.tools), os.environ["PATH"]]),
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_JOB_NAME": name,
            "CI_PROJECT_DIR": str(clone),
            "CI_PROJECT_PATH": "paceline/pytest-paceline",
            "CI_SERVER_URL": "https://gitlab.example",
            **self.variables,
            **{key: str(value) for key, value in own.items()},
        }

    def _keep(self, name: str, artifacts: Mapping[str, Any], clone: Path, *, failed: bool) -> None:
        if failed and artifacts.get("when") != "always":
            return
        reports = artifacts.get("reports", {}).values()
        for path in (*artifacts.get("paths", ()), *reports):
            source, target = clone / path, self.artifacts(name) / path
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def _matrix(job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for entry in job.get("parallel", {}).get("matrix", [{}]):
        values = [value if isinstance(value, list) else [value] for value in entry.values()]
        for chosen in itertools.product(*values):
            yield dict(zip(entry, map(str, chosen), strict=True))


def _needs(job: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the jobs that come before, and whether their artifacts are wanted."""
    for need in job.get("needs", ()):
        if isinstance(need, str):
            yield need, True
        else:
            yield need["job"], need.get("artifacts", True)
