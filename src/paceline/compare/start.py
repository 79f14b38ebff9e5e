"""What comes before the first test: modules whose import has become slower, or that are new. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from paceline.compare.rules import Rules
from paceline.model.comparison import Cause, Delta, SeriesKey
from paceline.model.run import Run
from paceline.stats.robust import middle

#: Parts of the session that tests have no share in.
BEFORE_TESTS = ("startup", "configure", "collection", "start")
#: Behind the name of a package that stands for all of its modules.
WHOLE = ".*"
#: Recorders leave fast imports without a name, so that less than this many seconds is the same as none.
_LEAST = 0.005
#: A single module that has this share of what its package took longer is named instead of the package.
_MOST_OF_IT = 0.5
_MOST = 5
CONFIRM = "one job can't tell a slower import from noise; confirm it with repeated runs of both sides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """What a run imported before its first test.

    Attributes:
        seconds: module, or path of a conftest or test module, to its own seconds in the slowest process.
        compiled: those of them for which no bytecode was cached.
        count: how many modules one process imported.
    """

    seconds: Mapping[str, float]
    compiled: frozenset[str]
    count: int

    def of(self, name: str) -> float:
        """Return the seconds of a module, or of a package with `WHOLE` behind it."""
        if not name.endswith(WHOLE):
            return max(_LEAST, self.seconds.get(name, 0.0))
        package = name.removesuffix(WHOLE)
        return max(_LEAST, sum(value for one, value in self.seconds.items() if _package(one) == package))


def imports_of(run: Run) -> Imports:
    """Return what `run` imported."""
    processes: dict[str, dict[str, float]] = {}
    counts: dict[str, int] = {}
    for part in run.costs.parts:
        counts[part.worker] = counts.get(part.worker, 0) + part.count
        if part.name != "*":
            own = processes.setdefault(part.worker, {})
            own[part.name] = own.get(part.name, 0.0) + part.own
    seconds: dict[str, float] = {}
    for own in processes.values():
        for name, value in own.items():
            seconds[name] = max(seconds.get(name, 0.0), value)
    return Imports(
        seconds=seconds,
        compiled=frozenset(part.name for part in run.costs.parts if part.compiled),
        count=max(counts.values(), default=0),
    )


def judge_imports(
    suite: str, base: Sequence[Run], candidate: Sequence[Run], speed: float, rules: Rules
) -> tuple[Delta, ...]:
    """Return the modules and packages whose import looks slower, the worst first.

    Nothing where one side has no runs: a baseline file doesn't hold its imports.

    Args:
        speed: of the machine as the tests show it, above 1 if the candidate's was slower.
    """
    before, after = [imports_of(run) for run in base], [imports_of(run) for run in candidate]
    if not before or not after or not any(one.seconds for one in before):
        return ()
    grown = _grown(before, after)
    found = [
        _delta(suite, name, before, after, speed, rules)
        for package in {_package(name) for name in grown}
        for name in _telling(package, grown)
    ]
    worse = [delta for delta in found if delta is not None]
    return tuple(sorted(worse, key=lambda delta: (delta.before or 0.0) - (delta.after or 0.0))[:_MOST])


def more_modules(base: Sequence[Run], candidate: Sequence[Run]) -> Iterator[str]:
    """Yield a sentence on how many more modules are imported now; only time makes that a regression."""
    before, after = ({imports_of(run).count for run in runs} for runs in (base, candidate))
    if before and after and 0 < max(before) < min(after):
        yield f"{min(after)} modules are imported before the first test instead of {max(before)}"


def _grown(before: Sequence[Imports], after: Sequence[Imports]) -> dict[str, float]:
    """Return by how many seconds each module has become slower, as far as bytecode has no part in it."""
    names = {name for one in after for name in one.seconds}
    return {
        name: _usual(after, name) - _usual(before, name)
        for name in sorted(names)
        if _compiled(before, name) == _compiled(after, name) or not _known(before, name)
    }


def _compiled(side: Sequence[Imports], name: str) -> bool:
    return any(name in one.compiled for one in side)


def _known(side: Sequence[Imports], name: str) -> bool:
    return any(name in one.seconds for one in side)


def _usual(side: Sequence[Imports], name: str) -> float:
    return middle([one.of(name) for one in side])


def _telling(package: str, grown: Mapping[str, float]) -> tuple[str, ...]:
    """Return the module that made `package` slower, or all of it where it was no single one."""
    members = {name: more for name, more in grown.items() if _package(name) == package}
    worst = max(members, key=lambda name: members[name])
    whole = sum(more for more in members.values() if more > 0)
    return (worst,) if len(members) == 1 or members[worst] >= _MOST_OF_IT * whole else (f"{package}{WHOLE}",)


def _delta(
    suite: str, name: str, before: Sequence[Imports], after: Sequence[Imports], speed: float, rules: Rules
) -> Delta | None:
    old, new = _usual(before, name), _usual(after, name)
    nomination = rules.imports
    ratio = new / old / max(1.0, speed)
    if new - old < nomination.seconds or ratio <= 1 + nomination.change:
        return None
    shown = name.removesuffix(WHOLE)
    return Delta(
        key=SeriesKey(suite=suite, subject="import", name=name, phase=None, metric="duration"),
        evidence="total",
        verdict="inconclusive",
        before=old,
        after=new,
        ratio=ratio,
        runs=(len(before), len(after)),
        reason=f"suspiciously slower: {CONFIRM}",
        causes=(Cause(text=f"importing {shown}", seconds=new - old),),
    )


def _package(name: str) -> str:
    """Return the outermost package of a module; a file stands for itself."""
    return name if "/" in name or name.endswith(".py") else name.partition(".")[0]
