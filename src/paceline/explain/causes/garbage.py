"""Pauses of the garbage collector, which fall on whichever test is running."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import ROOT_CONFTEST, Stretch

NAME = "garbage"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    if (seconds := stretch.values.get("gc_time", 0.0)) > 0:
        yield Claim(seconds=seconds, count=round(stretch.values.get("gc_full_collections", 0)))


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    full = sum(share.count for share in shares)
    return "garbage collection" + (f" ({full} full)" if full else "")


def _advises(evidence: Evidence) -> Iterator[Advice]:
    # Only full collections look at what was there before the tests.
    shares = [share for share in evidence.shares if share.cause == NAME and share.count]
    text = "call gc.freeze() in `pytest_collection_finish`: full collections then find less to look at"
    yield Advice(text=text, where=ROOT_CONFTEST, saves=saving(shares))


CAUSE = Cause(name=NAME, rank=40, words=_words, claims=_claims, advises=_advises)
