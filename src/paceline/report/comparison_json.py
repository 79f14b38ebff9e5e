"""A comparison as JSON, with every series. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from paceline.model.comparison import COMPARISON_VERSION, Comparison
from paceline.store.codec import encode


def render(comparisons: Sequence[Comparison]) -> str:
    """Return one JSON object; its members are those of `Comparison` and what it holds."""
    content = {"schema_version": COMPARISON_VERSION, "comparisons": encode(tuple(comparisons))}
    return json.dumps(content, ensure_ascii=False, indent=1)
