"""Two sides laid beside each other: which verdict, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.figures import METRICS, a_series, a_side, crowd, figure, of, verdicts
from tests.harness.records import make_environment, make_run, make_test

from paceline.compare.compare import compare
from paceline.compare.outcome import exit_of
from paceline.compare.rules import WORTH_A_LOOK, Rules
from paceline.compare.strata import alike
from paceline.errors import Exit
from paceline.model.comparison import Comparison, Side
from paceline.model.cost import Operation, SharedFixture
from paceline.model.metric import Metric
from paceline.model.profile import TestSeries

RULES = Rules()


def compared(before: TestSeries, after: TestSeries) -> Comparison:
    """Return the comparison of one test among many that are as they were."""
    return compare(a_side(before, *crowd()), a_side(after, *crowd()), RULES)


def test_a_count_that_grew_is_a_regression() -> None:
    """One run is enough, and the command fails."""
    found = compared(a_series("t.py::x", {"sql_statements": 12}), a_series("t.py::x", {"sql_statements": 13}))
    delta = of(found, "t.py::x", "sql_statements")
    assert ("regressed", "counted", 12, 13) == (delta.verdict, delta.evidence, delta.before, delta.after)
    assert exit_of([found]) == Exit.REGRESSED


def test_a_count_that_shrank_is_an_improvement() -> None:
    """And fails nothing."""
    found = compared(a_series("t.py::x", {"sql_statements": 13}), a_series("t.py::x", {"sql_statements": 12}))
    assert of(found, "t.py::x", "sql_statements").verdict == "improved"
    assert exit_of([found]) == Exit.FINE


def test_an_absent_count_that_both_sides_declare_is_none() -> None:
    """The first statement of a test is found, though it has no ratio."""
    found = compared(
        a_series("t.py::x", 0.01), a_series("t.py::x", {"clean_time": 0.01, "sql_statements": 1})
    )
    delta = of(found, "t.py::x", "sql_statements")
    assert ("regressed", 0, None) == (delta.verdict, delta.before, delta.ratio)


def test_a_count_that_one_side_did_not_record_is_not_judged() -> None:
    """An older file isn't one without statements."""
    old = a_side(a_series("t.py::x"), metrics=METRICS[:1])
    new = a_side(a_series("t.py::x", {"clean_time": 0.01, "sql_statements": 5}))
    assert [] == [item for item in compare(old, new, RULES).deltas if item.evidence == "counted"]


def test_a_count_that_varies_is_judged_by_ranges() -> None:
    """Overlapping ranges are no change that anybody could be blamed for."""
    before = a_series("t.py::x", {"sql_statements": [10, 11, 12]})
    within = compared(before, a_series("t.py::x", {"sql_statements": [11, 12, 14]}))
    beyond = compared(before, a_series("t.py::x", {"sql_statements": [13, 14, 15]}))
    assert of(within, "t.py::x", "sql_statements").verdict == "inconclusive"
    assert of(beyond, "t.py::x", "sql_statements").verdict == "regressed"


@pytest.mark.parametrize(
    ("workers", "rounds", "verdict"), [(0, 2, "regressed"), (0, 1, "inconclusive"), (2, 2, "inconclusive")]
)
def test_what_the_first_to_come_does_for_all_is_no_regression_of_it(
    workers: int, rounds: int, verdict: str
) -> None:
    """A pool connects for whichever test or thread comes first; statements are a test's own all the same."""
    metrics = (*METRICS, Metric(name="db_connections", unit="1", noise="counted"))
    before, after = (
        a_side(
            a_series("t.py::x", {"db_connections": count, "sql_statements": count}),
            *crowd(),
            metrics=metrics,
            workers=workers,
            rounds=rounds,
        )
        for count in (1, 2)
    )
    found = compare(before, after, Rules())
    assert of(found, "t.py::x", "db_connections").verdict == verdict
    assert of(found, "t.py::x", "sql_statements").verdict == "regressed"


def test_one_run_only_makes_a_slower_test_suspicious() -> None:
    """Ten times slower, and still no verdict and no failure: that needs repeated runs."""
    found = compared(a_series("t.py::x", 0.01), a_series("t.py::x", 0.1))
    delta = of(found, "t.py::x")
    assert delta.verdict == "inconclusive"
    assert delta.reason is not None
    assert delta.reason.startswith("suspiciously slower")
    assert delta.ratio == pytest.approx(10)
    assert delta.interval is not None
    assert delta.interval[0] < 10 < delta.interval[1]
    assert exit_of([found]) == Exit.FINE


def test_a_slower_machine_is_no_slower_test() -> None:
    """What all tests share is taken out, and told."""
    found = compare(a_side(*crowd(seconds=0.01)), a_side(*crowd(seconds=0.014)), RULES)
    assert found.machine_factor == pytest.approx(1.4)
    assert {"unchanged"} == verdicts(item for item in found.deltas if item.evidence == "timed")


def test_a_far_slower_machine_allows_no_verdict() -> None:
    """Twice as slow may be another machine, or slower code: one run can't know."""
    found = compare(a_side(*crowd(seconds=0.01)), a_side(*crowd(seconds=0.02)), RULES)
    assert {"inconclusive"} == verdicts(found.deltas)
    assert "everything took 2.00 times as long" in (found.deltas[0].reason or "")


def test_pairs_look_into_what_made_everything_slower() -> None:
    """They can tell: the sum of all tests is suspicious, and each test by what it grew beyond that."""
    slower = [*crowd(seconds=0.02)[1:], a_series(crowd()[0].nodeid, 0.06)]
    found = compare(a_side(*crowd(seconds=0.01)), a_side(*slower), WORTH_A_LOOK)
    suspects = {delta.key.name: delta for delta in found.deltas if delta.verdict == "inconclusive"}
    assert suspects["tests"].ratio == pytest.approx(2, rel=0.2)
    assert suspects[crowd()[0].nodeid].ratio == pytest.approx(3)


def test_a_changed_test_is_not_the_applications_regression() -> None:
    """Neither its counts nor its times are compared."""
    before = a_series("t.py::x", {"clean_time": 0.01, "sql_statements": 1}, source_hash="v:1")
    after = a_series("t.py::x", {"clean_time": 0.9, "sql_statements": 9}, source_hash="v:2")
    found = compared(before, after)
    assert {"not_comparable"} == verdicts(item for item in found.deltas if item.key.name == "t.py::x")
    assert of(found, "t.py::x").reason == "the test itself was changed"
    assert found.changed_tests == ("t.py::x",)
    assert exit_of([found]) == Exit.FINE


def test_moved_garbage_collection_is_said_to_be_that() -> None:
    """The test that it moved to isn't blamed."""
    before = a_series("t.py::x", {"clean_time": 0.01})
    after = a_series("t.py::x", {"clean_time": 0.02, "gc_full_collections": 1})
    found = compared(before, after)
    assert (of(found, "t.py::x").reason or "").startswith("garbage collection moved")
    assert any("full garbage collections moved in 1 phases" in note for note in found.notes)


def test_without_clean_time_wall_time_is_judged_and_labelled() -> None:
    """Files of an older recorder still tell something."""
    sides = [a_side(*(a_series(f"t.py::{at}", {"duration": 0.01}) for at in range(9))) for _ in "ab"]
    found = compare(sides[0], sides[1], RULES)
    assert found.metric == "duration"
    assert any("judged on wall time" in note for note in found.notes)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_times_are_passed_over(bad: float) -> None:
    """A frozen or stepping clock spoils one test and not the comparison."""
    found = compared(a_series("t.py::x", 0.01), a_series("t.py::x", bad))
    assert not [delta for delta in found.deltas if delta.key.name == "t.py::x" and delta.ratio is not None]
    assert len([delta for delta in found.deltas if delta.verdict == "unchanged"]) >= 30


def test_another_machine_makes_times_incomparable_and_leaves_counts() -> None:
    """The same statements are sent on any processor."""
    after = (a_series("t.py::x", {"clean_time": 0.9, "sql_statements": 5}), *crowd())
    new = a_side(*after, environment=make_environment(cpu_model="B CPU"))
    found = compare(
        a_side(a_series("t.py::x", {"clean_time": 0.1, "sql_statements": 4}), *crowd()), new, RULES
    )
    assert found.differences == ("CPU A CPU → B CPU",)
    assert of(found, "t.py::x").verdict == "not_comparable"
    assert of(found, "t.py::x", "sql_statements").verdict == "regressed"


def test_another_selection_is_not_compared_at_all() -> None:
    """The reason is given, and the exit code says so."""
    found = compare(a_side(*crowd()), a_side(*crowd(), marker="other"), RULES)
    assert (("marker s → other",), ()) == (found.selections, found.deltas)
    assert exit_of([found]) == Exit.NOT_COMPARABLE


def test_other_options_are_not_compared_at_all() -> None:
    """They may change what every test does."""
    new = a_side(*crowd(), command="python -m pytest -m s -p no:cov")
    assert compare(a_side(*crowd()), new, RULES).selections[0].startswith("options ")


def test_no_common_tests_is_not_comparable() -> None:
    """Nothing is called improved or new."""
    found = compare(a_side(a_series("a.py::x")), a_side(a_series("a.py::y")), RULES)
    assert found.selections == ("no test ran on both sides",)


def test_a_side_without_figures_is_not_comparable() -> None:
    """With the reason why it has none."""
    empty = a_side(status="not_provisioned", reason="no server", wall_time=None)
    assert compare(empty, a_side(*crowd()), RULES).selections == ("side: no server",)


def test_a_test_that_fails_on_one_side_has_no_counts() -> None:
    """Half a test does less."""
    before = a_series("t.py::x", {"sql_statements": 4})
    after = a_series("t.py::x", {"sql_statements": 2}, outcome="failed")
    assert [] == [delta for delta in compared(before, after).deltas if delta.evidence == "counted"]


def test_new_and_removed_tests_are_told() -> None:
    """They are no regression and no improvement, and don't make the suite slower."""
    found = compare(
        a_side(a_series("t.py::old"), *crowd()), a_side(a_series("t.py::new[1]", 9.0), *crowd()), RULES
    )
    assert {("t.py::old", "removed"), ("t.py::new[1]", "added")} == {
        (delta.key.name, delta.verdict) for delta in found.deltas if delta.verdict in ("added", "removed")
    }
    total = next(delta for delta in found.deltas if delta.key.subject == "suite")
    assert total.verdict == "unchanged"


def test_a_budget_that_is_exceeded_in_every_round_fails() -> None:
    """In some of them, it is only suspicious."""
    over = compare(a_side(*crowd()), a_side(*crowd(), wall=figure(95, 99)), RULES, budget=90)
    some = compare(a_side(*crowd()), a_side(*crowd(), wall=figure(85, 99)), RULES, budget=90)
    kept = compare(a_side(*crowd()), a_side(*crowd(), wall=figure(85, 90)), RULES, budget=90)
    assert ["regressed", "inconclusive"] == [of(found, "budget", "budget").verdict for found in (over, some)]
    assert [] == [delta for delta in kept.deltas if delta.key.name == "budget"]
    assert exit_of([over]) == Exit.REGRESSED


def test_a_tests_own_budget_needs_three_rounds_to_fail() -> None:
    """One run never fails a build on a single timed test."""
    base = a_side(*crowd())
    once = compare(base, a_side(a_series("t.py::x", 3.0, budget=2.0), *crowd()), RULES)
    thrice = a_series("t.py::x", {"clean_time": [2.5, 3.0, 3.5]}, budget=2.0)
    assert of(once, "t.py::x", "budget").verdict == "inconclusive"
    assert of(compare(base, a_side(thrice, *crowd()), RULES), "t.py::x", "budget").verdict == "regressed"


def test_causes_name_the_line_that_grew() -> None:
    """An N+1: more statements of the same kind from one line, which has also moved down in its file."""

    def side(count: int, line: int) -> Side:
        test = make_test("t.py::x")
        query = Operation(kind="sql", what="SELECT item", where=f"shop/orders.py:{line}", count=count)
        setup, call, teardown = test.phases
        record = replace(test, phases=(setup, replace(call, operations=(query,)), teardown))
        series = a_series("t.py::x", {"clean_time": 0.01, "sql_statements": count})
        return replace(a_side(series, *crowd()), runs=(make_run(record),))

    delta = of(compare(side(12, 80), side(412, 88), RULES), "t.py::x", "sql_statements")
    assert [("412 statements instead of 12: SELECT item", "shop/orders.py:88")] == [
        (cause.text, cause.where) for cause in delta.causes
    ]


def test_a_narrowed_fixture_is_named_with_its_scopes() -> None:
    """Built thirty times instead of once, because its scope was narrowed."""

    def side(scope: str, times: int) -> Side:
        use = SharedFixture(
            argname="migrated_db",
            baseid="tests",
            scope=scope,  # type: ignore[arg-type]  # one of the scopes
            event="setup",
            outcome="passed",
            nodeid=None,
            worker="main",
            start=0.0,
            values={"clean_time": 1.0},
            own={"clean_time": 1.0},
        )
        run = make_run(make_test("t.py::x"))
        run = replace(run, costs=replace(run.costs, fixtures=(use,) * times))
        fixtures = {"tests::migrated_db": {"setups": figure(times), "clean_time": figure(float(times))}}
        return replace(a_side(*crowd(), fixtures=fixtures), runs=(run,))

    found = compare(side("session", 1), side("module", 30), RULES)
    delta = of(found, "tests::migrated_db", "setups")
    assert delta.verdict == "regressed"
    assert {cause.text for cause in delta.causes} == {
        "fixture migrated_db now built 30 times instead of 1, per module instead of per session",
    }
    time = of(found, "tests::migrated_db")
    assert ("inconclusive", "total") == (time.verdict, time.evidence)
    assert time.ratio == pytest.approx(30)


def test_runs_of_other_machines_are_left_out() -> None:
    """Three CPU models in one folder: the candidate's own decides, and the reader is told."""
    models = ["A CPU", "B CPU", "A CPU", "C CPU"]
    runs = [make_run(make_test("t.py::x")) for _ in models]
    mixed = [
        replace(run, header=replace(run.header, environment=make_environment(cpu_model=model)))
        for run, model in zip(runs, models, strict=True)
    ]
    kept, notes = alike(mixed, mixed[0])
    assert kept == (mixed[0], mixed[2])
    assert notes == ("2 of 4 runs were made under other conditions and left out: 1 on B CPU, 1 on C CPU",)
    assert alike(mixed[1:2], mixed[0]) == ((mixed[1],), ())


def a_job(at: int, seconds: float) -> Side:
    """Return a run of a job of its own."""
    tests = [make_test(f"t.py::test_crowd_{number}", call=0.1) for number in range(20)]
    run = make_run(make_test("t.py::x", call=seconds), *tests)
    run = replace(run, header=replace(run.header, started_at=at * 86400.0))
    return replace(a_side(), runs=(run,))


@pytest.mark.parametrize(("jobs", "verdict"), [(5, "regressed"), (4, "inconclusive")])
def test_what_comes_back_in_five_independent_jobs_is_a_regression(jobs: int, verdict: str) -> None:
    """Where nothing can be run again, recurrence takes the place of a confirmation."""
    names = ["t.py::x", *(f"t.py::test_crowd_{number}" for number in range(20))]
    old = [a_series(name, {"duration": 0.1}) for name in names]
    new = [a_series(names[0], {"duration": 0.2}), *old[1:]]
    base = replace(a_side(*old), runs=tuple(a_job(at, 0.1).runs[0] for at in range(10)))
    candidate = replace(a_side(*new), runs=tuple(a_job(20 + at, 0.2).runs[0] for at in range(jobs)))
    assert of(compare(base, candidate, RULES), "t.py::x", "duration").verdict == verdict
