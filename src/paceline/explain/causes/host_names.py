"""Looking up the addresses of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, common, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "host_names"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "dns", "dns_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'DNS look-up')} of {common(shares) or 'hosts'}"


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(evidence, NAME, "name an address instead of looking {what} up")


CAUSE = Cause(name=NAME, rank=34, words=_words, claims=_claims, advises=_advises, bundled=True)
