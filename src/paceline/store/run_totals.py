"""Sums up a run file without making records of its lines: that takes a tenth of the time of reading it.

The plugin does this at the end of every recorded pytest run, where somebody waits.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paceline.errors import UnreadableFileError
from paceline.model.times import TIME_NAMES, TimeKind
from paceline.model.totals import Cost, CostKind, KindTotal, RunTotals
from paceline.store.run_spans import SpanTotals

#: The kind of an operation to the metric in seconds that knows of it even where no operation was noted.
_OPERATIONS: dict[str, tuple[TimeKind, str]] = {
    "sql": ("database", "sql_time"),
    "connect": ("database", "connect_time"),
    "sleep": ("waiting", "sleep_time"),
    "subprocess": ("waiting", "subprocess_time"),
    "dns": ("waiting", "dns_time"),
    "http": ("waiting", "http_time"),
}
#: The metrics that tell whether anybody looked; `connect` and `dns` are noted along with them.
_METRICS: dict[TimeKind, str] = {"database": "sql_time", "waiting": "sleep_time"}
#: Nobody can do anything about what records.
_OWN_PLUGIN = "pytest-paceline"


def read_totals(path: Path, costs: int = 3) -> RunTotals:
    """Sum up the run file at `path`, which needn't be finished, and keep the `costs` greatest costs.

    Raises:
        UnreadableFileError: missing, or not a run file.
    """
    summing = _Summing()
    try:
        with path.open("rb") as file:
            for text in file:
                if text.endswith(b"\n"):
                    summing.add(json.loads(text))
    except OSError as error:
        raise UnreadableFileError(f"the run file {path} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFileError(f"{path} is not a run file: {error!r}") from error
    return summing.totals(costs)


class _Summing:
    """Adds up lines as they come."""

    def __init__(self) -> None:
        self._seconds: dict[TimeKind, float] = dict.fromkeys(TIME_NAMES, 0.0)
        #: Seconds and number by what a cost is.
        self._costs: defaultdict[tuple[CostKind, str, str | None], list[float]] = defaultdict(
            lambda: [0.0, 0]
        )
        #: By worker what the imports which follow are part of: a conftest, a test module, a plugin.
        self._importers: dict[str, tuple[str, str]] = {}
        self._spans = SpanTotals()
        self._workers: set[str] = set()
        self._metrics: set[str] = set()
        self._tests = 0

    def add(self, record: dict[str, Any]) -> None:
        """Count one line."""
        match record["kind"]:
            case "header":
                self._metrics = {metric["name"] for metric in record["metrics"]}
                self._spans.workers = bool(record["workers"])
            case "span":
                self._spans.span(record["worker"], record["name"], record["duration"] or 0.0)
            case "part":
                self._part(record)
            case "fixture":
                self._fixture(record)
            case "test":
                self._test(record)
            case _:
                pass

    def totals(self, number: int) -> RunTotals:
        """Return what was counted, with the `number` greatest costs."""
        seconds = dict(self._seconds)
        for kind, more in self._spans.seconds():
            seconds[kind] += more
        greatest = sorted(self._costs.items(), key=lambda item: -item[1][0])[:number]
        return RunTotals(
            tests=self._tests,
            processes=len(self._workers),
            kinds=tuple(
                KindTotal(
                    kind=kind, seconds=spent if _METRICS.get(kind, "") in {"", *self._metrics} else None
                )
                for kind, spent in seconds.items()
            ),
            costs=tuple(
                Cost(kind=kind, seconds=seconds, what=what, where=where, count=int(count))
                for (kind, what, where), (seconds, count) in greatest
            ),
        )

    def _part(self, record: dict[str, Any]) -> None:
        worker, part, name, own = record["worker"], record["part"], record["name"], record["own"]
        if part != "import" or name == "*":
            self._importers[worker] = (part, name)
        importer, by = self._importers.get(worker, ("", ""))
        self._spans.part(worker, own, is_module=importer == "module")
        if importer == "plugin" and by != _OWN_PLUGIN:
            self._cost("plugin", by, None, own, int(part == "plugin"))
        elif importer in ("conftest", "module"):
            self._cost("import", name, by, own)

    def _fixture(self, record: dict[str, Any]) -> None:
        own = record["own"]
        wall = self._sort("fixtures", own, record.get("operations", ()))
        self._spans.busy(record["worker"], wall, record["start"] + _wall(record["values"]))
        setups = int(record["event"] == "setup")
        self._cost("fixture", record["argname"], _file(record["baseid"]), own.get("duration", 0.0), setups)

    def _test(self, record: dict[str, Any]) -> None:
        self._tests += 1
        self._workers.add(record["worker"])
        body = 0.0
        for phase in record["phases"]:
            body += self._phase(record["worker"], phase)
        name = record["nodeid"].partition("[")[0]
        line = record["lineno"]
        where = record["path"] if line is None else f"{record['path']}:{line + 1}"
        self._cost("test", name, where, body)

    def _phase(self, worker: str, phase: dict[str, Any]) -> float:
        """Count a phase; return its seconds that belong neither to a fixture nor to an operation."""
        values, operations = dict(phase["values"]), phase.get("operations", ())
        self._spans.busy(worker, _wall(values), (phase["start"] or 0.0) + _wall(values))
        told: set[str] = set()
        for use in phase.get("fixtures", ()):
            name, own = use["argname"], use["own"]
            inside = [one for one in operations if one.get("fixture") == name and name not in told]
            told.add(name)
            self._sort("fixtures", own, inside)
            for metric in values:
                values[metric] -= own.get(metric, 0.0)
            seconds = own.get("duration", 0.0)
            self._cost("fixture", name, _file(use["baseid"]), seconds, phase["phase"] == "setup")
        outside = [one for one in operations if one.get("fixture") not in told]
        self._sort(phase["phase"], values, outside)
        left: float = max(0.0, values.get("duration", 0.0))
        for one in outside:
            if one.get("duration"):
                taken = min(one["duration"], left)
                left -= taken
                self._cost(one["kind"], one["what"], one["where"], taken, one["count"])
        return left

    def _sort(self, place: TimeKind, values: dict[str, float], operations: Sequence[dict[str, Any]]) -> float:
        """Count the seconds of a fixture, or of a phase without its fixtures; return how many they are.

        The rules are those of the page: what was waited for counts there, and the rest where it happened.
        """
        wall = left = _wall(values)

        def take(kind: TimeKind, seconds: float) -> None:
            nonlocal left
            taken = min(left, max(0.0, seconds))
            self._seconds[kind] += taken
            left -= taken

        take("isolation", values.get("isolation_time", 0.0))
        for name, (kind, metric) in _OPERATIONS.items():
            known = [one.get("duration") or 0.0 for one in operations if one["kind"] == name]
            take(kind, sum(known) if known else values.get(metric, 0.0))
        collecting = values.get("gc_time", 0.0)
        take(place, collecting)
        take("waiting", values.get("run_delay", 0.0))
        if "cpu_time" in values:
            take("waiting", left - max(0.0, values["cpu_time"] - collecting))
        take(place, left)
        return wall

    def _cost(self, kind: CostKind, what: str, where: str | None, seconds: float, count: int = 1) -> None:
        entry = self._costs[kind, what, where]
        entry[0] += seconds
        entry[1] += count


def _wall(values: dict[str, float]) -> float:
    """Return the seconds by the clock; `duration` leaves out what isolation took."""
    return max(0.0, values.get("duration", 0.0)) + max(0.0, values.get("isolation_time", 0.0))


def _file(baseid: str) -> str | None:
    """Return the file that defines a fixture; None for one of a plugin or of the root conftest."""
    file = baseid.partition("::")[0]
    return (file if file.endswith(".py") else f"{file}/conftest.py") if file else None
