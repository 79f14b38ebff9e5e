"""The values of a line as they are meant: with the zeros it leaves out and what is computed from others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from paceline.model.metric import Metric
from paceline.model.run import MetricOff


def restore(records: Iterable[dict[str, Any]], metrics: Sequence[Metric], off: Iterable[MetricOff]) -> None:
    """Complete the values of every test and fixture in `records`, in place, as `metrics` declare them.

    A metric that a worker could not read stays unknown there, and so does what is derived from it.
    """
    lost: dict[str, set[str]] = {}
    for one in off:
        lost.setdefault(one.worker, set()).add(one.name)
    for record in records:
        gone = lost.get(record.get("worker", ""), set())
        known = [metric for metric in metrics if metric.name not in gone]
        for part in _parts(record):
            for key in ("values", "own"):
                if isinstance(part.get(key), dict) and part[key]:
                    found = {name: value for name, value in part[key].items() if name not in gone}
                    part[key] = restored(found, known)


def restored(values: dict[str, Any], metrics: Sequence[Metric]) -> dict[str, Any]:
    """Return what `values` mean.

    Values that no metric declares are kept; something that isn't a number is left for the decoder to refuse.
    """
    whole = {
        metric.name: values.get(metric.name, 0)
        for metric in metrics
        if not metric.derived and (metric.sparse or metric.name in values)
    }
    whole |= {name: value for name, value in values.items() if name not in whole}
    if not all(isinstance(value, int | float) for value in whole.values()):
        return whole
    for metric in metrics:
        if metric.name in whole:
            for name in metric.apart:
                if name in whole:
                    whole[name] = max(0, whole[name] - whole[metric.name])
    for metric in metrics:
        if metric.derived and all(name in whole for name in metric.derived):
            first, *rest = (whole[name] for name in metric.derived)
            whole[metric.name] = max(0, first - sum(rest))
    return whole


def _parts(record: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield everything in `record` that may have values."""
    if record.get("kind") == "fixture":
        yield record
    elif record.get("kind") == "test":
        for phase in _objects(record.get("phases")):
            yield phase
            yield from _objects(phase.get("fixtures"))


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", one) for one in cast("list[object]", value) if isinstance(one, dict)]
