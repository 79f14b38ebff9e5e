"""SQL statements that aren't repeated: many different ones, or a slow one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.causes.repeated_statements import REPEATED
from paceline.explain.evidence import Evidence
from paceline.explain.operations import common, counted, is_statement, times
from paceline.explain.shares import Claim, Share
from paceline.explain.statements import summary
from paceline.explain.stretches import Stretch

#: Seconds from which on a statement is told by itself.
_SLOW = 0.02


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


CAUSE = Cause(name="statements", rank=31, words=_words, claims=_claims, bundled=True)
