"""Short ways to make records for tests of pure functions."""

from __future__ import annotations

from paceline.model.environment import Environment
from paceline.model.run import (
    SCHEMA_VERSION,
    Arguments,
    Phase,
    PhaseName,
    PhaseOutcome,
    Run,
    RunEnd,
    RunHeader,
    TestRecord,
)


def make_environment(**changes: object) -> Environment:
    """Return a usual environment."""
    usual: dict[str, object] = {
        "python": "3.12.1",
        "implementation": "CPython",
        "system": "Linux 6.1",
        "machine": "x86_64",
        "cpu_model": "A CPU",
        "cpu_count": 4,
        "cpu_limit": None,
        "memory_limit": None,
        "ci_provider": None,
        "pytest": "9.2.0",
        "plugins": {},
        "services": {},
    }
    return Environment(**(usual | changes))  # type: ignore[arg-type]


def make_header(*, suite: str = "s", workers: int = 0) -> RunHeader:
    """Return the header of a usual run."""
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run_id="20260101T000000.000Z-00000000",
        suite=suite,
        round=1,
        started_at=1_767_225_600.0,
        paceline="0",
        arguments=Arguments(
            command_line=("-m", suite), addopts=(), environment="", marker_expression=suite, paths=()
        ),
        workers=workers,
        dist="loadscope" if workers else None,
        seed=None,
        hash_seed=None,
        test_patterns=("test_*.py",),
        test_paths=(),
        environment=make_environment(),
        revision=None,
        metrics=(),
    )


def make_test(
    nodeid: str,
    *,
    setup: float = 0.1,
    call: float = 0.2,
    teardown: float = 0.1,
    outcome: PhaseOutcome = "passed",
    reason: str | None = None,
) -> TestRecord:
    """Return a test whose call had `outcome`; durations in seconds, CPU time half of them."""
    timed: dict[PhaseName, float] = {"setup": setup, "call": call, "teardown": teardown}
    phases = tuple(
        Phase(
            phase=phase,
            outcome=outcome if phase == "call" else "passed",
            start=0.0,
            values={"duration": duration, "cpu_time": duration / 2},
            reason=reason if phase == "call" else None,
        )
        for phase, duration in timed.items()
    )
    return TestRecord(
        nodeid=nodeid,
        path=nodeid.partition("::")[0],
        lineno=0,
        markers=(),
        worker="main",
        attempt=1,
        phases=phases,
    )


def make_run(*tests: TestRecord, wall: float = 1.0, exit_code: int = 0, workers: int = 0) -> Run:
    """Return a run of `tests` that pytest ended with `exit_code`."""
    return Run(
        header=make_header(workers=workers),
        collected=tuple(dict.fromkeys(test.nodeid for test in tests)),
        tests=tests,
        end=RunEnd(exit_code=exit_code, duration=wall, cpu_time=wall / 2),
    )
