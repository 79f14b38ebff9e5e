"""How often the tests of a pair run in each process, and what of these runs is compared: pure.

What disturbs a test on a busy machine lasts for tenths of a second and makes it slower. The fastest of
several runs in one process, with the other tests in between, escapes that. By how much is in the page "how
often it is wrong" of the docs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf

from paceline.compare.confirm import LOOPED_SECONDS
from paceline.model.cost import SharedFixture
from paceline.model.profile import TIMES
from paceline.model.run import AS_MEANT, Phase, Run, TestRecord
from paceline.model.status import final_attempts

#: Further loops may take as long as a process takes anyway, between so many seconds.
_LEAST, _MOST = 2.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """What runs several times.

    Attributes:
        count: how often, the first time included.
        nodeids: the tests; none if nothing is repeated.
        seconds: about what that adds to a process.
    """

    count: int = 1
    nodeids: tuple[str, ...] = ()
    seconds: float = 0.0


ONCE = Loops()


def loops_for(run: Run, nodeids: Sequence[str], process: float, most: int) -> Loops:
    """Return how often tests are worth running in one process.

    Args:
        run: of the whole suite; it tells what the tests take.
        nodeids: the tests of the process; none: all of the suite.
        process: seconds that one takes whose tests run once.
        most: loops at most.
    """
    spent = {test.nodeid: seconds_of(test) for test in final_attempts(run)}
    short = tuple(nodeid for nodeid in nodeids or spent if spent.get(nodeid, inf) <= LOOPED_SECONDS)
    files = {nodeid.partition("::")[0] for nodeid in short}
    # Fixtures of a class or module are set up in each loop again.
    rebuilt = sum(
        fixture.own.get("duration", 0.0)
        for fixture in run.costs.fixtures
        if fixture.scope in ("class", "module", "package")
        and fixture.nodeid is not None
        and fixture.nodeid.partition("::")[0] in files
    )
    one = sum(spent[nodeid] for nodeid in short) + rebuilt
    granted = min(max(process, _LEAST), _MOST)
    count = min(most, 1 + int(granted / one)) if one else 1
    # pytest tears down what the next test doesn't need: a test next to itself would keep its fixtures.
    return Loops(count=count, nodeids=short, seconds=(count - 1) * one) if len(short) > 1 < count else ONCE


def seconds_of(test: TestRecord) -> float:
    """Return the wall seconds of all phases of a test."""
    return sum(phase.values.get("duration", 0.0) for phase in test.phases)


def by_loop(run: Run) -> dict[str, list[TestRecord]]:
    """Return how each test ended in each loop, by node id.

    Attempts of a plugin that repeats what has failed follow one another, so that they are one run of a test.
    Several tests with one node id can't be told from loops, and are left out.
    """
    shared = _shared(run)
    found: dict[str, list[TestRecord]] = {}
    for nodeid, attempts in groupby(run.tests, key=lambda test: test.nodeid):
        if nodeid not in shared:
            found.setdefault(nodeid, []).append([*attempts][-1])
    return found


def _shared(run: Run) -> set[str]:
    return {nodeid for nodeid, number in Counter(run.collected or ()).items() if number > 1}


def first_loop(run: Run) -> Run:
    """Return `run` as it would have been without further loops."""
    if run.header.workers:
        return run  # no test runs twice there, and attempts at one are among those of other workers
    shared, seen = _shared(run), set[str]()
    tests: list[TestRecord] = []
    for nodeid, attempts in groupby(run.tests, key=lambda test: test.nodeid):
        if nodeid not in seen or nodeid in shared:
            tests += attempts
            seen.add(nodeid)
    # The same test causes the same set-ups in each loop.
    fixtures: dict[tuple[object, ...], SharedFixture] = {}
    for one in run.costs.fixtures:
        fixtures.setdefault((one.event, one.nodeid, one.baseid, one.argname, one.param), one)
    return replace(run, tests=tuple(tests), costs=replace(run.costs, fixtures=tuple(fixtures.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What the further loops of a pair add.

    Attributes:
        base: the base's first loop, with each phase of a test as it was in the loop in which it took least.
        head: the same of the head.
        second: the head's second loop.
        nodeids: tests of the head that went as they were meant to in each loop, on both sides; the others are
            as in the first.
    """

    base: Run
    head: Run
    second: Run
    nodeids: frozenset[str]


def repeated(base: Run, head: Run, former: Mapping[str, str]) -> Repeated | None:
    """Return what further loops of both sides tell; None if there were none.

    Args:
        former: node id in the base by that in the head, for tests that were renamed.
    """
    if base.header.workers or head.header.workers:
        return None
    before, after = by_loop(base), by_loop(head)
    pairs = {nodeid: (before.get(former.get(nodeid, nodeid), []), tests) for nodeid, tests in after.items()}
    looped = {nodeid: both for nodeid, both in pairs.items() if _are_alike(*both)}
    if not looped:
        return None
    first = first_loop(head)
    return Repeated(
        base=_with(first_loop(base), {old[0].nodeid: _least(old) for old, _ in looped.values()}),
        head=_with(first, {nodeid: _least(new) for nodeid, (_, new) in looped.items()}),
        second=_with(first, {nodeid: new[1] for nodeid, (_, new) in looped.items()}),
        nodeids=frozenset(looped),
    )


def _are_alike(base: Sequence[TestRecord], head: Sequence[TestRecord]) -> bool:
    """Tell whether a test ran as often on both sides, more than once, and each time as it was meant to."""
    every = (*base, *head)
    went = {(test.outcome, *(phase.phase for phase in test.phases)) for test in every}
    return len(base) == len(head) > 1 == len(went) and every[0].outcome in AS_MEANT


def _with(first: Run, tests: Mapping[str, TestRecord]) -> Run:
    return replace(first, tests=tuple(tests.get(test.nodeid, test) for test in first.tests))


def _least(loops: Sequence[TestRecord]) -> TestRecord:
    """Return a test with each of its phases as it was in the loop in which that took least."""
    phases = zip(*(test.phases for test in loops), strict=True)
    return replace(loops[0], phases=tuple(min(of_all, key=_judged) for of_all in phases))


def _judged(phase: Phase) -> float:
    return next((phase.values[name] for name in TIMES if name in phase.values), inf)
