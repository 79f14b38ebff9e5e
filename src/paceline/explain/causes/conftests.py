"""What conftest files import and do when they are loaded."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch

#: Seconds of an import below which it may stay where it is.
_WORTHWHILE = 0.05


def _heads(stretch: Stretch) -> Hashable | None:
    for part in (stretch.part, stretch.importer):
        if part is not None and part.part == "conftest":
            return part.name
    return None


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"loading {_heads(shares[0].stretch)} and what it imports first"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    found: dict[tuple[str, str], list[Share]] = {}
    for share in evidence.shares:
        importer = share.stretch.importer
        if importer is not None and importer.part == "conftest":
            found.setdefault((importer.name, share.what), []).append(share)
    for (conftest, library), shares in found.items():
        if sum(share.seconds for share in shares) >= _WORTHWHILE:
            yield Advice(
                text=f"import `{library}` in the fixture that needs it: every run waits for it here",
                where=conftest,
                saves=saving(shares),
            )


CAUSE = Cause(name="conftests", rank=61, words=_words, heads=_heads, advises=_advises)
