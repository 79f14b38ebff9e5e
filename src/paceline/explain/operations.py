"""What causes that explain one kind of operation have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.explain.cause import Advice
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch
from paceline.model.cost import Operation, OperationKind

_FRAMES = ("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def claimed(stretch: Stretch, kind: OperationKind, metric: str) -> Iterator[Claim]:
    """Yield a claim for each operation of `kind`, and one for what only the `metric` in seconds knows of."""
    known = 0.0
    for operation in stretch.operations:
        if operation.kind == kind:
            known += operation.duration or 0.0
            yield claim(operation)
    rest = stretch.values.get(metric, 0.0) - known
    if rest > 1e-6 and not any(operation.kind == kind for operation in stretch.operations):
        yield Claim(seconds=rest)


def claim(operation: Operation) -> Claim:
    """Return the claim of an operation on the seconds that it took."""
    return Claim(
        seconds=operation.duration or 0.0,
        what=operation.what,
        where=operation.where,
        count=operation.count,
    )


def is_statement(operation: Operation) -> bool:
    """Tell whether this is a statement with a purpose of its own, and not the frame around some."""
    return operation.kind == "sql" and not is_connection(operation) and not is_frame(operation)


def is_connection(operation: Operation) -> bool:
    """Tell whether this is a connection that was opened to a database."""
    return operation.kind == "sql" and operation.what.startswith("CONNECT ")


def is_frame(operation: Operation) -> bool:
    """Tell whether this begins or ends a transaction or a savepoint."""
    return operation.kind == "sql" and operation.what.partition(" ")[0].upper() in _FRAMES


def times(shares: Sequence[Share]) -> int:
    """Return how often what the shares are about happened."""
    return sum(share.count for share in shares)


def common(shares: Sequence[Share]) -> str:
    """Return what all shares are about; empty if they are about different things."""
    found = {share.what for share in shares}
    return found.pop() if len(found) == 1 else ""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 request", "2 requests"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def grouped(evidence: Evidence, cause: str) -> dict[tuple[str, str | None], list[Share]]:
    """Return the shares of a cause by what and where."""
    found: dict[tuple[str, str | None], list[Share]] = {}
    for share in evidence.shares:
        if share.cause == cause:
            found.setdefault((share.what, share.where), []).append(share)
    return found


def saving(shares: Sequence[Share], fraction: float = 1.0) -> tuple[tuple[Share, float], ...]:
    """Return what would be saved if the shares shrank by a fraction."""
    return tuple((share, share.seconds * fraction) for share in shares)


def advice_for_each(evidence: Evidence, cause: str, text: str) -> Iterator[Advice]:
    """Yield one advice for each place; `text` may speak of `{what}` and `{times}`."""
    for (what, where), shares in grouped(evidence, cause).items():
        told = text.format(what=what, times=counted(times(shares), "time"))
        yield Advice(text=told, where=where, saves=saving(shares))
