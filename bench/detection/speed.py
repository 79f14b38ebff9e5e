"""CPU seconds for judging a run of 5,000 tests against 50 stored runs, once they are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import exp
from random import Random
from typing import Any

from paceline.compare.align import align
from paceline.compare.rules import Rules
from paceline.compare.timing import judge_times
from paceline.model.comparison import Side
from paceline.model.profile import Profile, Summary, TestSeries
from paceline.model.run import PHASES, Arguments, Phase, PhaseName, Run, RunEnd, RunHeader, TestRecord
from paceline.stats.noise import fit, scored, widened
from paceline.stats.robust import middle

TESTS, RUNS = 5000, 50
#: Usual seconds of each phase.
_USUAL: dict[PhaseName, float] = {"setup": 0.0002, "call": 0.003, "teardown": 0.0001}


def model() -> Callable[[], object]:
    """Return what fits the noise of one time of all tests and scores a new run."""
    random = Random(1)
    history: dict[int, list[float | None]] = {
        at: [0.001 * exp(random.gauss(0, 0.1)) for _ in range(RUNS)] for at in range(TESTS)
    }
    new = {at: 0.001 * exp(random.gauss(0, 0.1)) for at in range(TESTS)}

    def judge() -> object:
        noises = fit(history)
        return widened(scored(noises, new), noises)

    return judge


def comparison() -> Callable[[], object]:
    """Return the whole judgement of times: three phases of every test, from stored runs to verdicts."""
    random = Random(2)
    runs = tuple(_run(random, at) for at in range(RUNS + 1))
    base = Side(label="base", profile=_profile(runs[0]), runs=runs[:-1])
    head = Side(label="head", profile=_profile(runs[-1]), runs=runs[-1:])
    pairs = align(base.profile.tests, head.profile.tests).pairs
    return lambda: judge_times("s", base, head, pairs, Rules())


def seconds(tries: int = 5) -> dict[str, Any]:
    """Return the CPU seconds of several tries, of the noise model alone and of the whole."""
    found: dict[str, Any] = {"tests": TESTS, "runs": RUNS}
    for name, made in (("model", model()), ("comparison", comparison())):
        spent: list[float] = []
        for _ in range(tries):
            start = time.process_time()
            made()
            spent.append(time.process_time() - start)
        found[name] = {"median": round(middle(spent), 3), "slowest": round(max(spent), 3)}
    return found


def _run(random: Random, at: int) -> Run:
    tests = tuple(
        TestRecord(
            nodeid=f"tests/test_{number // 50}.py::test_{number}",
            path=f"tests/test_{number // 50}.py",
            lineno=1,
            markers=(),
            worker="main",
            attempt=1,
            phases=tuple(
                Phase(
                    phase=phase,
                    outcome="passed",
                    start=0.0,
                    values={"clean_time": usual * exp(random.gauss(0, 0.08))},
                )
                for phase, usual in _USUAL.items()
            ),
        )
        for number in range(TESTS)
    )
    header = RunHeader(
        schema_version=1,
        run_id=str(at),
        suite="s",
        round=1,
        started_at=1e5 * at,
        paceline="0",
        arguments=Arguments(command_line=(), addopts=(), environment="", marker_expression="", paths=()),
        workers=0,
        dist=None,
        seed=None,
        hash_seed=None,
        test_patterns=(),
        test_paths=(),
        environment=None,
        revision=None,
        metrics=(),
    )
    return Run(
        header=header,
        collected=tuple(test.nodeid for test in tests),
        tests=tests,
        spans=(),
        end=RunEnd(exit_code=0),
    )


def _profile(run: Run) -> Profile:
    def summary(value: float) -> Summary:
        return Summary(n=1, median=value, spread=None, low=value, high=value)

    tests = tuple(
        TestSeries(
            nodeid=test.nodeid,
            outcome="passed",
            phases={
                name: {"clean_time": summary(phase.values["clean_time"])}
                for name, phase in zip(PHASES, test.phases, strict=True)
            },
        )
        for test in run.tests
    )
    return Profile(suite="s", marker="s", command="", status="measured", rounds=1, tests=tests)
