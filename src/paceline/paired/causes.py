"""What one series says of another: the causes of a sum are those of what it's made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from paceline.compare.start import BEFORE_TESTS
from paceline.model.comparison import Cause, Delta, SeriesKey
from paceline.model.run import Run
from paceline.paired.growth import grown_most

#: Sums over tests, and the phase that each is of; None for all of them.
SUMS = {"tests": None, "setup": "setup", "call": "call", "teardown": "teardown"}
#: How many places are named, and which share of what the first one cost the others have to.
_MOST, _NOTABLE = 2, 0.1


def with_causes(
    verdicts: Mapping[SeriesKey, Delta],
    wholes: Sequence[tuple[Run, Run]] = (),
    former: Mapping[str, str] = MappingProxyType({}),
) -> dict[SeriesKey, Delta]:
    """Return `verdicts` with imports as causes of a slower start, and what tests do as those of sums.

    Args:
        wholes: pairs of runs of the whole suite, for sums of which no test is known to be slower.
        former: node id in the base by that in the head, for tests that were renamed.
    """
    found = {
        key: _with_its_growth(delta) if key.subject == "import" else delta for key, delta in verdicts.items()
    }
    imports = tuple(
        cause
        for key, delta in found.items()
        if key.subject == "import" and delta.verdict == "regressed"
        for cause in delta.causes
    )
    for key, delta in found.items():
        if not delta.is_worse or delta.causes:
            continue
        if key.subject == "part" and key.name in BEFORE_TESTS:
            found[key] = replace(delta, causes=imports)
        elif is_sum(key):
            phase = SUMS[key.name]
            sure = _of_tests(found.values(), phase)
            found[key] = replace(delta, causes=sure or grown_most(wholes, former, key.metric, phase))
    return found


def is_sum(key: SeriesKey) -> bool:
    """Tell whether a series is a sum over tests."""
    return key.subject in ("suite", "part") and key.name in SUMS


def growth(delta: Delta) -> float:
    """Return by how many seconds a series grew, the speed of the machine left in."""
    return (delta.after or 0.0) - (delta.before or 0.0)


def _with_its_growth(delta: Delta) -> Delta:
    return replace(delta, causes=tuple(replace(cause, seconds=growth(delta)) for cause in delta.causes))


def _of_tests(deltas: Iterable[Delta], phase: str | None) -> tuple[Cause, ...]:
    """Return the places at which tests that regressed spend most of what they grew by."""
    places: dict[str, dict[str, Cause]] = {}
    for delta in deltas:
        key = delta.key
        if key.subject == "test" and delta.verdict == "regressed" and phase in (None, key.phase):
            for cause in delta.causes:
                if cause.where is not None and (cause.seconds or 0.0) > 0:
                    # A test that is slower and counts more says the same twice.
                    places.setdefault(cause.where, {})[f"{key.name} {key.phase}"] = cause
    summed = [
        Cause(
            text=f"{_what(next(iter(causes.values())))}, in {len(causes)} test{'s' * (len(causes) > 1)}",
            where=where,
            seconds=sum(cause.seconds or 0.0 for cause in causes.values()),
        )
        for where, causes in places.items()
    ]
    summed.sort(key=lambda cause: -(cause.seconds or 0.0))
    least = _NOTABLE * (summed[0].seconds or 0.0) if summed else 0.0
    return tuple(cause for cause in summed[:_MOST] if (cause.seconds or 0.0) >= least)


def _what(cause: Cause) -> str:
    """Return what a test does without how often."""
    number, colon, what = cause.text.partition(": ")
    return what if colon and number[:1].isdigit() else cause.text
