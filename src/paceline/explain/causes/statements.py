"""SQL statements that aren't repeated: many different ones, or a slow one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.causes.repeated_statements import REPEATED
from paceline.explain.evidence import Evidence
from paceline.explain.operations import common, counted, grouped, is_statement, saving, times
from paceline.explain.shares import Claim, Share
from paceline.explain.statements import summary
from paceline.explain.stretches import Stretch

#: Seconds from which on a statement is told by itself.
_SLOW = 0.02
NAME = "statements"
#: Seconds of one execution from which on it is worth advice.
_WORTHWHILE = 0.1
_READING = ("SELECT", "WITH", "VALUES", "TABLE")
_WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    known = 0.0
    for operation in stretch.operations:
        if operation.kind != "sql":
            continue
        seconds = operation.duration or 0.0
        known += seconds
        if is_statement(operation) and operation.count < REPEATED:
            slow = seconds >= _SLOW
            yield Claim(
                seconds=seconds,
                what=operation.what if slow else "",
                where=operation.where if slow else _file(operation.where),
                count=operation.count,
            )
    if (rest := stretch.values.get("sql_time", 0.0) - known) > 0 and not known:
        yield Claim(seconds=rest, count=round(stretch.values.get("sql_statements", 1)))


def _file(where: str | None) -> str | None:
    return None if where is None else where.rpartition(":")[0]


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    count, statement = times(shares), common(shares)
    if statement:
        return summary(statement) + (f" ({count} times)" if count > 1 else "")
    quick = all(not share.what for share in shares)
    return counted(count, "quick SQL statement" if quick else "SQL statement")


def _advises(evidence: Evidence) -> Iterator[Advice]:
    for (what, where), shares in grouped(evidence, NAME).items():
        if what and sum(share.seconds for share in shares) >= _WORTHWHILE * times(shares):
            yield Advice(text=_cheaper(what), where=where, saves=saving(shares))


def _cheaper(statement: str) -> str:
    verb, told = statement.partition(" ")[0].upper(), summary(statement)
    if verb in _READING:
        return f"look at the plan of this {told} with EXPLAIN: it is slow each time"
    if verb in _WRITING:
        return f"make this {told} cheaper: fewer rows, or the indexes after the rows; or keep what it leaves"
    return f"do this {told} once, and keep what it leaves as a template"


CAUSE = Cause(name=NAME, rank=31, words=_words, claims=_claims, advises=_advises, bundled=True)
