"""A run file is summed up without being read: the figures must be those of the whole reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared, spans, use

from paceline.errors import UnreadableFileError
from paceline.explain.division import examined
from paceline.explain.kinds import times
from paceline.model.cost import Operation, SessionPart
from paceline.model.run import Phase, Run
from paceline.model.totals import RunTotals
from paceline.store.run_file import line
from paceline.store.run_totals import read_totals

_SECONDS = st.floats(0, 100)
_OPERATIONS = st.lists(
    st.builds(
        operation,
        st.sampled_from(["sql", "sleep", "connect", "http"]),
        st.none() | _SECONDS,
        where=st.just("a:1"),
    ),
    max_size=3,
)


def totals(folder: Path, run: Run, costs: int = 3) -> RunTotals:
    """Write `run` and sum it up."""
    path = folder / "run.jsonl"
    lines = [line("header", run.header)]
    lines += [line("span", span) for span in run.spans]
    lines += [line("part", part) for part in run.costs.parts]
    lines += [line("fixture", event) for event in run.costs.fixtures]
    lines += [line("test", test) for test in run.tests]
    path.write_text("".join(f"{text}\n" for text in lines), encoding="utf-8")
    return read_totals(path, costs)


@given(st.lists(st.tuples(_SECONDS, _OPERATIONS), max_size=4), _SECONDS)
def test_no_second_is_lost_or_counted_twice(
    tmp_path_factory: pytest.TempPathFactory, phases: list[tuple[float, list[Operation]]], fixture: float
) -> None:
    """The kinds add up to the phases and shared fixtures, and so do the costs."""
    run = a_run(
        *(
            a_test(f"test_{number}", phase("call", seconds, operations=operations))
            for number, (seconds, operations) in enumerate(phases)
        ),
        fixtures=[shared("database", fixture)],
    )
    found = totals(tmp_path_factory.getbasetemp(), run, costs=100)
    expected = fixture + sum(seconds for seconds, _ in phases)
    spans = sum(
        span.duration or 0.0 for span in run.spans if span.name in ("startup", "configure", "collection")
    )

    loop = sum(span.duration or 0.0 for span in run.spans if span.name == "tests")
    finish = sum(span.duration or 0.0 for span in run.spans if span.name == "finish")
    between = max(0.0, loop - expected)
    assert found.seconds == pytest.approx(expected + spans + between + finish)
    assert {kind.kind: kind.seconds for kind in found.kinds} == pytest.approx(
        dict(times(examined(run).shares))
    )
    assert sum(cost.seconds for cost in found.costs) == pytest.approx(expected)


_VALUES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("cpu_time", "isolation_time", "gc_time", "run_delay", "sql_time", "dns_time"), _SECONDS
    ),
)
_PART = st.builds(
    lambda kind, own, worker: SessionPart(
        part=kind, name=kind, duration=own, own=own, compiled=None, worker=worker
    ),
    st.sampled_from(["plugin", "conftest", "module", "import"]),
    _SECONDS,
    st.sampled_from(["gw0", "gw1"]),
)


def valued(one: Phase, values: dict[str, float]) -> Phase:
    """Return a phase with other values."""
    return replace(one, values={**one.values, **values})


@given(_VALUES, _VALUES, st.lists(_PART, max_size=4), st.tuples(*[_SECONDS] * 5))
def test_the_page_has_the_same_figures(
    tmp_path_factory: pytest.TempPathFactory,
    one: dict[str, float],
    other: dict[str, float],
    parts: list[SessionPart],
    seconds: tuple[float, ...],
) -> None:
    """Whatever was recorded: isolation, collections, a busy machine, imports, workers that end early."""
    names = ("startup", "configure", "collection", "tests", "finish")
    run = a_run(
        a_test("test_a", valued(phase("call", 30.0, start=10.0), one), worker="gw0"),
        a_test(
            "test_b", valued(phase("setup", 5.0, start=10.0, fixtures=[use("row", 3.0)]), other), worker="gw1"
        ),
        fixtures=[shared("database", 2.0, worker="gw1", start=9.0)],
        parts=parts,
        spans=[
            span
            for worker in ("main", "gw0", "gw1")
            for span in spans(worker, **dict(zip(names, (seconds[0] + 500, *seconds[1:]), strict=True)))
        ],
        workers=2,
    )

    found = totals(tmp_path_factory.getbasetemp(), run)

    assert {kind.kind: kind.seconds for kind in found.kinds} == pytest.approx(
        dict(times(examined(run).shares))
    )


def test_costs_are_the_greatest_first(tmp_path: Path) -> None:
    """What an operation or a fixture took isn't the test's."""
    run = a_run(
        a_test(
            "test_a[1]",
            phase("setup", 0.5, fixtures=[use("row", 0.5)]),
            phase("call", 2.0, operations=[operation("sql", 1.2, what="SELECT 1", where="app.py:3")]),
        ),
        a_test("test_a[2]", phase("call", 0.3)),
        fixtures=[shared("database", 1.5), shared("database", 0.5, teardown=True)],
    )
    found = [(cost.kind, cost.what, cost.where, cost.count) for cost in totals(tmp_path, run, 4).costs]

    assert found == [
        ("fixture", "database", "tests/conftest.py", 1),
        ("sql", "SELECT 1", "app.py:3", 1),
        ("test", f"{FILE}::test_a", f"{FILE}:7", 2),
        ("fixture", "row", "tests/conftest.py", 1),
    ]


@pytest.mark.parametrize(
    "content", ["{}\n", "[]\n", "no\n", '{"kind":"test"}\n', '{"kind":"header","metrics":3}\n']
)
def test_another_file_is_an_error(tmp_path: Path, content: str) -> None:
    """One that names the file."""
    path = tmp_path / "run.jsonl"
    path.write_text(content)
    with pytest.raises(UnreadableFileError, match=r"run\.jsonl is not a run file"):
        read_totals(path)
