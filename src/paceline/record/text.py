"""Phases and what belongs to them as the text of a run file, made without detours: every test pays for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a string, without its detours
from operator import itemgetter

import pytest

from paceline.clock import CLOCK
from paceline.metrics.ledger import Entry
from paceline.model.metric import Metric
from paceline.record.source import forget, source_hash
from paceline.selection import BUDGET, granted

#: Phase, outcome, counter at its start, its values, further members. Of a short one there may be its seconds
#: alone, and nothing where another plugin has raised before our turn came.
Phase = tuple[str, str, float, "list[float] | float | None", str]
#: Units in which a number is whole.
_WHOLE = ("1", "By")
#: What of a short phase its seconds stand for: who took so little was at work.
_SECONDS, _AT_WORK = "\0", ("cpu_time", "duration")


class Texts:
    """Writes what was measured with certain metrics, in a process that has a certain name."""

    def __init__(self, metrics: Sequence[Metric], worker: str) -> None:
        """Write values of `metrics`, measured in the process called `worker`."""
        self.worker = quoted(worker)
        self._forms = [f"{quoted(one.name)}:{'%d' if one.unit in _WHOLE else '%.7f'}" for one in metrics]
        dense = [at for at, metric in enumerate(metrics) if not metric.sparse]
        self._sparse = sparse = [at for at, metric in enumerate(metrics) if metric.sparse]
        # A slice, so that one of them alone comes in a list as well.
        self._dense = itemgetter(*dense) if len(dense) > 1 else itemgetter(slice(dense[0], dense[0] + 1))
        always = ",".join(self._forms[at] for at in dense)
        self._values = f"{{{always}%s}}"
        #: Of a short phase, with its seconds left out.
        self._short = f"{{{','.join(_short(metrics[at]) for at in dense)}}}"
        self._epoch = CLOCK.at(0)
        #: By node id: the number of the test's own markers and its identity, or how often it has run.
        self._tests: dict[str, tuple[int, str] | int] = {}
        #: Of the last item: its path, its parent and how many markers that had.
        self._parent: tuple[str, object, int] = ("", None, 0)
        #: What it shares with its siblings, by their own markers.
        self._shared: dict[tuple[str, ...], str] = {}
        #: Where the numbers are that may be left out: mostly all of them are 0.
        self._others_at = slice(sparse[0], sparse[-1] + 1) if sparse else slice(0)

    def values(self, values: Sequence[float]) -> str:
        """Return a JSON object without the zeros that may be left out."""
        others = self._others(values) if any(values[self._others_at]) else ""
        return self._values % (*self._dense(values), others)

    def phase(self, phase: Phase) -> str:
        """Return one phase."""
        return self.phases((phase,))

    def phases(self, phases: Iterable[Phase]) -> str:
        """Return phases as the members of a list; without values, the start isn't known either."""
        texts: list[str] = []
        for when, outcome, start, values, more in phases:
            if values is None:
                text = "{}"
            elif isinstance(values, list):
                text = self.values(values)
            else:
                text = self._short.replace(_SECONDS, f"{values:.7f}")
            began = "null" if values is None else f"{self._epoch + start:.6f}"
            texts.append(f'{{"phase":"{when}","outcome":"{outcome}","start":{began},"values":{text}{more}}}')
        return ",".join(texts)

    def prepare(self, items: Iterable[pytest.Item], named: Callable[[str], str]) -> None:
        """Write the identities of tests that are going to run; in one go it takes a third of the time."""
        for item in items:
            with suppress(Exception):  # whoever runs the test says what is wrong
                self._tests[item.nodeid] = len(item.own_markers), self.identity(item, named(item.nodeid))
        forget()

    def test(self, item: pytest.Item, named: Callable[[str], str], phases: Iterable[Phase]) -> str:
        """Return the line of a test that has ended, one more attempt at it."""
        nodeid = item.nodeid
        known = self._tests.get(nodeid, 0)
        identity, attempt = "", 1
        if isinstance(known, int):
            attempt += known
        elif known[0] == len(item.own_markers):
            identity = known[1]
        self._tests[nodeid] = attempt
        return test_line(identity or self.identity(item, named(nodeid)), attempt, self.phases(phases))

    def identity(self, item: pytest.Item, nodeid: str) -> str:
        """Return the members of a test's line that are the same for all its phases."""
        path, lineno, _ = item.location
        parent = item.parent
        key = (path, parent, len(parent.own_markers) if parent is not None else 0)
        if key != self._parent:
            self._parent = key
            self._shared.clear()
        own = tuple([marker.name for marker in item.own_markers])
        shared = self._shared.get(own)
        if shared is None:
            names = frozenset([marker.name for marker in item.iter_markers()])
            shared = f'"path":{quoted(_posix(path))},"markers":{_markers(names)},"worker":{self.worker}'
            if BUDGET not in names:
                self._shared[own] = shared
            elif (seconds := granted(item)) is not None:
                shared += f',"budget":{seconds:g}'
        # What `item.cls` says; that looks at every node above.
        owner = parent.obj if isinstance(parent, pytest.Class) else None
        fingerprint = source_hash(getattr(item, "obj", None), owner)
        source = f',"source_hash":"{fingerprint}"' if fingerprint else ""
        return f'"nodeid":{quoted(nodeid)},"lineno":{"null" if lineno is None else lineno},{shared}{source}'

    def _others(self, values: Sequence[float]) -> str:
        return "".join([f",{self._forms[at] % values[at]}" for at in self._sparse if values[at]])


def test_line(identity: str, attempt: int, phases: str) -> str:
    """Return the line of an attempt at a test; `identity` and `phases` are members and objects."""
    return f'{{"kind":"test",{identity},"attempt":{attempt},"phases":[{phases}]}}'


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


def _posix(path: str) -> str:
    return path.replace("\\", "/")


def _short(metric: Metric) -> str:
    return f"{quoted(metric.name)}:{_SECONDS if metric.name in _AT_WORK else 0}"


@cache
def _markers(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))
