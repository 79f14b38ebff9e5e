"""Which tests run in the pairs, and in which order the sides take turns: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from paceline.model.run import Run, TestRecord
from paceline.model.status import final_attempts, passed_tests
from paceline.paired.loops import seconds_of

#: Seconds within which a control is neither all noise nor a price of its own.
_USEFUL = (0.0005, 0.5)


def sides(pair: int) -> tuple[str, str]:
    """Return who goes first and who second in pair number `pair`, counted from 0: base head head base ..."""
    return ("base", "head") if pair % 2 == 0 else ("head", "base")


def in_order(run: Run, wanted: Collection[str]) -> tuple[str, ...]:
    """Return the tests among `wanted` in the order in which `run` collected them."""
    chosen = set(wanted)
    return tuple(nodeid for nodeid in run.collected or () if nodeid in chosen)


def controls(base: Run, head: Run, suspects: Collection[str], number: int) -> tuple[str, ...]:
    """Return up to `number` tests that passed on both sides and aren't suspected, spread over the suite.

    They tell the speed of the machine and how much it varies, so they are taken evenly from what is collected
    and not by duration.
    """
    passed = passed_tests(base).keys() & passed_tests(head).keys() - set(suspects)
    usable = [nodeid for nodeid in in_order(head, passed) if nodeid in _useful(head)]
    if len(usable) <= number:
        return tuple(usable)
    return tuple(usable[at * len(usable) // number] for at in range(number))


def quickest(run: Run) -> tuple[str, ...]:
    """Return the quickest test that passed of each file."""
    by_file: dict[str, TestRecord] = {}
    for test in final_attempts(run):
        if test.outcome == "passed" and (
            test.path not in by_file or seconds_of(test) < seconds_of(by_file[test.path])
        ):
            by_file[test.path] = test
    return tuple(test.nodeid for test in by_file.values())


def common(base: Run, head: Run, nodeids: Sequence[str]) -> tuple[str, ...]:
    """Return those of `nodeids` that both sides have."""
    there = set(base.collected or ()) & set(head.collected or ())
    return tuple(nodeid for nodeid in nodeids if nodeid in there)


def _useful(run: Run) -> set[str]:
    low, high = _USEFUL
    return {test.nodeid for test in final_attempts(run) if low <= seconds_of(test) <= high}
