"""Importing libraries, and compiling them where no bytecode is cached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    if stretch.part is not None and stretch.part.part == "import":
        yield Claim(seconds=left, what=stretch.name.partition(".")[0])


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    name = shares[0].what
    return "importing modules, each of them fast" if name == "*" else f"importing {name}"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    compiled = [s for s in evidence.shares if s.stretch.part is not None and s.stretch.part.compiled]
    modules = len({share.stretch.name for share in compiled})
    yield Advice(
        text=f"keep the compiled bytecode from run to run: {modules} modules had to be compiled",
        saves=saving(compiled),
    )


CAUSE = Cause(name="imports", rank=62, words=_words, claims=_claims, advises=_advises)
