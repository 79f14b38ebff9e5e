"""Which slowdowns somebody has accepted in writing: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import translate
from typing import cast

from paceline.model.baseline import Baseline
from paceline.model.comparison import Comparison, Delta, SeriesKey, Subject
from paceline.model.justification import Justification


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Comparisons with their justifications.

    Attributes:
        expired: those whose last day is over; they cover nothing.
        unmatched: those that no change was found for.
    """

    comparisons: tuple[Comparison, ...]
    expired: tuple[Justification, ...]
    unmatched: tuple[Justification, ...]


def apply(
    comparisons: Sequence[Comparison],
    justifications: Sequence[Justification],
    today: str,
    *,
    complete: bool = True,
) -> Applied:
    """Put the justification that covers it on every regressed or suspicious series.

    Args:
        today: ISO 8601 date.
        complete: whether all suites were compared; if not, one that matches nothing may be for another suite.
    """
    valid = [item for item in justifications if _holds(item.until, today)]
    used: set[Justification] = set()
    found: list[Comparison] = []
    for comparison in comparisons:
        deltas: list[Delta] = []
        for delta in comparison.deltas:
            matching = [item for item in valid if matches(item, delta)] if delta.is_worse else []
            used.update(matching)
            covering = next((item for item in matching if _covers(item, delta)), None)
            deltas.append(replace(delta, justification=covering))
        found.append(replace(comparison, deltas=tuple(deltas)))
    return Applied(
        comparisons=tuple(found),
        expired=tuple(item for item in justifications if item not in valid),
        unmatched=tuple(
            item for item in valid if item not in used and (complete or _names_one(item, comparisons))
        ),
    )


def _names_one(justification: Justification, comparisons: Sequence[Comparison]) -> bool:
    return any(matches(justification, delta) for comparison in comparisons for delta in comparison.deltas)


def _holds(until: str | None, today: str) -> bool:
    """Tell whether a last day isn't over; one that somebody has mistyped by hand is no licence for ever."""
    if until is None:
        return True
    try:
        return date.fromisoformat(until) >= date.fromisoformat(today)
    except ValueError:
        return False


def matches(justification: Justification, delta: Delta) -> bool:
    """Tell whether the target of `justification` names the series of `delta`.

    A target names a test, a fixture or a part of the session, or a whole suite; a suite, or a test function
    without its parameters, stands for everything in it.
    """
    key = delta.key
    names = [key.name, f"{key.suite}:{key.name}", key.suite]
    if key.subject == "test":
        file, *rest = key.name.partition("[")[0].split("::")
        names += ["::".join([file, *rest[:end]]) for end in range(len(rest) + 1)]
    pattern = re.compile(translate(_literal_brackets(justification.target)))
    return any(pattern.match(name) for name in names if name)


def _literal_brackets(target: str) -> str:
    """Return a pattern in which the brackets of node ids are no character classes."""
    return target.replace("[", "[[]")


def _covers(justification: Justification, delta: Delta) -> bool:
    if justification.up_to is None:
        return True
    # From nothing to something is no ratio, so that no limit covers it.
    return delta.ratio is not None and delta.ratio <= justification.up_to


def put(justifications: Iterable[Justification], new: Justification) -> tuple[Justification, ...]:
    """Return `justifications` with `new` in the place of the one for the same target, sorted."""
    kept = [item for item in justifications if item.target != new.target]
    return tuple(sorted([*kept, new], key=lambda item: item.target))


def targets(justification: Justification, baseline: Baseline) -> bool:
    """Tell whether the target of `justification` names anything that `baseline` holds."""
    return any(
        matches(justification, Delta(key=key, evidence="timed", verdict="unchanged"))
        for key in _keys(baseline)
    )


def _keys(baseline: Baseline) -> Iterator[SeriesKey]:
    for name, suite in baseline.suites.items():
        yield SeriesKey(suite=name, subject="suite", name="tests", phase=None, metric="duration")
        for subject, names in (
            ("test", [test.nodeid for test in suite.profile.tests]),
            ("fixture", suite.profile.fixtures),
            ("part", suite.profile.totals),
        ):
            for inner in names:
                yield SeriesKey(
                    suite=name, subject=cast("Subject", subject), name=inner, phase=None, metric="duration"
                )
