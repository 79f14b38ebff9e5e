"""Workers that have nothing left to run while another one goes on."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch

NAME = "idle_workers"


def _heads(stretch: Stretch) -> Hashable | None:
    return NAME if stretch.kind == "idle" else None


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    idle = sum(share.seconds > 0 for share in shares)
    return f"idle at the end: {idle} workers waited for the last one"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    shares = [share for share in evidence.shares if share.stretch.kind == "idle"]
    alone = evidence.timeline.alone
    if alone:
        nodeid, _ = alone[0]
        others = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
        text = f"start {nodeid}{others} earlier, or split it: every other worker had ended"
        yield Advice(text=text, where=nodeid.partition("::")[0], saves=saving(shares))


CAUSE = Cause(name=NAME, rank=65, words=_words, heads=_heads, advises=_advises)
