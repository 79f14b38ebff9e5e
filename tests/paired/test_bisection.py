"""The search ends at the commit that made the difference, in as few steps as halving takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.paired.bisection import Answer, first_slow, steps


@given(st.data(), st.integers(1, 200))
def test_the_first_slow_commit_is_found(data: st.DataObject, number: int) -> None:
    """Whatever its place, after at most the logarithm of the number of commits."""
    commits = [f"c{at}" for at in range(number)]
    culprit = data.draw(st.integers(0, number - 1))

    def ask(commit: str) -> Answer:
        return "slow" if int(commit[1:]) >= culprit else "fast"

    found = first_slow(commits, ask)
    assert found.commits == (f"c{culprit}",)
    assert found.asked <= steps(number)


@given(st.data(), st.integers(1, 40))
def test_commits_that_cannot_be_run_remain_suspects(data: st.DataObject, number: int) -> None:
    """The culprit is always among what is left, and what is left beside it could not be run."""
    commits = [f"c{at}" for at in range(number)]
    culprit = data.draw(st.integers(0, number - 1))
    broken = data.draw(st.sets(st.integers(0, number - 1)))

    def ask(commit: str) -> Answer:
        at = int(commit[1:])
        return "unknown" if at in broken else "slow" if at >= culprit else "fast"

    found = first_slow(commits, ask)
    assert f"c{culprit}" in found.commits
    assert {int(commit[1:]) for commit in found.commits[:-1]} <= broken


def test_nothing_to_search_is_an_error() -> None:
    """The caller has to know that before."""
    with pytest.raises(ValueError, match="no commit"):
        first_slow([], lambda commit: "slow")
