"""What a suspect is a figure of, and what that means for the pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from paceline.model.comparison import BUDGET, Delta, SeriesKey
from paceline.paired.kinds import is_explained, unexplained

Subject = Literal["test", "fixture", "suite", "part", "import"]


def suspect(subject: Subject, name: str) -> Delta:
    """Return a suspicious time."""
    key = SeriesKey(suite="s", subject=subject, name=name, phase=None, metric="clean_time")
    return Delta(key=key, evidence="timed", verdict="inconclusive")


IMPORT = suspect("import", "shop.embedding")
TEST = suspect("test", "test_a.py::test_it")


@pytest.mark.parametrize(
    ("one", "found", "explained"),
    [
        (suspect("suite", "s"), TEST, True),
        (suspect("part", "call"), TEST, True),
        (suspect("part", "configure"), IMPORT, True),
        (suspect("part", "collection"), IMPORT, True),
        # No test makes the start slower.
        (suspect("part", "configure"), TEST, False),
        # What is measured for itself.
        (suspect("import", "shop.other"), IMPORT, False),
        (suspect("fixture", "database"), TEST, False),
        (suspect("test", "test_b.py::test_it"), TEST, False),
    ],
)
def test_a_sum_is_explained_by_what_is_in_it(one: Delta, found: Delta, explained: bool) -> None:
    """The whole suite isn't run again and again for what is known."""
    assert is_explained(one, [found]) is explained
    assert not is_explained(one, [])


def test_only_what_is_slower_explains_what_was_given_up() -> None:
    """Neither a suspicion, nor a test that is over its budget and may always have been."""
    whole = suspect("suite", "s")
    slower = replace(TEST, verdict="regressed")
    budget = replace(slower, key=replace(TEST.key, metric=BUDGET))
    assert unexplained([whole], [TEST, budget]) == [whole]
    assert unexplained([whole], [TEST, slower]) == []
