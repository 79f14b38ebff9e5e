"""The figures add up, whatever was recorded."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared, spans, use

from paceline.explain.account import account
from paceline.explain.division import examined
from paceline.explain.timeline import wall
from paceline.model.account import Account, Part, Subject
from paceline.model.cost import FixtureUse, Operation, PartKind, SessionPart, SharedFixture
from paceline.model.run import PHASES, Phase, PhaseName, Run, TestRecord

SECONDS = st.floats(0, 5, allow_nan=False).map(lambda number: round(number, 6))
NAMES = st.sampled_from(["a", "b", "c"])
WORKERS = st.sampled_from(["gw0", "gw1"])


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """An operation that may have taken longer than what it is part of."""
    return operation(
        draw(st.sampled_from(["sql", "sleep", "connect", "dns", "http", "subprocess"])),
        draw(st.none() | SECONDS),
        what=draw(NAMES),
        where=draw(st.none() | st.sampled_from(["a.py:1", "b.py:2"])),
        count=draw(st.integers(1, 20)),
        fixture=draw(st.none() | NAMES),
    )


@st.composite
def uses(draw: st.DrawFn) -> FixtureUse:
    """A function-scoped fixture, perhaps Paceline's own."""
    return use(
        draw(NAMES | st.just("schema_isolation")), draw(SECONDS), baseid=draw(st.sampled_from(["", "tests"]))
    )


@st.composite
def phases(draw: st.DrawFn, name: PhaseName) -> Phase:
    """A phase whose values needn't agree with one another."""
    metrics = ("cpu_time", "gc_time", "run_delay", "sql_time", "sleep_time", "isolation_time")
    values = draw(st.dictionaries(st.sampled_from(metrics), SECONDS))
    return phase(
        name,
        draw(SECONDS),
        start=draw(st.none() | SECONDS),
        fixtures=draw(st.lists(uses(), max_size=3)),
        operations=draw(st.lists(operations(), max_size=5)),
        **values,
    )


@st.composite
def attempts(draw: st.DrawFn) -> TestRecord:
    """A test; several may have one name."""
    return a_test(f"test_{draw(NAMES)}", *[draw(phases(name)) for name in PHASES], worker=draw(WORKERS))


@st.composite
def fixtures(draw: st.DrawFn) -> SharedFixture:
    """A set-up or tear-down of a shared fixture."""
    return shared(
        draw(NAMES),
        draw(SECONDS),
        nodeid=draw(st.none() | NAMES.map(lambda name: f"{FILE}::test_{name}")),
        teardown=draw(st.booleans()),
        worker=draw(WORKERS),
        start=draw(SECONDS),
        operations=draw(st.lists(operations(), max_size=3)),
    )


@st.composite
def parts(draw: st.DrawFn) -> SessionPart:
    """A part that may have taken longer than the spans around it."""
    kind: PartKind = draw(st.sampled_from(get_args(PartKind)))
    own = draw(SECONDS)
    compiled = draw(st.none() | st.booleans())
    return SessionPart(
        part=kind, name=draw(NAMES), duration=own + 1, own=own, compiled=compiled, worker=draw(WORKERS)
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A run on two workers and a controller."""
    found = [
        span
        for worker in ("main", "gw0", "gw1")
        for span in spans(
            worker, **draw(st.dictionaries(st.sampled_from(["startup", "collection", "tests"]), SECONDS))
        )
    ]
    return a_run(
        *draw(st.lists(attempts(), max_size=4)),
        fixtures=draw(st.lists(fixtures(), max_size=4)),
        parts=draw(st.lists(parts(), max_size=4)),
        spans=found,
        workers=draw(st.sampled_from([0, 2])),
    )


def subjects() -> st.SearchStrategy[Subject]:
    """Everything that can be explained."""
    return st.one_of(
        st.just(Subject(kind="run", name="schema")),
        st.just(Subject(kind="file", name=FILE)),
        NAMES.map(lambda name: Subject(kind="fixture", name=name)),
        NAMES.map(lambda name: Subject(kind="test", name=f"{FILE}::test_{name}")),
    )


def adds_up(whole: float, parts: tuple[Part, ...]) -> bool:
    """Tell whether parts add up to the whole, theirs to them, and the most come first."""
    return (
        math.isclose(sum(part.seconds for part in parts), whole, abs_tol=1e-6)
        and all(one.seconds >= other.seconds > 0 for one, other in pairwise(parts))
        and all(not part.parts or adds_up(part.seconds, part.parts) for part in parts)
    )


def about(run: Run, subject: Subject) -> Account:
    """Return the account of `subject`."""
    return account(examined(run), subject)


@settings(max_examples=40)
@given(runs(), subjects())
def test_the_parts_add_up_to_the_whole(run: Run, subject: Subject) -> None:
    """Of a test, a fixture, a file and a run."""
    found = about(run, subject)

    assert adds_up(found.seconds, found.parts)


@settings(max_examples=40)
@given(runs())
def test_a_test_takes_its_phases_and_the_shared_fixtures_that_it_needed_first(run: Run) -> None:
    """However those are divided among causes."""
    name = f"{FILE}::test_a"
    own = sum(wall(p.values) for test in run.tests if test.nodeid == name for p in test.phases)
    first = sum(event.own["duration"] for event in run.costs.fixtures if event.nodeid == name)

    found = about(run, Subject(kind="test", name=name))

    assert found.seconds == pytest.approx(own + first)


@settings(max_examples=40)
@given(runs())
def test_no_second_is_saved_twice(run: Run) -> None:
    """All suggestions together never give back more than there was, and the best stands first."""
    found = about(run, Subject(kind="run", name="schema"))
    saved = [suggestion.seconds for suggestion in found.suggestions]

    assert sum(saved) <= found.seconds + 1e-6
    assert saved == sorted(saved, reverse=True)


@settings(max_examples=40)
@given(runs())
def test_processes_add_up_to_their_spans(run: Run) -> None:
    """Where the spans hold what happened in them, nothing is left out and nothing is told twice."""
    spent = sum(wall(p.values) for test in run.tests for p in test.phases) + sum(
        event.own["duration"] for event in run.costs.fixtures
    )
    roomy = [span for worker in ("gw0", "gw1") for span in spans(worker, collection=20.0, tests=spent)]
    run = a_run(
        *run.tests,
        fixtures=run.costs.fixtures,
        parts=run.costs.parts,
        spans=roomy,
        workers=run.header.workers,
    )
    idle = sum(share.seconds for share in examined(run).shares if share.stretch.kind == "idle")

    found = about(run, Subject(kind="run", name="schema"))

    assert found.seconds - idle == pytest.approx(40.0 + 2 * spent)
