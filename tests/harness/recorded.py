"""A project in a temporary folder, and pytest run in it with the recorder switched on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.harness.interrupting import interrupted

from paceline.model.run import Outcome, Phase, Run, TestRecord
from paceline.store.run_file import read_run

#: Only what a test names is loaded: each plugin costs every process its start.
_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1", "COLUMNS": "120"}
_UNSET = ("CI", "GITHUB_ACTIONS", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "PYTHONHASHSEED")
_PATIENCE = 90.0  # seconds for a process that should end by itself
OUT = "run.jsonl"


@dataclass(frozen=True)
class Outcomes:
    """How one pytest process ended, and what it left behind."""

    ret: int
    stdout: str
    stderr: str
    path: Path

    @property
    def output(self) -> str:
        """Everything that was printed."""
        return self.stdout + self.stderr

    @property
    def run(self) -> Run:
        """What was recorded."""
        return read_run(self.path)

    @property
    def summary(self) -> dict[str, int]:
        """The counts of pytest's last line, such as `{"passed": 2, "warnings": 1}`."""
        counts: dict[str, int] = {}
        lines = [line.strip("= ") for line in self.stdout.splitlines() if " in " in line and line.strip("= ")]
        for part in lines[-1].partition(" in ")[0].split(", "):
            number, _, word = part.partition(" ")
            counts[{"warning": "warnings", "error": "errors"}.get(word, word)] = int(number)
        return counts

    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of the last attempt at each test, by the name of the test."""
        return {short(test.nodeid): test.outcome for test in self.run.tests}

    def test(self, name: str, attempt: int | None = None) -> TestRecord:
        """The one record of the test called `name`, or of that attempt at it."""
        found = [
            test for test in self.run.tests if short(test.nodeid) == name and attempt in (None, test.attempt)
        ]
        assert len(found) == 1, [(test.nodeid, test.attempt) for test in self.run.tests]
        return found[0]


def short(nodeid: str) -> str:
    """Return the part of a node id behind the file."""
    return nodeid.partition("::")[2]


def phases(test: TestRecord) -> dict[str, str]:
    """Return the outcome of each recorded phase of `test`; a phase that is there twice is an error."""
    names = [phase.phase for phase in test.phases]
    assert len(names) == len(set(names)), names
    return {phase.phase: phase.outcome for phase in test.phases}


def every_phase(run: Run) -> Iterable[Phase]:
    """Yield all phases of all tests."""
    for test in run.tests:
        yield from test.phases


class RecordedProject:
    """A project to run pytest in."""

    def __init__(self, root: Path) -> None:
        """Make the project in the empty folder `root`, with an empty `[tool.paceline]`."""
        self.root = root
        self.configure()

    def configure(self, paceline: str = "[tool.paceline]", pytest_options: str = "") -> None:
        """Write pyproject.toml with these tables."""
        self.file("pyproject.toml", f"{paceline}\n\n[tool.pytest.ini_options]\n{pytest_options}\n")

    def file(self, name: str, content: str) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def command(self, *arguments: str, plugins: Sequence[str] = ("paceline",)) -> list[str]:
        """Return the command line of pytest with only `plugins` loaded."""
        loaded = [part for name in plugins for part in ("-p", name)]
        quiet = ("-p", "no:cacheprovider")
        return [sys.executable, "-m", "pytest", *quiet, *loaded, *arguments]

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment without what the outer run has set."""
        inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
        return {**inherited, **_ENVIRONMENT, **(variables or {})}

    def pytest(
        self,
        *arguments: str,
        plugins: Sequence[str] = ("paceline",),
        out: str | None = OUT,
        env: Mapping[str, str] | None = None,
        limit_bytes: int | None = None,
        patience: float = _PATIENCE,
    ) -> Outcomes:
        """Run pytest with only `plugins` loaded, recording in `out` unless that is None.

        Args:
            patience: seconds after which it is ended, and the test with it.
            limit_bytes: the most that the process may write to one file, as a disk that fills up.
        """
        recording = () if out is None else (f"--paceline-out={out}",)
        command = self.command(*recording, *arguments, plugins=plugins)
        if limit_bytes is not None:
            limited = (
                f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes},) * 2)"
            )
            command = [sys.executable, "-c", f"{limited}; os.execv(sys.argv[1], sys.argv[1:])", *command]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=patience,
            check=False,
        )
        return Outcomes(done.returncode, done.stdout, done.stderr, self.root / (out or OUT))

    def interrupt(
        self,
        *arguments: str,
        by: int,
        plugins: Sequence[str] = ("paceline",),
        group: bool = True,
        when: Callable[[], bool] | None = None,
    ) -> Outcomes:
        """Run pytest, and send the signal `by` when a test has created the file `now`.

        Args:
            group: to all processes, as a terminal does; otherwise only to the one that was started.
            when: another sign that it is time.
        """
        ended = interrupted(
            self.command(f"--paceline-out={OUT}", *arguments, plugins=plugins),
            when or (self.root / "now").exists,
            by,
            cwd=self.root,
            env=self.environment(),
            group=group,
        )
        return Outcomes(ended.returncode, ended.stdout, ended.stderr, self.root / OUT)


#: The module of subtests, which pytest has from 9 on.
SUBTESTS = "_pytest.subtests"


def needs(*modules: str) -> None:
    """Skip the test where one of `modules` isn't installed, as with the lowest versions."""
    for module in modules:
        pytest.importorskip(module)
