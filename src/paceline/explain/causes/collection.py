"""Test modules that pytest imports and rewrites, also those none of whose tests were to run."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch

NAME = "collection"


def _module(stretch: Stretch) -> str | None:
    """Return the test module that was being collected."""
    for part in (stretch.part, stretch.importer):
        if part is not None and part.part == "module":
            return part.name
    return None


def _heads(stretch: Stretch) -> Hashable | None:
    return None if _module(stretch) is None else NAME


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    modules = {_module(share.stretch) for share in shares}
    name = f"{len(modules)} test modules" if len(modules) > 1 else _module(shares[0].stretch)
    return f"collection of {name} and what it imports first"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    if evidence.run.collected is None:
        return
    wanted = {nodeid.partition("::")[0] for nodeid in evidence.run.collected}
    idle: dict[str, list[Share]] = {}
    for share in evidence.shares:
        name = _module(share.stretch)
        if name is not None and name not in wanted:
            idle.setdefault(name, []).append(share)
    for name, shares in idle.items():
        yield Advice(
            text="give pytest the paths of the suite: none of the tests of this file were to run",
            where=name,
            saves=saving(shares),
        )


CAUSE = Cause(name=NAME, rank=60, words=_words, heads=_heads, advises=_advises)
