"""A reason in writing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Justification:
    """A slowdown that somebody accepts in writing.

    Attributes:
        target: suite, node id, fixture or part of the session; `*` stands for any characters.
        reason: why it is worth it.
        owner: who answers for it.
        until: ISO 8601 date of the last day on which it holds; None: for good.
        up_to: largest ratio that it covers; None: any.
    """

    target: str
    reason: str
    owner: str
    until: str | None = None
    up_to: float | None = None
