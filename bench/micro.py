"""The price of a configuration's hooks, measured inside one process: on for some tests, off for the next.

Differences between processes drown in noise on a busy machine. Here the same process runs blocks of ten
tests, and a plugin loses its hooks for every other block: what is compared lies milliseconds apart. The
figure is the median over hundreds of pairs of neighbours. It holds the cost per test only: no start-up, no
collection, and no garbage collection, whose rare pauses a median doesn't see.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import median

from configurations import Configuration, environment, plugin_arguments
from processes import FailedRunError, cleared
from projects import Projects

#: Tests per block: one round through the kinds of tests in `projects`.
BLOCK = 10

#: Replaces pytest's run loop. A plugin is named by its registered name or its class.
TOGGLE = """\
import json
import os
import time


def pytest_runtestloop(session):
    manager = session.config.pluginmanager
    wanted = set(os.environ["BENCH_TOGGLED"].split(","))
    toggled = [
        (manager.get_name(plugin), plugin)
        for plugin in manager.get_plugins()
        if manager.get_name(plugin) in wanted or type(plugin).__name__ in wanted
    ]
    missing = wanted - {name for name, _ in toggled} - {type(plugin).__name__ for _, plugin in toggled}
    if missing and wanted != {""}:
        raise RuntimeError(f"not registered: {missing}")
    # Only what is called for every test: hooks that pytest has called already would be called again.
    hooks = [
        (caller, impl)
        for _, plugin in toggled
        for caller in manager.get_hookcallers(plugin)
        if caller.name.startswith("pytest_runtest_") or caller.name == "pytest_fixture_setup"
        for impl in caller.get_hookimpls()
        if impl.plugin is plugin
    ]
    items = session.items
    blocks = []
    on = True
    for at, item in enumerate(items):
        if at % int(os.environ["BENCH_BLOCK"]) == 0:
            on = not on
            for caller, impl in hooks:
                if not on:
                    caller._remove_plugin(impl.plugin)
                elif at:
                    caller._add_hookimpl(impl)
            blocks.append(0.0)
            start = time.process_time()
        following = items[at + 1] if at + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        blocks[-1] = time.process_time() - start
    with open(os.environ["BENCH_LOOP"], "w") as file:
        json.dump(blocks, file)
    return True
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Micro:
    """What the hooks of a configuration take per test.

    Attributes:
        median: microseconds of CPU time per test.
        low: lower end of the 95 % interval of the median.
        ratio: of the blocks with the hooks to those without, median over pairs.
        bare: microseconds per test without them.
    """

    configuration: str
    median: float
    low: float
    high: float
    ratio: float
    bare: float
    pairs: int


def measure_micro(configuration: Configuration, projects: Projects, scratch: Path, processes: int) -> Micro:
    """Measure in several processes, and sum up all pairs.

    Raises:
        FailedRunError: pytest didn't pass all tests.
    """
    pairs: list[tuple[float, float]] = []
    for _ in range(processes):
        blocks = _blocks(configuration, projects, scratch)
        # Each block with the hooks has a neighbour without on either side.
        pairs += [(blocks[at], (blocks[at - 1] + blocks[at + 1]) / 2) for at in range(1, len(blocks) - 1, 2)]
    return _summed_up(configuration.name, pairs)


def _summed_up(name: str, pairs: Sequence[tuple[float, float]]) -> Micro:
    differences = sorted((with_hooks - without) / BLOCK * 1e6 for with_hooks, without in pairs)
    count = len(differences)
    reach = 0.98 * sqrt(count)  # 1.96 standard deviations of a binomial rank
    low = differences[max(0, int(count / 2 - reach))]
    high = differences[min(count - 1, int(count / 2 + reach))]
    return Micro(
        configuration=name,
        median=round(median(differences), 2),
        low=round(low, 2),
        high=round(high, 2),
        ratio=round(median(with_hooks / without for with_hooks, without in pairs), 4),
        bare=round(median(without for _, without in pairs) / BLOCK * 1e6, 1),
        pairs=count,
    )


def _blocks(configuration: Configuration, projects: Projects, scratch: Path) -> list[float]:
    out, loop = cleared(scratch)
    (projects.plugins / "bench_toggle.py").write_text(TOGGLE)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "bench_toggle"),
            *plugin_arguments(configuration, xdist=False),
            *(argument.format(out=out) for argument in configuration.arguments),
        ],
        cwd=projects.table if configuration.table else projects.plain,
        env={
            **environment(projects.plugins, loop),
            "BENCH_TOGGLED": ",".join(configuration.toggled),
            "BENCH_BLOCK": str(BLOCK),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or f"{projects.tests} passed" not in done.stdout:
        raise FailedRunError(
            f"{configuration.name}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}"
        )
    blocks: list[float] = json.loads(loop.read_text())
    return blocks
