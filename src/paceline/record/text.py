"""Phases and what belongs to them as the text of a run file, made without detours: every test pays for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a string, without its detours
from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.metrics.ledger import Entry
from paceline.model.metric import Metric
from paceline.record.source import source_hash
from paceline.selection import granted

if TYPE_CHECKING:
    import pytest

#: Units in which a number is whole.
_WHOLE = ("1", "By")


class Texts:
    """Writes what was measured with certain metrics, in a process that has a certain name."""

    def __init__(self, metrics: Sequence[Metric], worker: str) -> None:
        """Write values of `metrics`, measured in the process called `worker`."""
        self.worker = quoted(worker)
        self._forms = [f"{quoted(one.name)}:{'%d' if one.unit in _WHOLE else '%.7f'}" for one in metrics]
        self._dense = [at for at, metric in enumerate(metrics) if not metric.sparse]
        self._sparse = [at for at, metric in enumerate(metrics) if metric.sparse]
        always = ",".join(self._forms[at] for at in self._dense)
        self._values = f"{{{always}%s}}"
        self._phase = f'{{"phase":"%s","outcome":"%s","start":%.6f,"values":{self._values}%s}}'
        self._epoch = CLOCK.at(0)
        #: Of the last item: its parent and how many markers that had, its path, the members siblings share.
        self._parent: tuple[object, int] = (None, 0)
        self._path = ""
        self._shared = ""

    def values(self, values: Sequence[float]) -> str:
        """Return a JSON object without the zeros that may be left out."""
        return self._values % (*[values[at] for at in self._dense], self._others(values))

    def phase(self, when: str, outcome: str, start: float, values: Sequence[float], more: str) -> str:
        """Return a phase that began when the counter was at `start`; `more` are further members.

        Without values, as after another plugin has raised before our turn came, the start isn't known either.
        """
        if not values:
            return f'{{"phase":"{when}","outcome":"{outcome}","start":null,"values":{{}}{more}}}'
        dense = [values[at] for at in self._dense]
        return self._phase % (when, outcome, self._epoch + start, *dense, self._others(values), more)

    def identity(self, item: pytest.Item, nodeid: str) -> str:
        """Return the members of a test's line that are the same for all its phases."""
        path, lineno, _ = item.location
        parent = item.parent
        key = (parent, len(parent.own_markers) if parent is not None else 0)
        if item.own_markers or path != self._path or key != self._parent:
            names = frozenset([marker.name for marker in item.iter_markers()])
            shared = f'"path":{_path(path)},"markers":{_markers(names)},"worker":{self.worker}{_budget(item)}'
            if item.own_markers:
                self._parent = (None, 0)
            else:
                self._parent, self._path, self._shared = key, path, shared
        else:
            shared = self._shared
        line_number = "null" if lineno is None else lineno
        return f'"nodeid":{quoted(nodeid)},"lineno":{line_number},{shared}{_source(item)}'

    def _others(self, values: Sequence[float]) -> str:
        there = [at for at in self._sparse if values[at]]
        return "".join([f",{self._forms[at] % values[at]}" for at in there]) if there else ""


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


def _source(item: pytest.Item) -> str:
    """Return the member with the fingerprint of the test's own code, where it has code."""
    fingerprint = source_hash(getattr(item, "obj", None), getattr(item, "cls", None))
    return f',"source_hash":"{fingerprint}"' if fingerprint else ""


def _budget(item: pytest.Item) -> str:
    """Return the member with the seconds that the test's marker grants it."""
    seconds = granted(item)
    return f',"budget":{seconds:g}' if seconds is not None else ""


@cache
def _path(path: str) -> str:
    return quoted(path.replace("\\", "/"))


@cache
def _markers(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))
