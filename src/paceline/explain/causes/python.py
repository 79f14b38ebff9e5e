"""What remains: Python at work. Which lines, a profiler says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    is_test = stretch.kind == "body" and stretch.phase == "call"
    yield Claim(seconds=left, what="call" if is_test else "")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    stretch = shares[0].stretch
    if stretch.kind != "body":
        return "Python in it"
    if stretch.phase != "call":
        return "pytest and its plugins around the test"
    tests = len({share.stretch.nodeid for share in shares})
    return (
        "Python, in the test and what it calls"
        if tests == 1
        else f"Python, in {tests} tests and what they call"
    )


CAUSE = Cause(name="python", rank=99, words=_words, claims=_claims, of_test=True)
