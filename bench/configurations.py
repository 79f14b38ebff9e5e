"""What is compared: bare pytest, Paceline in its three states, a floor, and peers that are installed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

BARE = "bare"
#: A bare run that is treated like a configuration: how far from zero pure noise gets.
NOISE = "bare again (noise)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A way to run the suite.

    Attributes:
        name: shown in the table.
        plugin: name of the one installed plugin that stays on, besides pytest-xdist; empty: none.
        arguments: further arguments; `{out}` stands for a file to write.
        table: whether the project has a `[tool.paceline]` table.
        toggled: names or classes of the plugins that `micro` switches on and off; empty: it leaves this out.
    """

    name: str
    plugin: str = ""
    arguments: tuple[str, ...] = ()
    table: bool = False
    toggled: tuple[str, ...] = ()


#: What is switched on and off to find the price of recording.
_RECORDER = ("paceline-measure", "paceline-fixtures", "paceline-writer", "paceline-isolation")

CONFIGURATIONS = (
    Configuration(name=NOISE),
    Configuration(name="empty hooks (floor)", arguments=("-p", "bench_empty"), toggled=("bench_empty",)),
    Configuration(name="paceline, idle", plugin="paceline"),
    Configuration(
        name="paceline, gating",
        plugin="paceline",
        table=True,
        toggled=("paceline-isolation",),
    ),
    Configuration(
        name="paceline, clean time",
        plugin="paceline",
        arguments=("--paceline-out={out}", "--paceline-metrics=clean_time"),
        table=True,
        toggled=_RECORDER,
    ),
    Configuration(
        name="paceline, all default metrics",
        plugin="paceline",
        arguments=("--paceline-out={out}",),
        table=True,
        toggled=_RECORDER,
    ),
    Configuration(name="--durations=25", arguments=("--durations=25",)),
    Configuration(name="--junitxml", arguments=("--junitxml={out}",), toggled=("LogXML",)),
    Configuration(
        name="pytest-reportlog",
        plugin="pytest_reportlog",
        arguments=("--report-log={out}",),
        toggled=("ReportLogPlugin",),
    ),
    Configuration(
        name="pytest-json-report",
        plugin="pytest_jsonreport",
        arguments=("--json-report", "--json-report-file={out}"),
        toggled=("JSONReport",),
    ),
    Configuration(name="pytest-durations", plugin="pytest-durations"),
    Configuration(
        name="pytest-perf-report",
        plugin="perf_report",
        arguments=("--perf-report-json={out}",),
        toggled=("perf_report",),
    ),
    Configuration(
        name="pytest-timing",
        plugin="timing",
        arguments=("--timing-json-file={out}",),
        toggled=("pytest_timing", "pytest_timing_fixtures"),
    ),
    Configuration(
        name="flakytest",
        plugin="flakytest",
        arguments=("--flakytest-profile", "--flakytest-output={out}"),
        toggled=("flakytest-profiler",),
    ),
)
_METADATA = {"pytest_jsonreport": ("metadata",)}  # what a plugin needs besides itself


def installed() -> frozenset[str]:
    """Return the names under which plugins of pytest are installed."""
    return frozenset(point.name for point in entry_points(group="pytest11"))


def available(configurations: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
    """Return those whose plugin is installed."""
    names = installed()
    return tuple(one for one in configurations if not one.plugin or one.plugin in names)


def plugin_arguments(configuration: Configuration, *, xdist: bool) -> tuple[str, ...]:
    """Return `-p no:…` for every installed plugin that has no part in `configuration`."""
    kept = {configuration.plugin, *_METADATA.get(configuration.plugin, ())}
    kept |= {"xdist", "xdist.looponfail"} if xdist else set()
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
