"""Which test of one side is which test of the other: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from paceline.model.profile import TestSeries
from paceline.model.run import Outcome

_DID_NOT_RUN: frozenset[Outcome] = frozenset({"skipped", "incomplete"})
#: Parameter ids of one test function that are less alike than this are different parameters.
_ALIKE = 0.6
#: Beyond this many candidates for a pair, comparing each with each would take longer than it is worth.
_MOST_COMPARED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The tests of two sides.

    Attributes:
        pairs: test on both sides, base first, in the candidate's order.
        added: tests that only the candidate ran.
        removed: tests that only the base ran.
        renamed: new node id to the former one.
        changed: new node ids of tests whose own code is not the same.
    """

    pairs: tuple[tuple[TestSeries, TestSeries], ...]
    added: tuple[TestSeries, ...]
    removed: tuple[TestSeries, ...]
    renamed: Mapping[str, str]
    changed: frozenset[str]


def align(base: Sequence[TestSeries], candidate: Sequence[TestSeries]) -> Alignment:
    """Pair the tests that ran on both sides; those without a namesake by their code and their names."""
    before = {test.nodeid: test for test in base if test.outcome not in _DID_NOT_RUN}
    after = {test.nodeid: test for test in candidate if test.outcome not in _DID_NOT_RUN}
    # A test that was skipped on one side is neither new nor gone.
    known_before, known_after = {test.nodeid for test in base}, {test.nodeid for test in candidate}
    gone = [test for nodeid, test in before.items() if nodeid not in known_after]
    new = [test for nodeid, test in after.items() if nodeid not in known_before]
    renamed = _renamed(gone, new)
    pairs = tuple(
        (before[former], test)
        for nodeid, test in after.items()
        if (former := renamed.get(nodeid, nodeid)) in before
    )
    former_names = frozenset(renamed.values())
    return Alignment(
        pairs=pairs,
        added=tuple(test for test in new if test.nodeid not in renamed),
        removed=tuple(test for test in gone if test.nodeid not in former_names),
        renamed=renamed,
        changed=frozenset(
            new_test.nodeid for old, new_test in pairs if _differs(old.source_hash, new_test.source_hash)
        ),
    )


def _differs(before: str | None, after: str | None) -> bool:
    """Tell whether two fingerprints differ that were made in the same way: what stands before the colon."""
    if before is None or after is None:
        return False
    return before.partition(":")[0] == after.partition(":")[0] and before != after


def _renamed(gone: list[TestSeries], new: list[TestSeries]) -> dict[str, str]:
    """Return the former name of each test in `new` that is one of `gone`.

    In this order: the same name in another file; the same function with other parameter ids; the same code
    under another name. Only what is unambiguous counts.
    """
    found: dict[str, str] = {}
    rules: tuple[Callable[[TestSeries], Hashable], ...] = (_moved_with_code, _moved, _same_code)
    for rule in rules:
        left_gone = [test for test in gone if test.nodeid not in {*found.values()}]
        left_new = [test for test in new if test.nodeid not in found]
        found |= _unambiguous(left_gone, left_new, rule)
        if rule is _moved:
            left_gone = [test for test in gone if test.nodeid not in {*found.values()}]
            left_new = [test for test in new if test.nodeid not in found]
            found |= _other_parameters(left_gone, left_new)
    return found


def _unambiguous(
    gone: Sequence[TestSeries], new: Sequence[TestSeries], rule: Callable[[TestSeries], Hashable]
) -> dict[str, str]:
    by_key: dict[Hashable, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for at, tests in enumerate((gone, new)):
        for test in tests:
            key = rule(test)
            if key is not None:
                by_key[key][at].append(test.nodeid)
    return {after[0]: before[0] for before, after in by_key.values() if len(before) == len(after) == 1}


def _moved_with_code(test: TestSeries) -> Hashable:
    return None if test.source_hash is None else (_name(test.nodeid), test.source_hash)


def _moved(test: TestSeries) -> Hashable:
    return _name(test.nodeid)


def _same_code(test: TestSeries) -> Hashable:
    return None if test.source_hash is None else (_parameters(test.nodeid), test.source_hash)


def _other_parameters(gone: Sequence[TestSeries], new: Sequence[TestSeries]) -> dict[str, str]:
    """Pair tests of one function whose parameter ids have changed, the most alike first."""
    by_function: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for at, tests in enumerate((gone, new)):
        for test in tests:
            function, _, parameters = test.nodeid.partition("[")
            if parameters:
                by_function[function][at].append(test.nodeid)
    found: dict[str, str] = {}
    for before, after in by_function.values():
        if len(before) == len(after) == 1:
            found[after[0]] = before[0]
        elif len(before) * len(after) <= _MOST_COMPARED:
            found |= _most_alike(before, after)
    return found


def _most_alike(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    ranked = sorted(
        (
            (SequenceMatcher(a=_parameters(old), b=_parameters(new), autojunk=False).ratio(), new, old)
            for new in after
            for old in before
        ),
        reverse=True,
    )
    found: dict[str, str] = {}
    for likeness, new, old in ranked:
        if likeness >= _ALIKE and new not in found and old not in found.values():
            found[new] = old
    return found


def _name(nodeid: str) -> str:
    """Return the part of a node id behind the file."""
    return nodeid.partition("::")[2]


def _parameters(nodeid: str) -> str:
    return nodeid.partition("[")[2].removesuffix("]")
