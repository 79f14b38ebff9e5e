"""Nested stretches of time, and the parts of a session that they are summed up to: pure."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

from paceline.model.cost import SessionPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from paceline.model.cost import PartKind

#: Name of the part that stands for all that aren't listed.
REST = "*"
#: Seconds from which on an import is listed: its own, or with those within it.
_OWN = 0.001
_DURATION = 0.005
_MOST: dict[PartKind, int] = {"import": 100, "plugin": 1000, "conftest": 1000, "module": 1000}


class Stretch:
    """Something that took time, perhaps within another one.

    Attributes:
        name: as in `SessionPart`.
        parent: the one around it.
        ended: None while it goes on.
        compiled: as in `SessionPart`.
        compiling: seconds of it in which source was compiled.
    """

    __slots__ = ("compiled", "compiling", "ended", "kind", "name", "parent", "started")

    def __init__(self, kind: PartKind, name: str, parent: Stretch | None, started: float) -> None:
        """Begin at counter seconds `started`."""
        self.kind: PartKind = kind
        self.name = name
        self.parent = parent
        self.started = started
        self.ended: float | None = None
        self.compiled: bool | None = None
        self.compiling = 0.0


class Timeline:
    """The stretches of one thread, in the order in which they began."""

    def __init__(self, counter: Callable[[], float]) -> None:
        """Read the time from `counter`, in seconds."""
        self.counter = counter
        self.stretches: list[Stretch] = []
        #: Ident of the thread that imports are timed in; None while none are.
        self.thread: int | None = None
        #: The innermost one that goes on.
        self.current: Stretch | None = None

    def begin(self, kind: PartKind, name: str) -> Stretch:
        """Begin a stretch within the current one."""
        stretch = self.current = Stretch(kind, name, self.current, self.counter())
        self.stretches.append(stretch)
        return stretch

    def end(self, stretch: Stretch) -> None:
        """End `stretch` and go on in the one around it."""
        stretch.ended = self.counter()
        self.current = stretch.parent


def parts(
    stretches: Iterable[Stretch], worker: str, distributions: Mapping[str, str] | None = None
) -> list[SessionPart]:
    """Sum up `stretches` by kind and name; fast imports become one part for each value of `compiled`.

    The `own` of all parts add up to the time that the outermost stretches took.

    Args:
        distributions: name of the plugin by its module.
    """
    ended = [stretch for stretch in stretches if stretch.ended is not None]
    keys = {stretch: _key(stretch, distributions or {}) for stretch in ended}
    sums = {key: _Sum() for key in keys.values()}
    times = Counter(keys.values())
    for stretch, key in keys.items():
        mine, seconds = sums[key], _seconds(stretch)
        mine.own += seconds
        mine.compiling += stretch.compiling
        if times[key] == 1 or all(keys.get(outer) != key for outer in _around(stretch)):
            mine.duration += seconds
            mine.count += 1
        if stretch.compiled is not None:
            mine.compiled = stretch.compiled or bool(mine.compiled)
        if stretch.parent in keys:
            sums[keys[stretch.parent]].own -= seconds
    return [
        SessionPart(
            part=kind,
            name=name,
            duration=round(one.duration, 6),
            own=round(one.own, 6),
            compiled=one.compiled,
            compiling=round(one.compiling, 6) if one.compiled else None,
            count=one.count,
            worker=worker,
        )
        for (kind, name), one in _listed(sums)
    ]


class _Sum:
    __slots__ = ("compiled", "compiling", "count", "duration", "own")

    def __init__(self) -> None:
        self.duration = 0.0
        self.own = 0.0
        self.count = 0
        self.compiled: bool | None = None
        self.compiling = 0.0

    def add(self, other: _Sum) -> None:
        # What is left over may lie within one another, so only the own seconds can be added.
        self.duration += other.own
        self.own += other.own
        self.count += other.count
        self.compiled = other.compiled
        self.compiling += other.compiling

    @property
    def rank(self) -> float:
        return max(self.own / _OWN, self.duration / _DURATION)


def _listed(sums: Mapping[tuple[PartKind, str], _Sum]) -> Iterator[tuple[tuple[PartKind, str], _Sum]]:
    slowest: set[tuple[PartKind, str]] = set()
    for kind, most in _MOST.items():
        ranked = sorted((key for key in sums if key[0] == kind), key=lambda key: -sums[key].rank)
        slowest.update(key for key in ranked[:most] if kind != "import" or sums[key].rank >= 1)
    rest: dict[tuple[PartKind, bool | None], _Sum] = {}
    for key, one in sums.items():
        if key in slowest:
            yield key, one
        else:
            rest.setdefault((key[0], one.compiled), _Sum()).add(one)
    for (kind, _), one in rest.items():
        yield (kind, REST), one


def _key(stretch: Stretch, distributions: Mapping[str, str]) -> tuple[PartKind, str]:
    if _is_own_import(stretch) and stretch.parent is not None:
        return stretch.parent.kind, stretch.parent.name
    if stretch.kind == "import" and stretch.name in distributions:
        return "plugin", distributions[stretch.name]
    return stretch.kind, stretch.name


def _is_own_import(stretch: Stretch) -> bool:
    """Tell whether this is how Python imports the very file that the stretch around it is about."""
    outer = stretch.parent
    if stretch.kind != "import" or outer is None or outer.kind == "import":
        return False
    path = PurePath(outer.name)
    module = path.parent.name if path.stem == "__init__" else path.stem
    return stretch.name.rpartition(".")[2] == module


def _around(stretch: Stretch) -> Iterator[Stretch]:
    outer = stretch.parent
    while outer is not None:
        yield outer
        outer = outer.parent


def _seconds(stretch: Stretch) -> float:
    return 0.0 if stretch.ended is None else stretch.ended - stretch.started
