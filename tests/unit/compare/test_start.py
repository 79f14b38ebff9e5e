"""Imports that became slower are named by module, or by package where it is no single one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.runs import a_test, run_of

from paceline.cli.cause_lines import place_of_import
from paceline.compare.rules import Rules
from paceline.compare.start import imports_of, judge_imports, more_modules
from paceline.model.cost import PartKind, SessionPart
from paceline.model.run import Run

CHANGED = {
    "README.md": [(1, "from pandas import x")],
    "src/shop/search.py": [(3, "import json, pandas as pd"), (9, "x = 1")],
    "src/shop/embedding.py": [(14, "TABLE = build()")],
    "src/shop/__init__.py": [(2, "VERSION = 2")],
}


def a_part(name: str, own: float, *, part: PartKind = "import", compiled: bool = False) -> SessionPart:
    """Return something that took `own` seconds before the first test."""
    return SessionPart(part=part, name=name, duration=own, own=own, compiled=compiled, worker="main", count=1)


def a_run(*parts: SessionPart) -> Run:
    """Return a run that imported these, and something else."""
    run = run_of(a_test("t.py::x"))
    return replace(run, costs=replace(run.costs, parts=(a_part("steady", 0.2), *parts)))


def slower(before: Run, after: Run, speed: float = 1.0) -> dict[str, tuple[float | None, float | None]]:
    """Return what is suspicious, with its seconds on both sides."""
    deltas = judge_imports("s", [before], [after], speed, Rules())
    return {delta.key.name: (delta.before, delta.after) for delta in deltas}


def test_the_module_that_became_slower_is_named() -> None:
    """Fast modules have no record, so that one counts as no more than those do."""
    before, after = a_run(), a_run(a_part("shop.embedding", 0.3), a_part("shop.search", 0.01))
    assert slower(before, after) == {"shop.embedding": (0.005, 0.3)}
    assert slower(after, before) == {}
    assert slower(before, before) == {}


def test_a_package_is_named_where_no_single_module_is_to_blame() -> None:
    """Such as a library that is imported now."""
    modules = [a_part(f"pandas.part{number}", 0.03125) for number in range(8)]
    assert slower(a_run(), a_run(*modules)) == {"pandas.*": (0.005, 0.25)}


def test_without_bytecode_an_import_is_not_compared() -> None:
    """A cache that was cold says nothing about the code."""
    warm, cold = (a_run(a_part("shop", own, compiled=own > 0.1)) for own in (0.05, 0.4))
    assert slower(warm, cold) == {}


def test_a_slower_machine_is_no_slower_import() -> None:
    """As far as the tests of the same runs tell."""
    before, after = (a_run(a_part("shop", own)) for own in (0.3, 0.5))
    assert list(slower(before, after)) == ["shop"]
    assert slower(before, after, speed=1.6) == {}


def test_the_slowest_process_counts() -> None:
    """Workers import the same modules, each for itself, beside each other."""
    run = a_run(a_part("shop", 0.1), replace(a_part("shop", 0.4), worker="gw1"))
    found = imports_of(run)
    assert found.of("shop") == 0.4
    assert found.of("nothing") == 0.005
    assert found.count == 2


def test_more_modules_are_told_and_are_no_regression() -> None:
    """A new file in a project is nothing to justify."""
    assert list(more_modules([a_run()], [a_run(a_part("shop", 0.001))])) == [
        "2 modules are imported before the first test instead of 1"
    ]
    assert list(more_modules([a_run(a_part("shop", 0.001))], [a_run()])) == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("shop.embedding", "src/shop/embedding.py:14"),
        ("shop", "src/shop/__init__.py:2"),
        ("pandas.*", "src/shop/search.py:3"),
        ("pandas.core.frame", "src/shop/search.py:3"),
        ("numpy", None),
    ],
)
def test_the_line_is_the_one_that_was_changed(name: str, place: str | None) -> None:
    """In the module itself, or where it is imported."""
    assert place_of_import(name, CHANGED) == place
