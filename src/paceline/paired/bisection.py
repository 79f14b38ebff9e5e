"""Finds the commit that made something slower: halves the history, and asks pairs about each middle. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Answer = Literal["slow", "fast", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """Where a search ended.

    Attributes:
        commits: those among which the first slow one is, oldest first; a single one if all could be asked.
        asked: how many commits were run.
    """

    commits: tuple[str, ...]
    asked: int


def steps(number: int) -> int:
    """Return how many commits of `number` have to be run if all of them can be."""
    return max(0, (number - 1).bit_length())


def first_slow(commits: Sequence[str], ask: Callable[[str], Answer]) -> Culprit:
    """Return the first slow one of `commits`, the last of which is known to be slow.

    A commit that can't be run is passed over for its neighbours; if only such are left, all of them remain.

    Args:
        commits: oldest first, after the last one that is known to be fast.
        ask: runs one of them.

    Raises:
        ValueError: there are no commits.
    """
    if not commits:
        raise ValueError("no commit to search")
    fast, slow, asked = -1, len(commits) - 1, 0
    unknown: set[int] = set()
    while slow - fast > 1:
        open_ = [at for at in range(fast + 1, slow) if at not in unknown]
        if not open_:
            break
        _, at = min((abs(2 * place - fast - slow), place) for place in open_)
        asked += 1
        match ask(commits[at]):
            case "slow":
                slow = at
            case "fast":
                fast = at
            case "unknown":
                unknown.add(at)
    return Culprit(commits=tuple(commits[fast + 1 : slow + 1]), asked=asked)
