"""Records real suites again and again, each time in fresh processes, as unchanged code or with planted work.

python bench/detection/record.py OUT.json.gz --suite NAME PYTHON FOLDER TESTS [--planted 0.2 0.5]

TESTS is a file of node ids, relative to FOLDER. Neighbouring runs share a hash seed and are later taken as
pairs, in the order base head head base. With `--planted`, in the heads every third test of 5 ms and more
really works longer by these shares of what it took in the first run. PYTHON needs this project installed.
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
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paceline.model.run import Run
from paceline.model.status import final_attempts
from paceline.paired.order import sides
from paceline.store.run_file import read_run

#: Shorter tests are never nominated: nothing below half a millisecond is worth a pair.
_LEAST = 0.0003
_LONG = 0.005
_EVERY = 3


def run_once(suite: list[str], at: int, scratch: Path, slower: Mapping[str, float]) -> Run:
    """Return the record of one process.

    Raises:
        RuntimeError: it recorded nothing.
    """
    name, python, folder, tests = suite
    out = scratch / f"{name}-{at}.jsonl"
    planted = scratch / f"{name}-slower.json"
    planted.write_text(json.dumps(slower))
    nodeids = Path(tests).read_text().split("\n")
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
            f"--paceline-out={out}",
            *files,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONHASHSEED": str(at // 2),
            "PYTHONPATH": str(Path(__file__).parent),
            "BENCH_SLOWER": str(planted),
            "BENCH_TESTS": str(Path(tests).resolve()),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if not out.exists():
        raise RuntimeError(f"{name}: nothing was recorded\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return read_run(out)


def times_of(run: Run) -> dict[str, tuple[float, float]]:
    """Return the clean seconds of each test that passed, and the full garbage collections in it."""
    return {
        test.nodeid: (phase.values["clean_time"], phase.values.get("gc_full_collections", 0.0))
        for test in final_attempts(run)
        if test.outcome == "passed"
        for phase in test.phases
        if phase.phase == "call" and "clean_time" in phase.values
    }


def packed(runs: list[dict[str, tuple[float, float]]]) -> dict[str, Any]:
    """Return the figures of one suite in few characters: whole microseconds, one list per test."""
    if not runs or not runs[0]:
        raise RuntimeError("no test passed")
    common = [key for key in runs[0] if all(key in run for run in runs)]
    kept = [key for key in common if sorted(run[key][0] for run in runs)[len(runs) // 2] >= _LEAST]
    return {
        "sums": [round(sum(run[key][0] for key in common) * 1e6) for run in runs],
        "tests": {key: [round(run[key][0] * 1e6) for run in runs] for key in kept},
        "collections": {
            key: [round(run[key][1]) for run in runs] for key in kept if any(run[key][1] for run in runs)
        },
    }


def main() -> None:
    """Record what was asked for into one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--suite", nargs=4, action="append", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--planted", type=float, nargs="*", default=[])
    parser.add_argument("--time-limit", type=float, default=float("inf"), help="seconds; ends after a pair")
    parser.add_argument("--conditions", default="shared", help="what else ran: quiet, shared")
    given = parser.parse_args()
    recorded: dict[str, list[dict[str, tuple[float, float]]]] = {suite[0]: [] for suite in given.suite}
    slower: dict[str, dict[str, float]] = {suite[0]: {} for suite in given.suite}
    shares: dict[str, dict[str, float]] = {suite[0]: {} for suite in given.suite}
    start = time.monotonic()
    begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    load = os.getloadavg()[0]
    cpu = None
    with tempfile.TemporaryDirectory() as scratch:
        for suite in given.suite:  # what comes first also compiles and fills caches
            warm = times_of(run_once(suite, 0, Path(scratch), {}))
            Path(scratch, f"{suite[0]}-0.jsonl").unlink()
            long = [key for key, (seconds, _) in warm.items() if seconds >= _LONG]
            for number, key in enumerate(long[::_EVERY] if given.planted else []):
                share = given.planted[number % len(given.planted)]
                shares[suite[0]][key], slower[suite[0]][key] = share, share * warm[key][0]
        for at in range(given.runs):
            if at % 2 == 0 and (time.monotonic() - start) * (1 + 2 / max(2, at)) > given.time_limit:
                break
            is_head = sides(at // 2)[at % 2] == "head"
            for suite in given.suite:
                run = run_once(suite, at, Path(scratch), slower[suite[0]] if is_head else {})
                cpu = run.header.environment.cpu_model if run.header.environment else None
                recorded[suite[0]].append(times_of(run))
    text = json.dumps(
        {
            "at": begun,
            "conditions": given.conditions,
            "load": load,
            "cpu": cpu,
            "python": ".".join(map(str, sys.version_info[:3])),
            "runs": len(recorded[given.suite[0][0]]),
            "planted": {name: dict(found.items()) for name, found in shares.items()},
            "suites": {name: packed(runs) for name, runs in recorded.items()},
        },
        separators=(",", ":"),
    )
    given.out.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{given.out}: {given.out.stat().st_size} bytes, load at the start {load:.1f}")


if __name__ == "__main__":
    main()
