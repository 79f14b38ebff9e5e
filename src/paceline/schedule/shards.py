"""Divides the modules of a suite among machines that don't talk to one another: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from paceline.model.shard import Shard


def modules_of(shard: Shard, nodeids: Sequence[str], seconds: Mapping[str, float]) -> frozenset[str]:
    """Return the test modules that belong to `shard`.

    Every machine comes to the same division from the same tests and times. A module stays whole, so that its
    fixtures are set up once and `--dist=loadscope` finds its scopes. The longest module goes first, to the
    shard that has least to do.

    Args:
        nodeids: of all tests of the suite.
        seconds: node id to how long the test took, of those that are known.
    """
    usual = median(seconds.values()) if seconds else 1.0
    weights: dict[str, float] = {}
    for nodeid in nodeids:
        module = nodeid.partition("::")[0]
        weights[module] = weights.get(module, 0.0) + seconds.get(nodeid, usual)
    loads = [0.0] * shard.of
    chosen: set[str] = set()
    for module in sorted(weights, key=lambda name: (-weights[name], name)):
        lightest = loads.index(min(loads))
        loads[lightest] += weights[module]
        if lightest + 1 == shard.number:
            chosen.add(module)
    return frozenset(chosen)
