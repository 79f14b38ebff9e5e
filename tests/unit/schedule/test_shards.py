"""The modules of a suite, divided among machines that don't talk to one another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paceline.model.shard import Shard
from paceline.schedule.shards import modules_of

_NODEIDS = st.lists(
    st.builds("tests/test_{}.py::test_{}".format, st.integers(0, 9), st.integers(0, 20)), unique=True
)
_SECONDS = st.floats(0, 1000)


@given(_NODEIDS, st.integers(1, 6), st.data())
def test_every_module_is_run_by_one_machine_and_no_machine_waits_for_more_than_a_module(
    nodeids: list[str], machines: int, data: st.DataObject
) -> None:
    """Whole modules, each once, whatever is known of the times, and in whatever order tests are collected."""
    known = {nodeid: data.draw(_SECONDS) for nodeid in nodeids}
    shards = [Shard(number=number, of=machines) for number in range(1, machines + 1)]

    parts = [modules_of(shard, nodeids, known) for shard in shards]

    modules = {nodeid.partition("::")[0] for nodeid in nodeids}
    assert sorted(modules) == sorted(module for part in parts for module in part)
    assert parts == [modules_of(shard, nodeids[::-1], known) for shard in shards]
    weight = {one: sum(known[nodeid] for nodeid in nodeids if nodeid.startswith(one)) for one in modules}
    loads = [sum(weight[module] for module in part) for part in parts]
    assert max(loads) - min(loads) <= max(weight.values(), default=0.0) + 1e-6


@given(_NODEIDS, st.integers(1, 6))
def test_without_times_the_tests_are_counted(nodeids: list[str], machines: int) -> None:
    """A first run is divided as well."""
    parts = [modules_of(Shard(number=number, of=machines), nodeids, {}) for number in range(1, machines + 1)]

    counts = [sum(nodeid.partition("::")[0] in part for nodeid in nodeids) for part in parts]
    assert sum(counts) == len(nodeids)
