"""A project in a temporary folder, and the `paceline` command run in it as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.interrupting import interrupted

from paceline.model.baseline import SuiteBaseline
from paceline.model.run import Run
from paceline.store.baseline_file import read_baseline
from paceline.store.run_file import read_run

#: Other plugins are loaded by the tests that need them: each costs every process its start.
_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1", "COLUMNS": "100"}
_UNSET = (
    "CI",
    "GITHUB_EVENT_PATH",
    "GITHUB_STEP_SUMMARY",
    "PYTEST_ADDOPTS",
    "DATABASE_URL",
    "PACELINE_DATABASE_URL",
)


@dataclass(frozen=True)
class Project:
    """A project to profile."""

    root: Path

    @property
    def baseline_path(self) -> Path:
        """Where its baseline is stored."""
        return self.root / "perf_metrics" / "pytest_marker_baselines.json"

    def write(self, **files: str) -> None:
        """Write files; `__` in a name stands for a folder, and every name ends in `.py`."""
        for name, content in files.items():
            path = self.root / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def configure(self, table: str) -> None:
        """Write pyproject.toml with the given `[tool.paceline]` content."""
        (self.root / "pyproject.toml").write_text(f"[tool.paceline]\n{table}\n[tool.pytest.ini_options]\n")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `paceline profile`."""
        return [sys.executable, "-m", "paceline", "profile", *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return an environment without what the outer run has set."""
        inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
        return {**inherited, **_ENVIRONMENT, **variables}

    def profile(
        self, *arguments: str, timeout: float = 60, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `paceline profile` and return how it ended."""
        return self.paceline("profile", *arguments, timeout=timeout, **variables)

    def paceline(
        self, *arguments: str, timeout: float = 60, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `paceline` and return how it ended."""
        return subprocess.run(
            [sys.executable, "-m", "paceline", *arguments],
            cwd=self.root,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def interrupted(
        self, arguments: Sequence[str], number: signal.Signals, reached: Callable[[], bool]
    ) -> tuple[int, str]:
        """Send `number` to `paceline` as soon as it has `reached` something.

        Returns:
            Its exit code, and what it wrote to stderr.
        """
        ended = interrupted(
            [sys.executable, "-m", "paceline", *arguments],
            reached,
            number,
            cwd=self.root,
            env=self.environment(),
        )
        return ended.returncode, ended.stderr

    def entry(self, suite: str) -> dict[str, Any]:
        """Return a suite of the baseline file as plain JSON."""
        document = json.loads(self.baseline_path.read_text())
        entry: dict[str, Any] = document["profiles"][suite]
        return entry

    def stored(self, suite: str) -> SuiteBaseline:
        """Return a suite of the baseline file as the product reads it."""
        baseline = read_baseline(self.baseline_path)
        assert baseline is not None
        return baseline.suites[suite]

    def runs(self) -> list[Run]:
        """Return every run that was kept, in the order in which they were made."""
        return [read_run(path) for path in sorted((self.root / ".paceline" / "runs").glob("*.gz"))]
