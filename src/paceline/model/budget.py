"""How long something may take, as people write it."""

from __future__ import annotations

import re

_BUDGET = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}


def budget_seconds(budget: object) -> float:
    """Return the seconds of `budget`: a positive number of them, or a text such as "90s".

    Raises:
        ValueError: it is something else.
    """
    if isinstance(budget, int | float) and not isinstance(budget, bool) and 0 < budget < float("inf"):
        return float(budget)
    match = _BUDGET.fullmatch(budget.strip()) if isinstance(budget, str) else None
    value = float(match[1]) * _SECONDS[match[2]] if match is not None else 0.0
    if not value:
        raise ValueError(f"{budget!r} is no time such as '90s', '1.5min' or '300ms'")
    return value
