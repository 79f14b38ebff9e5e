"""What is asked of a suspect depends on what it is a figure of: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.compare.start import BEFORE_TESTS
from paceline.model.comparison import BUDGET, Delta


def is_exact(delta: Delta) -> bool:
    """Tell whether it needs no statistics."""
    return delta.evidence == "counted" or delta.key.metric == BUDGET


def is_of_start(delta: Delta) -> bool:
    """Tell whether it happens before the first test, so that no test has to run for it."""
    key = delta.key
    return key.subject == "import" or (key.subject == "part" and key.name in BEFORE_TESTS)


def is_of_all(delta: Delta) -> bool:
    """Tell whether it is a sum over tests, so that all of them have to run for it."""
    return delta.key.subject in ("suite", "part") and not is_of_start(delta)


def is_explained(delta: Delta, found: Sequence[Delta]) -> bool:
    """Tell whether a sum is of something that was `found` to have grown."""
    if is_of_start(delta):
        return delta.key.subject == "part" and any(one.key.subject == "import" for one in found)
    return bool(found) and is_of_all(delta)


def unexplained(given_up: Sequence[Delta], verdicts: Iterable[Delta]) -> list[Delta]:
    """Return the sums of which nothing turned out to be slower, in whose favour they were given up."""
    slower = [delta for delta in verdicts if delta.verdict == "regressed" and delta.key.metric != BUDGET]
    return [delta for delta in given_up if not is_explained(delta, slower)]


def tests_of(deltas: Sequence[Delta]) -> set[str]:
    """Return the node ids of those that are figures of a test."""
    return {delta.key.name for delta in deltas if delta.key.subject == "test"}
