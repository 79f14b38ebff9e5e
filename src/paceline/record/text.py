"""Phases and what belongs to them as the text of a run file, made without detours: every test pays for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a string, without its detours
from typing import TYPE_CHECKING

from paceline.metrics.ledger import Entry
from paceline.model.metric import Metric

if TYPE_CHECKING:
    import pytest

#: Units in which a number is whole.
_WHOLE = ("1", "By")


def values_text(metrics: Sequence[Metric]) -> Callable[[Sequence[float]], str]:
    """Return what turns the values of `metrics` into a JSON object that leaves out zeros that may be.

    Dense metrics come first.
    """
    dense = [at for at, metric in enumerate(metrics) if not metric.sparse]
    sparse = [
        (at, f",{quoted(metric.name)}:", "%d" if metric.unit in _WHOLE else "%.7f")
        for at, metric in enumerate(metrics)
        if metric.sparse
    ]
    members = (
        f"{quoted(metrics[at].name)}:{'%d' if metrics[at].unit in _WHOLE else '%.7f'}".replace("%%", "%")
        for at in dense
    )
    template = ",".join(members)

    def text(values: Sequence[float]) -> str:
        always = template % tuple([values[at] for at in dense])
        for at, name, form in sparse:
            if values[at]:
                always += name + form % values[at]
        return f"{{{always}}}"

    return text


def identity_text(item: pytest.Item, nodeid: str, worker: str) -> str:
    """Return the members of a test's line that are the same for all its phases; `worker` is quoted."""
    path, lineno, _ = item.location
    markers = _markers(frozenset([marker.name for marker in item.iter_markers()]))
    line_number = "null" if lineno is None else lineno
    return (
        f'"nodeid":{quoted(nodeid)},"path":{_path(path)},"lineno":{line_number},"markers":{markers},'
        f'"worker":{worker}'
    )


def operation_text(entry: Entry, fixture: str | None = None) -> str:
    """Return an operation as the run file holds it."""
    kind, what, where, count, seconds, rows = entry
    text = f'{_operation(kind, what, where)}"count":{count}'
    if seconds >= 0:
        text += f',"duration":{seconds:.7f}'
    if rows >= 0:
        text += f',"rows":{rows}'
    return f'{text},"fixture":{quoted(fixture)}}}' if fixture is not None else f"{text}}}"


def members_text(name: str, objects: Iterable[str]) -> str:
    """Return a further member, a list of `objects`, for the end of an object."""
    return f',"{name}":[{",".join(objects)}]'


@cache
def _operation(kind: str, what: str, where: str | None) -> str:
    return f'{{"kind":{quoted(kind)},"what":{quoted(what)},"where":{json.dumps(where)},'


@cache
def _path(path: str) -> str:
    return quoted(path.replace("\\", "/"))


@cache
def _markers(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))
