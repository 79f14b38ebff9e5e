"""Pairs of the working tree with itself: whatever differs between them is chance."""

from __future__ import annotations

from paceline.config import Suite
from paceline.errors import NotMeasuredError
from paceline.model.environment import Environment
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.run import Run
from paceline.paired.figures import Figures, Pair
from paceline.paired.order import sides
from paceline.paired.request import GateRequest, Tally, Watcher, profile_of, sample
from paceline.paired.sample import warm_up


def measure(
    request: GateRequest, suite: Suite, pairs: int, watcher: Watcher
) -> tuple[tuple[Pair, ...], Environment]:
    """Run `suite` `pairs` times on both sides; return the figures, and where they were measured.

    Args:
        pairs: at least one.

    Raises:
        NotMeasuredError: a run gave no figures.
        KeyboardInterrupt: Ctrl-C.
    """
    tally = Tally(deadline=request.deadline)
    places = {"base": request.base, "head": request.head}
    watcher.said(f"{suite.name}: warming up")
    warm_up(request.bench, request.head, request.base, suite)
    made: list[Pair] = []
    environment: Environment | None = None
    for number in range(pairs):
        spent = tally.seconds / number if number else 0.0
        watcher.pair(suite.name, 0, number + 1, pairs, spent * (pairs - number))
        runs: dict[str, Run] = {}
        for name in sides(number):
            stem = f"{suite.name}-calibration-{number + 1:02}-{name}"
            one = sample(request, suite, places[name], stem, (), number, tally)
            if one.run is None or one.result.status not in MEASURED_STATUSES:
                raise NotMeasuredError(
                    f"{suite.name} could not be measured: {one.result.reason or one.result.status}",
                    hint=f"All of pytest's output: {one.result.log}",
                )
            runs[name] = one.run
        environment = runs["head"].header.environment
        base, head = (Figures(profile=profile_of(suite, (runs[name],))) for name in ("base", "head"))
        made.append(Pair(base=base, head=head))
    assert environment is not None
    return tuple(made), environment
