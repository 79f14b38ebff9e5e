"""Puts what grew within it beside each series that grew: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from paceline.compare.align import Alignment
from paceline.compare.causes import (
    causes_in_candidate,
    causes_in_fixture,
    causes_in_records,
    causes_in_series,
    last_records,
    performed,
)
from paceline.model.comparison import DRIFT, Cause, Delta, Side
from paceline.model.cost import SharedFixture
from paceline.model.profile import SETUPS, TestSeries, fixture_name
from paceline.model.run import Run, TestRecord


def explained(
    deltas: Iterable[Delta], base: Side, candidate: Side, alignment: Alignment
) -> tuple[Delta, ...]:
    """Return `deltas` with causes for those that are slower or count more.

    Statements, fixtures and waits are known where there are run files of both sides; a baseline file only has
    the phases, so beside one only what must have grown is named.
    """
    find = _finder(base, candidate, alignment)
    return _passed_on(
        # What has drifted did so since the anchor, about which the base says nothing.
        replace(delta, causes=find(delta)) if delta.is_worse and delta.key.metric != DRIFT else delta
        for delta in deltas
    )


def _passed_on(deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    """Return `deltas` with the causes of statements where rows and transactions have none."""
    found = tuple(deltas)
    known = {
        (delta.key.name, delta.key.phase): delta.causes
        for delta in found
        if delta.key.metric == "sql_statements" and delta.causes
    }
    return tuple(
        replace(delta, causes=known.get((delta.key.name, delta.key.phase), ()))
        if delta.is_worse and delta.key.metric in ("sql_rows", "sql_transactions") and not delta.causes
        else delta
        for delta in found
    )


def _finder(base: Side, candidate: Side, alignment: Alignment) -> Callable[[Delta], tuple[Cause, ...]]:
    series = {new.nodeid: (old, new) for old, new in alignment.pairs}
    old_records, new_records = last_records(base.runs), last_records(candidate.runs)
    old_fixtures, new_fixtures = _shared(base.runs), _shared(candidate.runs)

    def find(delta: Delta) -> tuple[Cause, ...]:
        name = delta.key.name
        if delta.key.subject == "fixture":
            uses = old_fixtures.get(name, ()), new_fixtures.get(name, ())
            causes = causes_in_fixture(name, *uses, growth=_growth(delta))
            if not base.runs:
                done = [one for use in new_fixtures.get(name, ()) for one in use.operations]
                causes = causes_in_candidate(done, delta.key.metric, delta.before or 0.0)
                causes = _built(delta) if delta.key.metric == SETUPS else causes
            return causes
        if delta.key.subject != "test" or name not in series:
            return ()
        return _in_test(series[name], old_records, new_records, delta)

    return find


def _in_test(
    pair: tuple[TestSeries, TestSeries],
    old_records: dict[str, TestRecord],
    new_records: dict[str, TestRecord],
    delta: Delta,
) -> tuple[Cause, ...]:
    old, new = pair
    before, after = old_records.get(old.nodeid), new_records.get(new.nodeid)
    found: tuple[Cause, ...] = ()
    if before and after:
        found = causes_in_records(before, after, delta.key.phase, delta.key.metric, _growth(delta))
    elif after:
        done = performed(after, delta.key.phase)
        found = causes_in_candidate(done, delta.key.metric, delta.before or 0.0)
    return found or (causes_in_series(old, new) if delta.key.phase is None else ())


def _growth(delta: Delta) -> float:
    """Return by how many seconds a series grew; 0.0 for what is no time."""
    return (delta.after or 0.0) - (delta.before or 0.0) if delta.evidence != "counted" else 0.0


def _built(delta: Delta) -> tuple[Cause, ...]:
    name = delta.key.name.rpartition("::")[2]
    return (
        Cause(text=f"fixture {name} now built {delta.after or 0:g} times instead of {delta.before or 0:g}"),
    )


def _shared(runs: Iterable[Run]) -> dict[str, list[SharedFixture]]:
    """Return the set-ups and tear-downs of each shared fixture in the newest run."""
    found: dict[str, list[SharedFixture]] = {}
    for run in [*runs][-1:]:
        for use in run.costs.fixtures:
            found.setdefault(fixture_name(use), []).append(use)
    return found
