"""Has pytest collect the suites, and reads what it found."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paceline.config import Config, Suite
from paceline.doctor.case import Case, Examined, Failure
from paceline.doctor.environment import components
from paceline.model.facts import Facts
from paceline.model.run import RunEnd
from paceline.profile.runner import Progress, RunInterruptedError, run_pytest
from paceline.store.facts_file import read_facts

_USAGE_ERROR = 4  # pytest's
_LINES = 15
#: Without tests (5) and with errors of collection (1, 2, 3) there are facts that say more.
_TELLING = {0, 1, 2, 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to look at.

    Attributes:
        root: the project's folder.
        start: bring up the tests' database as well.
    """

    root: Path
    config: Config
    suites: tuple[Suite, ...]
    start: bool = False


def examine(request: Request) -> Case:
    """Collect the suites, those with the same arguments and environment together, and return what is known.

    Raises:
        KeyboardInterrupt: the user asked to stop; pytest has ended.
        UnreadableFileError: pytest left something else than facts.
    """
    together: dict[object, list[Suite]] = {}
    for suite in request.suites:
        together.setdefault((suite.args, suite.env), []).append(suite)
    with tempfile.TemporaryDirectory(prefix="paceline-doctor-") as folder:
        examined = tuple(
            _collected(request, tuple(suites), Path(folder, str(number)))
            for number, suites in enumerate(together.values())
        )
    return Case(
        config=request.config,
        suites=request.suites,
        components=components(),
        examined=examined,
        autoload=not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"),
    )


def _collected(request: Request, suites: tuple[Suite, ...], folder: Path) -> Examined:
    folder.mkdir()
    flags = [suite.flag for suite in request.config.suites if suite.flag]
    facts, end, output = _run(request, suites, folder, flags)
    if facts is None and end.exit_code == _USAGE_ERROR:
        # Perhaps a flag isn't the switch that it should be; without any of them the facts tell which.
        without, _, _ = _run(request, suites, folder, [])
        if without is not None:
            usable = {flag.suite for flag in without.flags if flag.switch}
            flags = [suite.flag for suite in request.config.suites if suite.name in usable]
            facts, end, output = _run(request, suites, folder, flags)
    return Examined(suites=suites, facts=facts, failure=_failure(facts, end, output))


def _run(
    request: Request, suites: Sequence[Suite], folder: Path, flags: Sequence[str]
) -> tuple[Facts | None, RunEnd, list[str]]:
    path, log = folder / "facts.json", folder / "pytest.log"
    start = ["--paceline-facts-start"] if request.start else []
    command = [
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "paceline", "-m", ""),
        *(f"--paceline-facts={path}", *start, *dict.fromkeys(flags), *suites[0].args),
    ]
    environment: Mapping[str, str] = {**os.environ, **dict(suites[0].env)}
    try:
        end = run_pytest(
            command,
            directory=request.root,
            environment=environment,
            run_file=folder / "none.jsonl",
            log=log,
            stall_timeout=request.config.stall_timeout,
            advanced=_nothing,
        )
    except RunInterruptedError as stop:
        raise KeyboardInterrupt from stop
    return read_facts(path), end, log.read_text(encoding="utf-8", errors="replace").splitlines()


def _failure(facts: Facts | None, end: RunEnd, output: list[str]) -> Failure | None:
    if facts is not None and end.exit_code in _TELLING:
        return None
    if end.stalled:
        what = "pytest didn't end its collection, and was ended"
    elif end.signal is not None:
        what = f"pytest was ended by signal {end.signal} while it collected"
    else:
        what = f"pytest ended with exit code {end.exit_code} before the tests were collected"
    # The node ids that were listed before it ended are no news.
    told = [line for line in output if line.strip() and "::" not in line.split()[0]]
    return Failure(what=what, output=tuple(told[-_LINES:]))


def _nothing(progress: Progress) -> None:
    """Nobody watches."""
