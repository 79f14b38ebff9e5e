"""A comparison as JSON, with every series. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from paceline.model.comparison import COMPARISON_VERSION, Comparison
from paceline.model.justification import Justification
from paceline.store.codec import encode


def render(
    comparisons: Sequence[Comparison], expired: Sequence[Justification], unmatched: Sequence[Justification]
) -> str:
    """Return one JSON object; its members are those of `Comparison` and what it holds.

    Args:
        expired: justifications whose last day is over.
        unmatched: justifications for which nothing was found.
    """
    content = {
        "schema_version": COMPARISON_VERSION,
        "comparisons": encode(tuple(comparisons)),
        "expired_justifications": encode(tuple(expired)),
        "unmatched_justifications": encode(tuple(unmatched)),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)
