"""What is compared: bare pytest, Paceline in its three states, two floors, and the peers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

BARE = "bare"
#: A bare run that is treated like a configuration: how far from zero pure noise gets.
NOISE = "bare again (noise)"
EMPTY = "empty plugin"
IDLE = "paceline, idle"
PHASES = "paceline, phases"
DEFAULT = "paceline, all default metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A way to run the suite.

    Attributes:
        name: shown in the table.
        plugin: name of the one installed plugin that stays on, besides pytest-xdist; empty: none.
        arguments: further arguments; `{out}` stands for a file to write.
        table: whether the project has a `[tool.paceline]` table.
        phases: whether it records times of set-up, call and tear-down.
        counts_sql: whether it looks at SQL statements.
        toggled: names or classes of the plugins that `micro` switches on and off; empty: it leaves this out.
    """

    name: str
    plugin: str = ""
    arguments: tuple[str, ...] = ()
    table: bool = False
    phases: bool = False
    counts_sql: bool = False
    toggled: tuple[str, ...] = ()


#: What is switched on and off to find the price of recording.
_RECORDER = ("paceline-measure", "paceline-fixtures", "paceline-writer", "paceline-isolation")
#: Clean time needs the delay in the run queue, the garbage collector's pauses and the processor time.
_PHASE_METRICS = "clean_time,gc_time,gc_full_collections,voluntary_switches,involuntary_switches"

CONFIGURATIONS = (
    Configuration(name=NOISE),
    Configuration(name=EMPTY, arguments=("-p", "bench_nothing")),
    Configuration(name="empty hooks", arguments=("-p", "bench_empty"), toggled=("bench_empty",)),
    Configuration(name=IDLE, plugin="paceline"),
    Configuration(
        name=PHASES,
        plugin="paceline",
        arguments=("--paceline-out={out}", f"--paceline-metrics={_PHASE_METRICS}"),
        table=True,
        phases=True,
        toggled=_RECORDER,
    ),
    Configuration(
        name=DEFAULT,
        counts_sql=True,
        plugin="paceline",
        arguments=("--paceline-out={out}",),
        table=True,
        phases=True,
        toggled=_RECORDER,
    ),
    Configuration(name="--junitxml", arguments=("--junitxml={out}",), toggled=("LogXML",)),
    Configuration(
        name="pytest-reportlog",
        plugin="pytest_reportlog",
        arguments=("--report-log={out}",),
        phases=True,
        toggled=("ReportLogPlugin",),
    ),
    Configuration(
        name="pytest-durations",
        plugin="pytest-durations",
        arguments=("--pytest-durations-json={out}",),
        phases=True,
    ),
    Configuration(
        name="pytest-perf-report",
        counts_sql=True,
        plugin="perf_report",
        arguments=("--perf-report-json={out}",),
        phases=True,
        toggled=("perf_report",),
    ),
    Configuration(
        name="pytest-timing",
        plugin="timing",
        arguments=("--timing-json-file={out}",),
        phases=True,
        toggled=("pytest_timing", "pytest_timing_fixtures"),
    ),
    Configuration(
        name="flakytest",
        counts_sql=True,
        plugin="flakytest",
        arguments=("--flakytest-profile", "--flakytest-output={out}"),
        phases=True,
        toggled=("flakytest-profiler",),
    ),
    Configuration(name="pytest-monitor", plugin="monitor", arguments=("--db={out}",)),
)


def installed() -> frozenset[str]:
    """Return the names under which plugins of pytest are installed."""
    return frozenset(point.name for point in entry_points(group="pytest11"))


def available(configurations: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
    """Return those whose plugin is installed."""
    names = installed()
    return tuple(one for one in configurations if not one.plugin or one.plugin in names)


def plugin_arguments(configuration: Configuration, *, xdist: bool) -> tuple[str, ...]:
    """Return `-p no:…` for every installed plugin that has no part in `configuration`."""
    kept = {configuration.plugin} | ({"xdist", "xdist.looponfail"} if xdist else set())
    return tuple(f"-pno:{name}" for name in sorted(installed() - kept))


def environment(plugins: Path, loop: Path, *, gc: bool = True) -> dict[str, str]:
    """Return the environment of a run whose own measurement goes to the file `loop`."""
    return {
        **os.environ,
        "PYTHONPATH": str(plugins),
        "PYTHONHASHSEED": "0",
        "PYTEST_ADDOPTS": "",
        "BENCH_LOOP": str(loop),
        "BENCH_NO_GC": "" if gc else "1",
    }
