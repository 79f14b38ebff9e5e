"""Pages of made-up runs."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared, spans

from paceline.explain.division import examined
from paceline.explain.view import seconds_of, suite_view
from paceline.model.page import SuiteView
from paceline.model.run import Run
from paceline.report.html import render

MADE_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def some_run(**changes: object) -> Run:
    """Return a run of two workers with everything in it that the page shows."""
    return a_run(
        a_test(
            "test_orders",
            phase("setup", 0.2, start=10.0),
            phase(
                "call",
                1.5,
                start=10.2,
                operations=[operation("sql", 0.5, what="SELECT 1", where=f"{FILE}:9")],
            ),
            phase("teardown", 0.1, start=11.7),
            worker="gw0",
        ),
        a_test("test_users", phase("call", 0.5, start=10.0), worker="gw1"),
        fixtures=[shared("database", 0.3, start=9.7, worker="gw0", nodeid=f"{FILE}::test_orders")],
        spans=spans(startup=0.4, configure=0.1, collection=0.6, tests=2.0, finish=0.1),
        workers=2,
        **changes,  # type: ignore[arg-type]  # whatever a_run takes
    )


def view_of(run: Run, earlier: int = 3) -> SuiteView:
    """Return the view of a run, with as many `earlier` runs that took a little less each."""
    seconds = seconds_of(run)
    past = [
        (1e9 + at, {name: value * (0.8 + 0.01 * at) for name, value in seconds.items()})
        for at in range(earlier)
    ]
    return suite_view(examined(run), "pytest -m schema", [*past, (2e9, seconds)], earlier)


def page_of(*views: SuiteView) -> str:
    """Return the page about these suites."""
    return render(views, MADE_AT)


def large_view(tests: int = 5000, runs: int = 100) -> SuiteView:
    """Return a suite as large as the page is made for, with noise in every figure and long names."""
    chance = random.Random(1)
    run = a_run(
        *(
            a_test(
                f"TestSection{at % 40}::test_an_order_of_customer_{at:05d}_is_priced[currency{at % 7}-{at}]",
                phase("setup", chance.lognormvariate(-6, 1)),
                phase("call", chance.lognormvariate(-3, 1)),
                phase("teardown", chance.lognormvariate(-7, 1)),
                path=f"tests/integration/section_{at % 40:02d}/test_module_{at % 200:03d}.py",
            )
            for at in range(tests)
        )
    )
    seconds = seconds_of(run)
    past = [
        (1e9 + 3600 * at, {name: value * chance.lognormvariate(0, 0.1) for name, value in seconds.items()})
        for at in range(runs - 1)
    ]
    return suite_view(examined(run), "pytest", [*past, (2e9, seconds)], runs - 1)
