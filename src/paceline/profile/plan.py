"""What a profile will run, and with which arguments: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from paceline.config import Config, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One pytest process to run.

    Attributes:
        round: 1 for the first.
        shard: part of the suite to run, such as "2/3"; empty for the whole.
    """

    suite: Suite
    round: int
    shard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Where pytest looks for the tests of a suite.

    Attributes:
        paths: files and folders relative to the project; empty leaves it to pytest.
    """

    paths: tuple[str, ...] = ()


def steps(suites: Sequence[Suite], rounds: int | None, shard: str = "") -> tuple[Step, ...]:
    """Return the runs in order, the rounds interleaved across suites.

    Interleaving spreads what disturbs the machine for a while over all suites.

    Args:
        rounds: for every suite; None takes each suite's own number.
        shard: part of each suite; empty for the whole.
    """
    wanted = {suite.name: rounds or suite.rounds for suite in suites}
    last = max(wanted.values(), default=0)
    return tuple(
        Step(suite=suite, round=number, shard=shard)
        for number in range(1, last + 1)
        for suite in suites
        if number <= wanted[suite.name]
    )


def chosen(config: Config, names: Iterable[str], workers: int | None) -> tuple[Suite, ...]:
    """Return the suites called `names`, or all, each once, with `workers` if given.

    Raises:
        UnknownSuiteError: a name is not in the configuration.
    """
    suites = [config.suite(name) for name in dict.fromkeys(names)] or list(config.suites)
    return tuple(suite if workers is None else replace(suite, workers=workers) for suite in suites)


def visible_command(suite: Suite, slowest: int) -> tuple[str, ...]:
    """Return what a person types to run the same tests."""
    marker = ("-m", suite.marker) if suite.marker else ()
    xdist = ("-n", str(suite.workers), f"--dist={suite.dist}") if suite.workers else ()
    flag = (suite.flag,) if suite.flag else ()
    durations = f"--durations={slowest}"
    return ("python", "-m", "pytest", *marker, *flag, durations, *xdist, *suite.args, *suite.paths)


def arguments(step: Step, slowest: int, run_file: str, selection: Selection) -> tuple[str, ...]:
    """Return the arguments behind the interpreter's name: the visible ones and the recorder's."""
    # What was learned lies within the suite's own paths and stands in for them.
    suite = replace(step.suite, paths=()) if selection.paths else step.suite
    return (
        *visible_command(suite, slowest)[1:],
        "-p",
        "paceline",
        "--rootdir=.",  # node ids stay the same when only some files are named
        f"--paceline-out={run_file}",
        f"--paceline-suite={step.suite.name}",
        f"--paceline-round={step.round}",
        *((f"--paceline-shard={step.shard}",) if step.shard else ()),
        *selection.paths,
    )
