"""Sums up a run file without making records of its lines: that takes a tenth of the time of reading it.

The plugin does this at the end of every recorded pytest run, where somebody waits.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from paceline.errors import UnreadableFileError
from paceline.model.totals import Cost, CostKind, KindTotal, RunTotals, TimeKind

_OF_SPAN: dict[str, TimeKind] = {"startup": "start-up", "configure": "start-up", "collection": "collection"}
_OF_PHASE: dict[str, TimeKind] = {"setup": "set-up", "call": "call", "teardown": "teardown"}
_DATABASE = ("sql", "connect")
#: The metrics that tell whether anybody looked; `connect` and `dns` are noted along with them.
_METRICS: dict[TimeKind, str] = {"database": "sql_time", "waiting": "sleep_time"}


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
        self._seconds: dict[TimeKind, float] = dict.fromkeys(get_args(TimeKind), 0.0)
        #: Seconds and number by what a cost is.
        self._costs: defaultdict[tuple[CostKind, str, str | None], list[float]] = defaultdict(
            lambda: [0.0, 0]
        )
        #: The conftest or test module by worker that the imports which follow are part of.
        self._importers: dict[str, str | None] = {}
        self._workers: set[str] = set()
        self._metrics: set[str] = set()
        self._tests = 0

    def add(self, record: dict[str, Any]) -> None:
        """Count one line."""
        match record["kind"]:
            case "header":
                self._metrics = {metric["name"] for metric in record["metrics"]}
            case "span" if record["name"] in _OF_SPAN:
                self._seconds[_OF_SPAN[record["name"]]] += record["duration"] or 0.0
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
        greatest = sorted(self._costs.items(), key=lambda item: -item[1][0])[:number]
        return RunTotals(
            tests=self._tests,
            processes=len(self._workers),
            kinds=tuple(
                KindTotal(
                    kind=kind, seconds=seconds if _METRICS.get(kind, "") in {"", *self._metrics} else None
                )
                for kind, seconds in self._seconds.items()
            ),
            costs=tuple(
                Cost(kind=kind, seconds=seconds, what=what, where=where, count=int(count))
                for (kind, what, where), (seconds, count) in greatest
            ),
        )

    def _part(self, record: dict[str, Any]) -> None:
        worker, name = record["worker"], record["name"]
        if record["part"] != "import" or name == "*":
            self._importers[worker] = (
                name if record["part"] in ("conftest", "module") and name != "*" else None
            )
        # What a plugin imports isn't the reader's to change.
        importer = self._importers.get(worker)
        if importer is not None:
            self._cost("import", name, importer, record["own"])

    def _fixture(self, record: dict[str, Any]) -> None:
        own = record["own"].get("duration", 0.0)
        self._seconds["shared fixtures"] += own - self._operations(record.get("operations", ()), own)
        self._cost(
            "fixture", record["argname"], _file(record["baseid"]), own, int(record["event"] == "setup")
        )

    def _test(self, record: dict[str, Any]) -> None:
        self._tests += 1
        self._workers.add(record["worker"])
        body = 0.0
        for phase in record["phases"]:
            seconds = phase["values"].get("duration", 0.0)
            operations = phase.get("operations", ())
            self._seconds[_OF_PHASE[phase["phase"]]] += seconds - self._operations(operations, seconds)
            for use in phase.get("fixtures", ()):
                own = use["own"].get("duration", 0.0)
                seconds -= own
                self._cost("fixture", use["argname"], _file(use["baseid"]), own, phase["phase"] == "setup")
            for operation in operations:
                if operation.get("fixture") is None and operation.get("duration"):
                    taken = min(operation["duration"], max(0.0, seconds))
                    seconds -= taken
                    self._cost(
                        operation["kind"], operation["what"], operation["where"], taken, operation["count"]
                    )
            body += max(0.0, seconds)
        name = record["nodeid"].partition("[")[0]
        line = record["lineno"]
        where = record["path"] if line is None else f"{record['path']}:{line + 1}"
        self._cost("test", name, where, body)

    def _operations(self, operations: Sequence[dict[str, Any]], limit: float) -> float:
        """Count `operations` as database or waiting, and return their seconds, at most `limit`.

        Those of threads can take longer than the stretch in which they happened.
        """
        if not operations:
            return 0.0
        split: dict[TimeKind, float] = {"database": 0.0, "waiting": 0.0}
        for operation in operations:
            split["database" if operation["kind"] in _DATABASE else "waiting"] += (
                operation.get("duration") or 0.0
            )
        whole = sum(split.values())
        scale = min(1.0, limit / whole) if whole > 0 else 0.0
        for kind, seconds in split.items():
            self._seconds[kind] += seconds * scale
        return whole * scale

    def _cost(self, kind: CostKind, what: str, where: str | None, seconds: float, count: int = 1) -> None:
        entry = self._costs[kind, what, where]
        entry[0] += seconds
        entry[1] += count


def _file(baseid: str) -> str | None:
    """Return the file that defines a fixture; None for one of a plugin or of the root conftest."""
    file = baseid.partition("::")[0]
    return (file if file.endswith(".py") else f"{file}/conftest.py") if file else None
