"""One pytest process: what it took, and the rounds in which all configurations take turns."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from configurations import BARE, Configuration, environment, plugin_arguments
from figures import Sample
from projects import Projects

_BARE = Configuration(name=BARE)


class FailedRunError(Exception):
    """pytest didn't pass all tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pytest process to run."""

    configuration: Configuration
    projects: Projects
    workers: int
    round: int


def turn(
    configurations: Sequence[Configuration],
    projects: Projects,
    workers: int,
    number: int,
    shuffle: random.Random,
) -> Iterator[Job]:
    """Yield the runs of one suite's round `number`: the configurations shuffled between bare runs."""
    order = list(configurations)
    shuffle.shuffle(order)
    half = len(order) // 2
    for one in [_BARE, *order[:half], _BARE, *order[half:], _BARE]:
        yield Job(configuration=one, projects=projects, workers=workers, round=number)


def command(configuration: Configuration, workers: int, out: Path) -> list[str]:
    """Return the command line of pytest, which writes its record to `out`."""
    distributed = ("-n", str(workers), "--dist=load") if workers else ()
    return [
        *(sys.executable, "-m", "pytest", "-q", "-p", "bench_probe"),
        *plugin_arguments(configuration, xdist=workers > 0),
        *distributed,
        *(argument.format(out=out) for argument in configuration.arguments),
    ]


def cleared(scratch: Path) -> tuple[Path, Path]:
    """Return where a run may write its record and its own measurement: neither exists."""
    out, loop = scratch / "out", scratch / "loop"
    shutil.rmtree(out, ignore_errors=True)  # some write a folder
    for path in (out, loop):
        path.unlink(missing_ok=True)
    return out, loop


def run(job: Job, scratch: Path, *, gc: bool = True) -> Sample:
    """Run pytest and return what it took.

    Raises:
        FailedRunError: a test failed, or pytest did.
    """
    configuration = job.configuration
    out, loop = cleared(scratch)
    with (scratch / "log").open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command(configuration, job.workers, out),
            cwd=job.projects.table if configuration.table else job.projects.plain,
            env=environment(job.projects.plugins, loop, gc=gc),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    said = (scratch / "log").read_text(errors="replace")
    if process.returncode or f"{job.projects.tests} passed" not in said:
        last = next((line for line in said.splitlines() if line.startswith("E  ")), said[-200:])
        raise FailedRunError(f"pytest ended with {process.returncode}: {last.removeprefix('E').strip()}")
    return Sample(
        configuration=configuration.name,
        tests=job.projects.tests,
        statements=job.projects.statements,
        workers=job.workers,
        round=job.round,
        cpu=round(usage.ru_utime + usage.ru_stime, 4),
        wall=round(wall, 4),
    )


def running(
    configurations: Sequence[Configuration], projects: Projects, scratch: Path
) -> tuple[list[Configuration], dict[str, str]]:
    """Return those that pass the suite at all, and why the others don't; also compiles every module."""
    good: list[Configuration] = []
    bad: dict[str, str] = {}
    for one in (_BARE, Configuration(name="with the table", table=True), *configurations):
        try:
            run(Job(configuration=one, projects=projects, workers=0, round=0), scratch)
        except FailedRunError as error:
            if one.name == BARE:
                raise
            bad[one.name] = str(error)
        else:
            good.append(one)
    return [one for one in configurations if one in good], bad
