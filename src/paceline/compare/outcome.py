"""What comparisons mean for the command's exit code: pure."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.errors import Exit
from paceline.model.comparison import Comparison


def exit_of(comparisons: Sequence[Comparison]) -> Exit:
    """Return the exit code: a regression outweighs what could not be compared."""
    if any(delta.is_failure for comparison in comparisons for delta in comparison.deltas):
        return Exit.REGRESSED
    if not comparisons or any(comparison.selections or comparison.undecided for comparison in comparisons):
        return Exit.NOT_COMPARABLE
    return Exit.FINE
