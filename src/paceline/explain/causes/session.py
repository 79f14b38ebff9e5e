"""The session around the tests: what no file, fixture or test accounts for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch

_WORDS = {
    "startup": "start-up of Python and pytest",
    "configure": "configuration of pytest",
    "collection": "collection, beside the files",
    "finish": "what plugins do at the end",
    "between": "pytest between the phases of tests",
}


def _heads(stretch: Stretch) -> Hashable | None:
    return stretch.name if stretch.kind in ("span", "between") else None


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return _WORDS.get(shares[0].stretch.name, shares[0].stretch.name)


CAUSE = Cause(name="session", rank=64, words=_words, heads=_heads)
