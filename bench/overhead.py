"""What the plugin costs per test, in CPU microseconds and as a ratio to bare pytest.

Every round runs all configurations in random order between bare runs of the same suite, so that what slows
the machine for a while slows both sides of each difference. CPU time is user and system time of the whole
process tree. Nothing here is fast: five rounds of everything take about half an hour. On a busy machine
believe the first table (`--micro`): it switches the hooks on and off in one process, every ten tests.

    python bench/overhead.py                               a table, 1,000 and 5,000 tests, serial and -n 2
    python bench/overhead.py --tests 1000 --workers 0      one suite, about 15 s per round
    python bench/overhead.py --micro                       the cost of the hooks alone, two minutes
    python bench/overhead.py --only paceline --no-gc       without peers, and without garbage collection

Ctrl-C ends it and keeps what was measured. Peers are compared where they are installed:
pip install pytest-reportlog pytest-json-report pytest-durations
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from configurations import (
    BARE,
    CONFIGURATIONS,
    NOISE,
    Configuration,
    available,
    environment,
    plugin_arguments,
)
from figures import Sample, as_json, as_markdown
from micro import Micro, measure_micro
from micro import as_markdown as micro_as_markdown
from projects import Projects, write_projects

_BARE = Configuration(name=BARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pytest process to run."""

    configuration: Configuration
    projects: Projects
    workers: int
    round: int


def jobs(
    configurations: Sequence[Configuration],
    projects: Sequence[Projects],
    workers: Sequence[int],
    rounds: int,
    shuffle: random.Random,
) -> Iterator[Job]:
    """Yield the runs in order: in each round, each suite's configurations shuffled between bare runs."""
    for number in range(1, rounds + 1):
        for project in projects:
            for count in workers:
                order = list(configurations)
                shuffle.shuffle(order)
                half = len(order) // 2
                for one in [_BARE, *order[:half], _BARE, *order[half:], _BARE]:
                    yield Job(configuration=one, projects=project, workers=count, round=number)


def run(job: Job, scratch: Path, *, gc: bool) -> Sample:
    """Run pytest and return what it took.

    Raises:
        RuntimeError: pytest didn't pass all tests.
    """
    configuration = job.configuration
    out, loop = scratch / "out", scratch / "loop"
    for path in (out, loop):
        path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bench_probe"]
    command += plugin_arguments(configuration, xdist=job.workers > 0)
    command += ["-n", str(job.workers)] if job.workers else []
    command += [argument.format(out=out) for argument in configuration.arguments]
    with (scratch / "log").open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
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
        raise RuntimeError(f"{configuration.name}: pytest ended with {process.returncode}\n{said[-2000:]}")
    return Sample(
        configuration=configuration.name,
        tests=job.projects.tests,
        workers=job.workers,
        round=job.round,
        cpu=round(usage.ru_utime + usage.ru_stime, 4),
        loop=round(float(loop.read_text()), 4),
        wall=round(wall, 4),
    )


def machine(options: argparse.Namespace) -> dict[str, object]:
    """Return what the figures depend on."""
    names = ("pytest", "pytest-xdist", "pluggy", "pytest-paceline")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
        "packages": {name: version(name) for name in names},
        "gc": not options.no_gc,
        "seed": options.seed,
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def measure(options: argparse.Namespace, configurations: Sequence[Configuration]) -> list[Sample]:
    """Run everything; Ctrl-C ends it early."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="paceline-bench-") as name:
        folder = Path(name)
        projects = [write_projects(folder, tests) for tests in options.tests]
        todo = list(
            jobs(configurations, projects, options.workers, options.rounds, random.Random(options.seed))
        )
        try:
            for project in projects:  # once for the bytecode of the test modules, and not counted
                for configuration in (_BARE, Configuration(name="warm-up", table=True)):
                    run(
                        Job(configuration=configuration, projects=project, workers=0, round=0),
                        folder,
                        gc=True,
                    )
            start = time.monotonic()
            for at, job in enumerate(todo, start=1):
                _progress(at, len(todo), job, time.monotonic() - start)
                samples.append(run(job, folder, gc=not options.no_gc))
        except KeyboardInterrupt:
            sys.stderr.write("\ninterrupted: what follows was measured before\n")
    sys.stderr.write("\n")
    return samples


def measure_hooks(options: argparse.Namespace, configurations: Sequence[Configuration]) -> list[Micro]:
    """Run the comparison inside one process for each configuration that has hooks; Ctrl-C ends it early."""
    found: list[Micro] = []
    with tempfile.TemporaryDirectory(prefix="paceline-bench-") as name:
        projects = write_projects(Path(name), max(options.tests))
        try:
            for one in configurations:
                if one.toggled or one.name == NOISE:
                    sys.stderr.write(f"hooks on and off in one process: {one.name}\n")
                    found.append(measure_micro(one, projects, Path(name), options.rounds))
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the hooks that were not reached are missing\n")
    return found


def _progress(at: int, of: int, job: Job, elapsed: float) -> None:
    left = f", about {elapsed / (at - 1) * (of - at + 1) / 60:.0f} min left" if at > 10 else ""
    text = f"[{at}/{of}] round {job.round}, {job.projects.tests} tests, -n {job.workers}{left}"
    line = f"{text}: {job.configuration.name}"
    sys.stderr.write(f"\r{line:<100}" if sys.stderr.isatty() else f"{line}\n")
    sys.stderr.flush()


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="more rounds, less noise (default: %(default)s)"
    )
    parser.add_argument(
        "--tests", type=int, nargs="+", default=[1000, 5000], help="sizes, multiples of 100; two give a slope"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="0 is serial (default: 0 2)")
    parser.add_argument("--micro", action="store_true", help="only the hooks, on and off in one process")
    parser.add_argument("--only", metavar="WORD", help="only configurations with WORD in their name")
    parser.add_argument("--no-gc", action="store_true", help="garbage collection off: less noise, less real")
    parser.add_argument("--seed", type=int, default=1, help="of the order (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="write rows and samples as JSON")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, print the tables, write the JSON."""
    options = parse()
    wanted = tuple(
        one for one in CONFIGURATIONS if not options.only or options.only in one.name or one.name == NOISE
    )
    configurations = available(wanted)
    for one in wanted:
        if one not in configurations:
            sys.stderr.write(f"not installed, left out: {one.name}\n")
    about = machine(options)
    micro = measure_hooks(options, configurations)
    print(micro_as_markdown(micro), end="\n\n")
    samples = [] if options.micro else measure(options, configurations)
    print(as_markdown(samples))
    if options.output is not None:
        options.output.write_text(json.dumps(as_json(samples, micro, about), indent=1) + "\n")
        sys.stderr.write(f"written: {options.output}\n")
    return 0 if samples or options.micro else 130


if __name__ == "__main__":
    sys.exit(main())
