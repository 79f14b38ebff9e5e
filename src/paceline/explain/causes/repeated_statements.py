"""One statement again and again from one line of one test: what a join or an `IN` fetches at once (N+1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import claim, common, grouped, is_statement, times
from paceline.explain.shares import Claim, Share
from paceline.explain.statements import summary
from paceline.explain.stretches import Stretch

NAME = "repeated_statements"
#: From how many times on in one test or fixture a statement counts as repeated.
REPEATED = 5


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    for operation in stretch.operations:
        if is_statement(operation) and operation.count >= REPEATED:
            yield claim(operation)


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    statement = common(shares)
    if statement:
        pattern = "N+1" if statement.upper().startswith(("SELECT", "WITH")) else "row by row"
        return f"{times(shares)} times one {summary(statement)} ({pattern})"
    statements = len({share.what for share in shares})
    return f"{times(shares)} repetitions of {statements} statements (N+1)"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    for (what, where), shares in grouped(evidence, NAME).items():
        tests = len({share.stretch.nodeid for share in shares})
        within = f" in {tests} tests" if tests > 1 else ""
        yield Advice(
            text=f"do at once what {times(shares)} times one {summary(what)} does{within}",
            where=where,
            # One statement stays in each test or fixture.
            saves=tuple((share, share.seconds * (1 - 1 / share.count)) for share in shares),
        )


CAUSE = Cause(name=NAME, rank=30, words=_words, claims=_claims, advises=_advises, bundled=True)
