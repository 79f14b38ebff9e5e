"""One pytest process of one side."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from paceline.config import Suite
from paceline.errors import UnreadableFileError
from paceline.model.run import Run, RunEnd
from paceline.paired.loops import ONCE, Loops
from paceline.paired.preparation import Side
from paceline.profile.plan import Selection, Step, arguments
from paceline.profile.result import StepResult
from paceline.profile.runner import Progress, RunInterruptedError, run_pytest
from paceline.store.run_file import SUFFIX, read_run, seal

#: What the variables of `paceline.witness` and `paceline.loops` are called there; the test process is known
#: by name only.
_OTHER, _OUT, _LOOPS = "PACELINE_OTHER_SIDE", "PACELINE_WITNESS", "PACELINE_LOOPS"
#: Plugins that shuffle: both sides have to run the same tests in the same order.
_STEADY = ("-p", "no:randomly", "-p", "no:random_order", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how samples are taken.

    Attributes:
        folder: run files, logs and argument files go here.
        stall_timeout: seconds without progress after which a process is ended.
        advanced: called while a process runs.
        deadline: value of the monotonic clock at which a process that still runs is ended.
    """

    folder: Path
    stall_timeout: float
    advanced: Callable[[Progress], None]
    deadline: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one process gave.

    Attributes:
        borrowed: modules that it imported from the other side's folder.
    """

    side: Side
    result: StepResult
    borrowed: tuple[str, ...] = ()

    @property
    def run(self) -> Run | None:
        """What was recorded; None if pytest ended before it began."""
        return self.result.run


def warm_up(bench: Bench, side: Side, other: Side, suite: Suite) -> None:
    """Collect the tests of `side` once, so that bytecode and caches are there.

    Raises:
        OutOfTimeError: the deadline has passed.
        KeyboardInterrupt: Ctrl-C.
    """
    command = [side.python, *arguments(Step(suite=suite, round=1), 0, os.devnull, Selection()), *_STEADY]
    _run(
        bench,
        side,
        [*command, "--collect-only", "-q"],
        environment=_environment(side, other, suite, 0, Path(os.devnull)),
        run_file=Path(os.devnull),
        log=bench.folder / f"{suite.name}-warm-up-{side.name}.log",
    )


def take(
    bench: Bench,
    side: Side,
    other: Side,
    suite: Suite,
    name: str,
    *,
    nodeids: Sequence[str] = (),
    seed: int,
    loops: Loops = ONCE,
) -> Sample:
    """Run the tests `nodeids` of `suite`, or all of it, on one `side`.

    Args:
        name: of the files that are written.
        seed: of Python's hashes, the same on both sides of a pair.
        loops: which of the tests run several times.

    Raises:
        OutOfTimeError: the deadline has passed.
        KeyboardInterrupt: Ctrl-C; pytest was given the time to end in good order.
    """
    run_file, log = bench.folder / f"{name}{SUFFIX}", bench.folder / f"{name}.log"
    witness = bench.folder / f"{name}.borrowed"
    step = Step(suite=replace(suite, workers=0, paths=()) if nodeids else suite, round=1)
    selection = Selection(paths=(_listed(bench.folder / f"{name}.tests", nodeids),) if nodeids else ())
    command = [side.python, *arguments(step, 0, str(run_file), selection), *_STEADY, "-p", "paceline.witness"]
    environment = _environment(side, other, suite, seed, witness)
    if loops.count > 1:
        command += ["-p", "paceline.loops"]
        environment[_LOOPS] = _told(bench.folder / f"{name}.loops", loops)
    end = _run(
        bench,
        side,
        command,
        environment=environment,
        run_file=run_file,
        log=log,
    )
    run = None
    if run_file.exists():
        try:
            run = read_run(seal(run_file, end))
        except UnreadableFileError:
            run = None
    result = StepResult(step=step, run=run, end=end, log=log, complete=not nodeids)
    borrowed = tuple(sorted(set(witness.read_text().split()))) if witness.exists() else ()
    return Sample(side=side, result=result, borrowed=borrowed)


def _run(
    bench: Bench,
    side: Side,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    run_file: Path,
    log: Path,
) -> RunEnd:
    try:
        return run_pytest(
            command,
            directory=side.root,
            environment=environment,
            run_file=run_file,
            log=log,
            stall_timeout=bench.stall_timeout,
            advanced=bench.advanced,
            deadline=bench.deadline,
        )
    except RunInterruptedError:
        raise KeyboardInterrupt from None


def _environment(side: Side, other: Side, suite: Suite, seed: int, witness: Path) -> dict[str, str]:
    return {
        **os.environ,
        **dict(suite.env),
        **side.environment,
        "PYTHONHASHSEED": str(seed),
        _OTHER: str(other.root),
        _OUT: str(witness),
    }


def _told(path: Path, loops: Loops) -> str:
    path.write_text(json.dumps({"loops": loops.count, "nodeids": loops.nodeids}), encoding="utf-8")
    return str(path)


def _listed(path: Path, nodeids: Sequence[str]) -> str:
    """Write any number of node ids to a file, and return the argument that makes pytest read it."""
    path.write_text("".join(f"{nodeid}\n" for nodeid in nodeids), encoding="utf-8")
    return f"@{path}"
