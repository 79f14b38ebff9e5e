"""A whole profile: every step run, its run file sealed, the baseline written."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from paceline.config import Config, Suite
from paceline.errors import UnreadableFileError, UnwritableFileError
from paceline.model.baseline import Baseline, SuiteBaseline
from paceline.model.known_files import KnownSuite
from paceline.model.profile import MEASURED_STATUSES, Attempt, Profile
from paceline.model.run import Run, RunEnd
from paceline.profile.aggregate import aggregate, slowest
from paceline.profile.anchor import anchor_of
from paceline.profile.files import needed
from paceline.profile.plan import Selection, Step, arguments, visible_command
from paceline.profile.result import StepResult
from paceline.profile.runner import Progress, RunInterruptedError, run_pytest
from paceline.profile.snapshot import snapshot
from paceline.store.baseline_file import merged, read_baseline, write_suites
from paceline.store.known_files import read_known_files, remember
from paceline.store.run_file import SUFFIX, read_run, seal
from paceline.store.state_folder import NAME as STATE
from paceline.store.state_folder import keep_newest, state_folder

_KEPT_LOGS = 200
_DEFAULT_PATTERNS = ("test_*.py", "*_test.py")


class Observer(Protocol):
    """Someone who watches a profile."""

    def started(self, step: Step, at: int, of: int) -> None:
        """Step number `at` of `of` begins."""

    def advanced(self, progress: Progress) -> None:
        """The running step has moved, or time has passed."""

    def ended(self, result: StepResult) -> None:
        """The running step has ended."""

    def warned(self, message: str) -> None:
        """Something is worth knowing that changes no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledSuite:
    """One suite after a profile: what was found, and what was stored for it before and after.

    Attributes:
        refused: why what was found was not stored; empty if it was.
    """

    profile: Profile
    before: SuiteBaseline | None
    stored: SuiteBaseline
    results: tuple[StepResult, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """What to profile.

    Attributes:
        root: the project's folder.
        output: the baseline file to merge into.
        collect_all: don't rely on what was learned about files.
        refuse: tells why figures must not replace the stored ones; None lets all of them.
    """

    root: Path
    output: Path
    config: Config
    suites: tuple[Suite, ...]
    steps: tuple[Step, ...]
    stall_timeout: float
    collect_all: bool = False
    refuse: Callable[[SuiteBaseline, Profile, Sequence[Run]], tuple[str, ...]] | None = None


def profile(request: ProfileRequest, observer: Observer) -> tuple[tuple[ProfiledSuite, ...], bool]:
    """Run every step and store what was measured; return the suites and whether the user interrupted.

    Raises:
        UnreadableFileError: `output` holds something that isn't a baseline; nothing was run.
        UnwritableFileError: `output` can't be written; the run files are kept.
    """
    baseline = read_baseline(request.output)
    _check_writable(request.output)
    results: list[StepResult] = []
    interrupted = False
    for at, step in enumerate(request.steps, start=1):
        observer.started(step, at, len(request.steps))
        result, interrupted = _run(request, step, observer)
        results.append(result)
        observer.ended(result)
        if interrupted:
            break
    suites = tuple(
        _profiled(suite, request, baseline, tuple(result for result in results if result.step.suite == suite))
        for suite in request.suites
        if any(result.step.suite == suite for result in results)
    )
    stored = {suite.profile.suite: suite.stored for suite in suites if not suite.refused}
    if stored:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_suites(request.output, stored, now)
    return suites, interrupted


def _run(request: ProfileRequest, step: Step, observer: Observer) -> tuple[StepResult, bool]:
    try:
        runs, logs = state_folder(request.root, "runs"), state_folder(request.root, "logs")
        keep_newest(logs, "*.log", _KEPT_LOGS)
    except OSError as error:
        raise UnwritableFileError(
            f"{request.root / STATE} can't be written: {error.strerror}",
            hint="Paceline keeps its run files there; make the project's folder writable.",
        ) from error
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    name = f"{stamp}Z-{step.suite.name}-r{step.round}-{os.urandom(4).hex()}"
    run_file = runs / f"{name}{SUFFIX}"
    learns = _is_learnable(request.root, step.suite)
    known = _known(request, step.suite) if learns and not request.collect_all else None
    patterns = known.patterns if known else _DEFAULT_PATTERNS
    present = snapshot(request.root, patterns) if learns else {}
    within = step.suite.paths or _expanded(request.root, known.test_paths if known else ())
    selection = Selection(paths=needed(known, present, _selected_by(step.suite), within))
    interrupted = False
    try:
        end = run_pytest(
            [sys.executable, *arguments(step, request.config.slowest, str(run_file), selection)],
            directory=request.root,
            environment={**os.environ, **dict(step.suite.env)},
            run_file=run_file,
            log=logs / f"{name}.log",
            stall_timeout=request.stall_timeout,
            advanced=observer.advanced,
        )
    except RunInterruptedError as stop:
        end, interrupted = stop.end, True
    result = StepResult(
        step=step,
        run=_sealed(run_file, end, observer),
        end=end,
        log=logs / f"{name}.log",
        complete=not selection.paths,
    )
    # A shard doesn't know which files hold the other tests.
    if not interrupted and learns and not step.shard:
        _learn(request, result, patterns, present)
    return result, interrupted


def _sealed(run_file: Path, end: RunEnd, observer: Observer) -> Run | None:
    if not run_file.exists():
        return None
    try:
        return read_run(seal(run_file, end))
    except OSError as error:
        observer.warned(f"the run file {run_file} could not be gzipped: {error.strerror}")
    except UnreadableFileError as error:
        observer.warned(str(error))
    return None


def _known(request: ProfileRequest, suite: Suite) -> KnownSuite | None:
    return read_known_files(request.root / STATE / "files.json").suites.get(suite.name)


def _expanded(root: Path, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files and folders below `root` that pytest's `testpaths` stand for."""
    return tuple(path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern))


def _is_learnable(root: Path, suite: Suite) -> bool:
    """Tell whether the suite's paths are files and folders of the project, and not node ids or modules."""
    return all((root / path).exists() and ".." not in Path(path).parts for path in suite.paths)


def _selected_by(suite: Suite) -> tuple[str, ...]:
    environment = (f"{name}={value}" for name, value in suite.env)
    return (suite.marker, suite.flag, *suite.args, *suite.paths, *environment)


def _learn(
    request: ProfileRequest, result: StepResult, patterns: tuple[str, ...], present: dict[str, str]
) -> None:
    run = result.run
    if run is None or run.collected is None or result.status not in MEASURED_STATUSES:
        return
    used = run.header.test_patterns
    if used != patterns:
        present = snapshot(request.root, used)
    holding = {nodeid.partition("::")[0] for nodeid in run.collected}
    if holding <= {*present}:
        known = KnownSuite(
            holding=tuple(sorted(holding)),
            digests=present,
            patterns=used,
            test_paths=run.header.test_paths,
            selected_by=_selected_by(result.step.suite),
        )
        remember(request.root / STATE / "files.json", result.step.suite.name, known)


def _profiled(
    suite: Suite, request: ProfileRequest, baseline: Baseline | None, results: tuple[StepResult, ...]
) -> ProfiledSuite:
    command = shlex.join(visible_command(suite, request.config.slowest))
    runs = [result.run for result in results if result.run is not None]
    if runs:
        found = aggregate(suite.name, suite.marker, command, runs)
    else:
        found = Profile(
            suite=suite.name,
            marker=suite.marker,
            command=command,
            status=results[-1].status,
            reason=results[-1].reason,
            recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    before = baseline.suites.get(suite.name) if baseline is not None else None
    new = SuiteBaseline(
        profile=found,
        slow_tests=slowest(found, request.config.slowest, before.slow_tests if before else ()),
        last_attempt=_failed_attempt(found, results),
        anchor=(before.anchor if before is not None else None) or anchor_of(found),
    )
    refused = request.refuse(before, found, runs) if before is not None and request.refuse else ()
    stored = before if before is not None and refused else merged(before, new)
    return ProfiledSuite(profile=found, before=before, stored=stored, results=results, refused=refused)


def _failed_attempt(found: Profile, results: Sequence[StepResult]) -> Attempt | None:
    """Return the last round if it gave no figures while others did."""
    last = results[-1]
    if last.status in MEASURED_STATUSES or not found.has_figures:
        return None
    return Attempt(status=last.status, reason=last.reason, at=found.recorded_at or "")


def _check_writable(output: Path) -> None:
    """Find out before minutes are spent that the result could not be stored."""
    folder = next(parent for parent in output.absolute().parents if parent.exists())
    try:
        if output.exists() and not os.access(output, os.W_OK):
            raise PermissionError(13, "the file is read-only")
        # Asking for permissions is not enough: root has all of them, also where nothing can be written.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".paceline-"):
            pass
    except OSError as error:
        raise UnwritableFileError(
            f"{output} can't be written: {error.strerror}", hint="Name another file with --output."
        ) from error
