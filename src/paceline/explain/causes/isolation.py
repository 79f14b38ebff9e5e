"""Paceline's own isolation: the database it provides, and the transaction or copy for each test."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

_PROVISIONING = ("paceline_database", "paceline_pgvector")
_PREFIXES = ("paceline_", "schema_isolation", "integration_engine", "integration_session")


def _heads(stretch: Stretch) -> Hashable | None:
    if stretch.fixture is None or stretch.fixture.baseid:  # a project may override ours with its own
        return None
    if stretch.fixture.argname in _PROVISIONING:
        return "provisioning", stretch.teardown
    return "per test" if stretch.fixture.argname.startswith(_PREFIXES) else None


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    if (seconds := stretch.values.get("isolation_time", 0.0)) > 0:
        yield Claim(seconds=seconds)


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    fixture = shares[0].stretch.fixture
    if fixture is None or fixture.argname not in _PROVISIONING:
        return "Paceline's isolation of the test" if _tests(shares) == 1 else "Paceline's isolation of tests"
    if shares[0].stretch.teardown:
        return "stopping the database that Paceline provides"
    times = len({share.stretch.worker for share in shares})
    return "starting the database that Paceline provides" + (f", in {times} workers" if times > 1 else "")


def _tests(shares: Sequence[Share]) -> int:
    return len({share.stretch.nodeid for share in shares})


CAUSE = Cause(name="isolation", rank=10, words=_words, heads=_heads, claims=_claims)
