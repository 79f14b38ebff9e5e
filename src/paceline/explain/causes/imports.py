"""Importing libraries, and compiling them where no bytecode is cached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    if stretch.part is not None and stretch.part.part == "import":
        yield Claim(seconds=left, what=stretch.name.partition(".")[0])


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    name = shares[0].what
    return "importing modules, each of them fast" if name == "*" else f"importing {name}"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    compiled: list[tuple[Share, float]] = []
    files: dict[str, float] = {}
    for share in evidence.shares:
        part = share.stretch.part
        if part is None or not part.compiled:
            continue
        # Without it, what was compiled is in what the import took.
        fraction = 1.0 if part.compiling is None or part.own <= 0 else min(1.0, part.compiling / part.own)
        compiled.append((share, share.seconds * fraction))
        if share.stretch.path is not None:
            path = share.stretch.path
            files[path] = files.get(path, 0.0) + share.seconds * fraction
    modules = len({share.stretch.name for share, _ in compiled})
    yield Advice(
        text=f"keep the compiled bytecode from run to run: {modules} modules had to be compiled",
        where=max(files, key=lambda file: (files[file], file), default=None),
        saves=tuple(compiled),
    )


CAUSE = Cause(name="imports", rank=62, words=_words, claims=_claims, advises=_advises)
