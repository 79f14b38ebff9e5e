"""What recording costs beside bare pytest, an empty plugin and the peers, all measured in one run.

Makes an environment with the peers of peers.txt in bench/.venv, measures for as long as it may, writes
bench/results/overhead.json and from it docs/explanation/overhead.md, and prints what was to be reached. Every
part replaces its own entry of the JSON file only, so that parts can be measured on different days.

    python bench/overhead.py --minutes 12               everything but instructions; wants a quiet machine
    python bench/overhead.py --parts instructions       half an hour on any machine with valgrind; goes on
                                                        where it was interrupted
    python bench/overhead.py --parts kept               one minute, on any machine
    python bench/overhead.py --parts page               only the page, from the JSON file
    python bench/overhead.py --minutes 2 --tests 1000 --sql-tests 100 --only paceline --output /tmp/o.json

Ctrl-C, or a SIGTERM, ends the rounds and keeps those that were whole.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from typing import Any

from configurations import BARE, CONFIGURATIONS, DEFAULT, EMPTY, NOISE, Configuration, available
from figures import Sample, bares, rows
from goals import goals
from instructions import count
from kept import keep
from micro import measure_micro
from overhead_page import as_markdown
from peers import move_in
from processes import FailedRunError, Job, run, running, turn
from projects import STATEMENTS, Projects, write_projects
from statements import measured

_HERE = Path(__file__).parent
_RESULTS = _HERE / "results" / "overhead.json"
_PAGE = _HERE.parent / "docs" / "explanation" / "overhead.md"
#: Tests of the suite whose time is that of starting up.
_FEW = 100
#: Tests of the suite whose hooks are switched on and off.
_TOGGLED = 2000
#: Turns of fifty statements on each engine.
_TURNS = 400
_PARTS = ("kept", "statements", "hooks", "processes", "instructions", "page")
_PACKAGES = (
    *("pytest", "pytest-xdist", "pluggy", "sqlalchemy", "pytest-paceline"),
    *("flakytest", "pytest-durations", "pytest-perf-report", "pytest-reportlog", "pytest-timing"),
)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=12.0, help="for whole processes and hooks together")
    parser.add_argument(
        "--parts", nargs="+", choices=_PARTS, default=["kept", "statements", "hooks", "processes", "page"]
    )
    parser.add_argument("--tests", type=int, default=5000, help="trivial ones, a multiple of 100")
    parser.add_argument("--sql-tests", type=int, default=200, help=f"of {STATEMENTS} statements, twenties")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="0 is serial (default: 0 2)")
    parser.add_argument("--only", metavar="WORD", help="only configurations with WORD in their name")
    parser.add_argument("--seed", type=int, default=1, help="of the order (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="the JSON file (default: in results/)")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure the parts that were asked for, and write what is known then."""
    options = parse()
    document: dict[str, Any] = json.loads(options.output.read_text()) if options.output.exists() else {}
    if options.parts != ["page"]:
        move_in()
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # of whoever sets a limit, such as `timeout`
        wanted = [one for one in CONFIGURATIONS if _is_wanted(one, options.only)]
        with tempfile.TemporaryDirectory(prefix="paceline-bench-") as name:
            measure(options, wanted, Path(name), document)
        options.output.write_text(json.dumps(document, indent=1) + "\n")
        sys.stderr.write(f"written: {options.output}\n")
    if "page" in options.parts:
        page = _PAGE if options.output == _RESULTS else options.output.with_suffix(".md")
        page.write_text(as_markdown(document))
        sys.stderr.write(f"written: {page}\n")
    for goal in goals(document):
        said = {True: "reached", False: "NOT REACHED", None: "not measured"}[goal.reached]
        print(f"{said:<13} {goal.what}: {goal.measured}, to reach: {goal.to_reach}")
    return 0


def measure(
    options: argparse.Namespace,
    wanted: Sequence[Configuration],
    scratch: Path,
    document: dict[str, Any],
) -> None:
    """Put every part that was asked for into `document`."""
    ends = time.monotonic() + options.minutes * 60
    trivial = write_projects(scratch, options.tests)
    there = available(tuple(wanted))
    good, bad = running(there, write_projects(scratch, _FEW), scratch)
    document["left_out"] = bad | {one.name: "not installed" for one in wanted if one not in there}
    for one, why in document["left_out"].items():
        sys.stderr.write(f"left out: {one}: {why}\n")
    if "kept" in options.parts:
        sizes = (write_projects(scratch, 300), write_projects(scratch, 1200))
        (default,) = (one for one in CONFIGURATIONS if one.name == DEFAULT)
        with _part(document, "kept") as part:
            part["rows"] = [asdict(keep(default, sizes, workers, scratch)) for workers in options.workers]
    if "statements" in options.parts:
        with _part(document, "statements") as part:
            part["rows"] = measured(_TURNS)
    if "hooks" in options.parts:
        few = write_projects(scratch, min(options.tests, _TOGGLED))
        with _part(document, "hooks") as part:
            toggled = [one for one in good if one.toggled or one.name == NOISE]
            part["rows"] = [asdict(measure_micro(one, few, scratch, 1)) for one in toggled]
    if "processes" in options.parts:
        heavy = write_projects(scratch, options.sql_tests, statements=STATEMENTS)
        start = write_projects(scratch, _FEW)
        with _part(document, "processes") as part:
            samples = list(_rounds(options, good, (start, trivial, heavy), scratch, ends))
            part["bare"] = [asdict(one) for one in bares(samples)]
            part["rows"] = [asdict(one) for one in rows(samples)]
            part["samples"] = [asdict(one) for one in samples]
    if "instructions" in options.parts:
        known = document.get("instructions", {})
        with _part(document, "instructions") as part:
            # An earlier count of the same commit goes on where it was interrupted.
            same = known.get("machine", {}).get("commit") == part["machine"]["commit"]
            part["rows"] = list(known["rows"]) if same else []
            with suppress(KeyboardInterrupt):
                _count(good, scratch, part["rows"])


def _count(good: Sequence[Configuration], scratch: Path, found: list[dict[str, Any]]) -> None:
    for statements, sizes in {0: (100, 300), STATEMENTS: (20, 60)}.items():
        few, many = (write_projects(scratch, size, statements=statements) for size in sizes)
        running(good, many, scratch)  # compiles them, which is none of the count
        there = {row["configuration"] for row in found if row["statements"] == statements}
        wanted = [one for one in good if one.name not in there and (one.counts_sql or not statements)]
        for row in count(wanted, (few, many), scratch):
            sys.stderr.write(f"{row}\n")
            found.append(asdict(row))


def _rounds(
    options: argparse.Namespace,
    good: Sequence[Configuration],
    projects: Sequence[Projects],
    scratch: Path,
    ends: float,
) -> Iterator[Sample]:
    """Yield the samples of whole rounds, for as long as another one fits; serial suites get twice as many."""
    shuffle = random.Random(options.seed)
    # What few tests take is start-up, which is only taken out of serial runs.
    cells = [
        (project, workers)
        for project in projects
        for workers in options.workers
        if not workers or project.tests > _FEW
    ]
    serial = [cell for cell in cells if not cell[1]]
    rounds = dict.fromkeys(cells, 0)
    longest = dict.fromkeys(cells, 0.0)
    try:
        for project in projects:
            for one in (Configuration(name=BARE), Configuration(name="compiles", table=True)):
                run(Job(configuration=one, projects=project, workers=0, round=0), scratch)
        for cell in cycle([*cells, *serial]):
            began = time.monotonic()
            if rounds[cell] and began + longest[cell] > ends:
                break
            rounds[cell] += 1
            found = list(_passing(turn(good, *cell, rounds[cell], shuffle), scratch))
            longest[cell] = max(longest[cell], time.monotonic() - began)
            suite = f"{cell[0].tests} tests of {cell[0].statements} statements, {cell[1]} workers"
            left = max(0.0, ends - time.monotonic())
            sys.stderr.write(f"{suite}: {rounds[cell]}, {longest[cell]:.0f} s; {left:.0f} s left\n")
            yield from found
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: whole rounds are kept\n")


def _passing(jobs: Iterable[Job], scratch: Path) -> Iterator[Sample]:
    """Yield what each of `jobs` took; one that fails is left out, and said."""
    for job in jobs:
        try:
            yield run(job, scratch)
        except FailedRunError as error:
            if job.configuration.name == BARE:
                raise
            sys.stderr.write(f"left out of this round: {job.configuration.name}: {error}\n")


@contextmanager
def _part(document: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    load = [round(os.getloadavg()[0], 1)]
    part: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "machine": _machine()}
    sys.stderr.write(f"{name}\n")
    began = time.monotonic()
    yield part
    sys.stderr.write(f"{name} took {time.monotonic() - began:.0f} s\n")
    part["machine"]["load"] = [*load, round(os.getloadavg()[0], 1)]
    document[name] = part


def _machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=_HERE, capture_output=True, text=True, check=False
    )
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": commit.stdout.strip() or "unknown",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _is_wanted(one: Configuration, word: str | None) -> bool:
    return not word or word in one.name or one.name in (NOISE, EMPTY)


if __name__ == "__main__":
    sys.exit(main())
