"""A fixture that is torn down."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch


def _heads(stretch: Stretch) -> Hashable | None:
    if stretch.fixture is None or not stretch.teardown:
        return None
    return stretch.fixture.argname, stretch.fixture.baseid


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    fixture = shares[0].stretch.fixture
    times = len({id(share.stretch) for share in shares})
    return f"tear-down of fixture `{fixture.argname if fixture else ''}`" + (
        f" ({times} times)" if times > 1 else ""
    )


CAUSE = Cause(name="fixture_teardown", rank=21, words=_words, heads=_heads)
