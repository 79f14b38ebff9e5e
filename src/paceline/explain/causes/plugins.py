"""Loading pytest's plugins."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch


def _heads(stretch: Stretch) -> Hashable | None:
    for part in (stretch.part, stretch.importer):
        if part is not None and part.part == "plugin":
            return part.name
    return None


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"loading plugin {_heads(shares[0].stretch)} and what it imports first"


CAUSE = Cause(name="plugins", rank=63, words=_words, heads=_heads)
