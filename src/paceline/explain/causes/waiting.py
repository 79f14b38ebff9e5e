"""Waiting for something that isn't recorded: a lock, another thread, a disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

#: How many are named.
_MOST = 3


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    values = stretch.values
    if "cpu_time" in values:
        busy = max(0.0, values["cpu_time"] - values.get("gc_time", 0.0))
        if left > busy:
            yield Claim(seconds=left - busy, what=_suspects(stretch))


def _suspects(stretch: Stretch) -> str:
    """Return to whom there were connections, of which only the number is recorded."""
    found = [
        one.what for one in stretch.operations if one.kind in ("connect", "dns") and one.duration is None
    ]
    return ", ".join(dict.fromkeys(found[:_MOST]))


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    suspects = shares[0].what
    return f"waiting, perhaps for {suspects}" if suspects else "waiting for something unrecorded"


CAUSE = Cause(name="waiting", rank=50, words=_words, claims=_claims, of_test=True)
