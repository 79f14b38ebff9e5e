"""Records real suites again and again, each time in fresh processes, as unchanged code or with planted work.

python bench/detection/record.py OUT.json.gz --suite NAME PYTHON FOLDER TESTS [--planted 0.2 0.5] [--loops 5]

TESTS is a file of node ids, relative to FOLDER. Neighbouring runs share a hash seed and are later taken as
pairs, in the order base head head base. With `--planted`, in the heads every third test of 5 ms and more
really works longer by these shares of what it took in the first run. With `--loops`, each process runs
them so often, as the gate does. PYTHON needs this project installed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from paceline.model.run import Run
from paceline.paired.loops import by_loop
from paceline.paired.order import sides
from paceline.store.run_file import read_run

#: Shorter tests are never nominated: nothing below half a millisecond is worth a pair.
SOURCE = Path(__file__).parents[2] / "src"
_LEAST = 0.0003
_LONG = 0.005
_EVERY = 3


def run_once(suite: list[str], at: int, scratch: Path, slower: Mapping[str, float], loops: int) -> Run:
    """Return the record of one process.

    Raises:
        RuntimeError: it recorded nothing.
    """
    name, python, folder, tests = suite
    out = scratch / f"{name}-{at}.jsonl"
    planted = scratch / f"{name}-slower.json"
    planted.write_text(json.dumps(slower))
    nodeids = Path(tests).read_text().split("\n")
    repeated = scratch / f"{name}-loops.json"
    repeated.write_text(json.dumps({"loops": loops, "nodeids": nodeids}))
    files = list(dict.fromkeys(nodeid.partition("::")[0] for nodeid in nodeids if nodeid))
    done = subprocess.run(
        [
            python,
            "-m",
            "pytest",
            "-q",
            "--no-summary",
            "-p",
            "no:cacheprovider",
            "-p",
            "planted_work",
            "-p",
            "paceline.loops",
            f"--paceline-out={out}",
            *files,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONHASHSEED": str(at // 2),
            "PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parent, SOURCE))),
            "BENCH_SLOWER": str(planted),
            "BENCH_TESTS": str(Path(tests).resolve()),
            "PACELINE_LOOPS": str(repeated),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if not out.exists():
        raise RuntimeError(f"{name}: nothing was recorded\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return read_run(out)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a test took in one process.

    Attributes:
        seconds: clean ones, in each loop.
        collections: full garbage collections in the first.
    """

    seconds: tuple[float, ...]
    collections: float


def times_of(run: Run, loops: int) -> dict[str, Figures]:
    """Return the figures of each test that passed in every loop."""
    found: dict[str, Figures] = {}
    for nodeid, tests in by_loop(run).items():
        calls = [
            phase.values
            for test in tests
            if test.outcome == "passed"
            for phase in test.phases
            if phase.phase == "call" and "clean_time" in phase.values
        ]
        if len(calls) == loops:
            seconds = tuple(values["clean_time"] for values in calls)
            found[nodeid] = Figures(seconds, calls[0].get("gc_full_collections", 0.0))
    return found


def packed(runs: list[dict[str, Figures]], loops: int) -> dict[str, Any]:
    """Return the figures of one suite in few characters: whole microseconds, one list per test."""
    if not runs or not runs[0]:
        raise RuntimeError("no test passed")
    common = [key for key in runs[0] if all(key in run for run in runs)]
    kept = [key for key in common if sorted(run[key].seconds[0] for run in runs)[len(runs) // 2] >= _LEAST]

    def rows(figure: Callable[[tuple[float, ...]], float]) -> dict[str, list[int]]:
        return {key: [round(figure(run[key].seconds) * 1e6) for run in runs] for key in kept}

    found: dict[str, Any] = {
        "sums": [round(sum(run[key].seconds[0] for key in common) * 1e6) for run in runs],
        "tests": rows(itemgetter(0)),
        "collections": {
            key: [round(run[key].collections) for run in runs]
            for key in kept
            if any(run[key].collections for run in runs)
        },
    }
    if loops > 1:
        found["second"], found["least"] = rows(itemgetter(1)), rows(min)
        found["least_sums"] = [round(sum(min(run[key].seconds) for key in common) * 1e6) for run in runs]
    return found


def main() -> None:
    """Record what was asked for into one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--suite", nargs=4, action="append", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--planted", type=float, nargs="*", default=[])
    parser.add_argument("--time-limit", type=float, default=float("inf"), help="seconds; ends after a pair")
    parser.add_argument("--conditions", default="shared", help="what else ran: quiet, shared")
    given = parser.parse_args()
    recorded: dict[str, list[dict[str, Figures]]] = {suite[0]: [] for suite in given.suite}
    slower: dict[str, dict[str, float]] = {suite[0]: {} for suite in given.suite}
    shares: dict[str, dict[str, float]] = {suite[0]: {} for suite in given.suite}
    start = time.monotonic()
    begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    load = os.getloadavg()[0]
    cpu = None
    with tempfile.TemporaryDirectory() as scratch:
        for suite in given.suite:  # what comes first also compiles and fills caches
            warm = times_of(run_once(suite, 0, Path(scratch), {}, 1), 1)
            Path(scratch, f"{suite[0]}-0.jsonl").unlink()
            long = [key for key, figures in warm.items() if figures.seconds[0] >= _LONG]
            for number, key in enumerate(long[::_EVERY] if given.planted else []):
                share = given.planted[number % len(given.planted)]
                shares[suite[0]][key], slower[suite[0]][key] = share, share * warm[key].seconds[0]
        for at in range(given.runs):
            if at % 2 == 0 and (time.monotonic() - start) * (1 + 2 / max(2, at)) > given.time_limit:
                break
            is_head = sides(at // 2)[at % 2] == "head"
            for suite in given.suite:
                planted = slower[suite[0]] if is_head else {}
                run = run_once(suite, at, Path(scratch), planted, given.loops)
                cpu = run.header.environment.cpu_model if run.header.environment else None
                recorded[suite[0]].append(times_of(run, given.loops))
    text = json.dumps(
        {
            "at": begun,
            "conditions": given.conditions,
            "load": load,
            "cpu": cpu,
            "python": ".".join(map(str, sys.version_info[:3])),
            "runs": len(recorded[given.suite[0][0]]),
            "loops": given.loops,
            "planted": {name: dict(found.items()) for name, found in shares.items()},
            "suites": {name: packed(runs, given.loops) for name, runs in recorded.items()},
        },
        separators=(",", ":"),
    )
    given.out.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{given.out}: {given.out.stat().st_size} bytes, load at the start {load:.1f}")


if __name__ == "__main__":
    main()
