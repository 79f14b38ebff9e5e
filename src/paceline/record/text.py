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

#: Phase, outcome, counter at its start, its values, further members.
Phase = tuple[str, str, float, Sequence[float], str]
#: Units in which a number is whole.
_WHOLE = ("1", "By")


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
        self._phase = f'{{"phase":"%s","outcome":"%s","start":%.6f,"values":{self._values}%s}}'
        self._epoch = CLOCK.at(0)
        #: By item: the number of its own markers, and its identity.
        self._prepared: dict[pytest.Item, tuple[int, str]] = {}
        #: Of the last item: its path, its parent and how many markers that had.
        self._parent: tuple[str, object, int] = ("", None, 0)
        #: What it shares with its siblings, by their own markers.
        self._shared: dict[tuple[str, ...], str] = {}
        #: Where the numbers are that may be left out: mostly all of them are 0.
        self._others_at = slice(sparse[0], sparse[-1] + 1) if sparse else slice(0)

    def values(self, values: Sequence[float]) -> str:
        """Return a JSON object without the zeros that may be left out."""
        return self._values % (*self._dense(values), self._others(values))

    def phase(self, phase: Phase) -> str:
        """Return one phase."""
        return self.phases((phase,))

    def phases(self, phases: Iterable[Phase]) -> str:
        """Return phases as the members of a list.

        Without values, as after another plugin has raised before our turn came, the start isn't known either.
        """
        texts: list[str] = []
        for when, outcome, start, values, more in phases:
            if not values:
                texts.append(f'{{"phase":"{when}","outcome":"{outcome}","start":null,"values":{{}}{more}}}')
                continue
            others = self._others(values) if any(values[self._others_at]) else ""
            texts.append(
                self._phase % (when, outcome, self._epoch + start, *self._dense(values), others, more)
            )
        return ",".join(texts)

    def prepare(self, items: Iterable[pytest.Item], named: Callable[[str], str]) -> None:
        """Write the identities of tests that are going to run; in one go it takes a third of the time."""
        for item in items:
            with suppress(Exception):  # whoever runs the test says what is wrong
                self._prepared[item] = len(item.own_markers), self._identity(item, named(item.nodeid))
        forget()

    def identity(self, item: pytest.Item, nodeid: str) -> str:
        """Return the members of a test's line that are the same for all its phases."""
        prepared = self._prepared.pop(item, None)
        if prepared is not None and prepared[0] == len(item.own_markers):
            return prepared[1]
        return self._identity(item, nodeid)

    def _identity(self, item: pytest.Item, nodeid: str) -> str:
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


@cache
def _markers(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))
