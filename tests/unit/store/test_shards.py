"""The run files of all shards, made into one."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import a_run, a_test, phase, spans

from paceline.model.run import Run, RunEnd
from paceline.store.run_file import line, parse_run
from paceline.store.shards import parse_leg, united

_SECONDS = st.floats(0, 100)


def content(run: Run) -> bytes:
    """Return a run file."""
    lines = [line("header", run.header), line("collected", {"nodeids": list(run.collected or ())})]
    lines += [line("span", span) for span in run.spans]
    lines += [line("test", test) for test in run.tests]
    if run.end is not None:
        lines.append(line("end", run.end))
    return "".join(f"{text}\n" for text in lines).encode()


def part(number: int, of: int, seconds: list[float], exit_code: int) -> Run:
    """Return what one machine has left."""
    tests = [
        a_test(f"test_{number}_{at}", phase("call", value), path=f"test_{number}.py")
        for at, value in enumerate(seconds)
    ]
    run = a_run(*tests, spans=spans(startup=1.0, tests=sum(seconds)))
    end = RunEnd(exit_code=exit_code, duration=sum(seconds) + 1, cpu_time=sum(seconds))
    return replace(run, header=replace(run.header, shard=f"{number}/{of}"), end=end)


@given(st.lists(st.lists(_SECONDS, max_size=4), min_size=2, max_size=5), st.randoms())
def test_the_whole_is_the_sum_of_its_parts(parts: list[list[float]], order: random.Random) -> None:
    """Every test once, in the order of the shards, whichever is read first; one without tests is fine."""
    runs = [part(at, len(parts), seconds, 0 if seconds else 5) for at, seconds in enumerate(parts, 1)]
    legs = [parse_leg(content(run), f"leg{at}") for at, run in enumerate(runs)]
    order.shuffle(legs)

    whole = parse_run(united(legs), "whole")

    assert [test.nodeid for run in runs for test in run.tests] == [test.nodeid for test in whole.tests]
    assert [name for run in runs for name in run.collected or ()] == list(whole.collected or ())
    assert whole.end is not None
    assert whole.end.exit_code == (0 if any(parts) else 5)
    assert whole.end.duration == max(sum(seconds) + 1 for seconds in parts)
    assert whole.end.cpu_time == sum(sum(seconds) for seconds in parts)
    assert {test.worker for test in whole.tests} == {
        f"main.{at}" for at, seconds in enumerate(parts, 1) if seconds
    }
    assert whole.header.shard is None


def test_a_shard_that_never_ended_leaves_the_whole_without_an_end() -> None:
    """So it is an interrupted run, and no figures of a whole suite are taken from it."""
    first, second = part(1, 2, [1.0], 0), replace(part(2, 2, [1.0], 0), end=None)
    legs = [parse_leg(content(run), "leg") for run in (first, second)]

    assert parse_run(united(legs), "whole").end is None
