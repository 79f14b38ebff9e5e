"""A few words are enough to name a test, a fixture, a file or a suite."""

from __future__ import annotations

import pytest
from tests.harness.costs import a_run, a_test, phase, shared, use

from paceline.errors import AmbiguousTargetError
from paceline.explain.targets import meant, named, unknown
from paceline.model.account import Subject

RUN = a_run(
    a_test("test_a", phase("setup", 1.0, fixtures=[use("orders", 1.0)])),
    a_test("test_b[x]"),
    a_test("test_b[y]"),
    a_test("TestCart::test_total"),
    a_test("TestCart::test_empty"),
    a_test("test_a", path="tests/test_stock.py"),
    fixtures=[shared("database", 1.0)],
)


@pytest.mark.parametrize(
    ("target", "kind", "name"),
    [
        ("", "run", "schema"),
        ("schema", "run", "schema"),
        ("tests/test_orders.py::test_a", "test", "tests/test_orders.py::test_a"),
        ("test_stock.py::test_a", "test", "tests/test_stock.py::test_a"),
        ("test_b[x]", "test", "tests/test_orders.py::test_b[x]"),
        ("test_b", "test", "tests/test_orders.py::test_b"),
        ("TestCart", "test", "tests/test_orders.py::TestCart"),
        ("test_total", "test", "tests/test_orders.py::TestCart::test_total"),
        ("total", "test", "tests/test_orders.py::TestCart::test_total"),
        ("test_orders.py", "file", "tests/test_orders.py"),
        ("stock", "file", "tests/test_stock.py"),
        ("orders", "fixture", "orders"),
        ("data", "fixture", "database"),
    ],
)
def test_names_and_parts_of_names_are_found(target: str, kind: str, name: str) -> None:
    """A whole name goes first; a part may be of anything, as long as it means one thing."""
    found = named(RUN, target) or meant(RUN, target)

    assert found is not None
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    ("target", "shown"), [("test_a", "tests/test_stock.py::test_a"), ("test_", "and 5 more")]
)
def test_what_means_more_than_one_thing_is_refused_with_a_list(target: str, shown: str) -> None:
    """So that the next try can be copied."""
    with pytest.raises(AmbiguousTargetError, match="can mean") as error:
        meant(RUN, target)

    assert shown in error.value.hint


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("test_tota", "The nearest are tests/test_orders.py::TestCart::test_total"),
        ("databse", "The nearest are database"),
        ("zzz", "Name a test, a fixture, a file or a suite"),
    ],
)
def test_what_is_unknown_is_answered_with_the_nearest(target: str, hint: str) -> None:
    """A typing error costs one more try."""
    error = unknown([RUN], target)

    assert error.hint.startswith(hint)


def test_nothing_is_found_in_a_run_that_does_not_have_it() -> None:
    """Another run may."""
    assert (named(RUN, "test_c"), meant(RUN, "test_c")) == (None, None)
    assert (named(a_run(), "test_a"), meant(a_run(), "test_a")) == (None, None)


def test_a_run_of_no_suite_is_called_by_its_id() -> None:
    """As its file is."""
    run = a_run(suite="")

    assert named(run, "") == Subject(kind="run", name=run.header.run_id)
