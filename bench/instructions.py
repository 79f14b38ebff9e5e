"""Instructions per test, counted by valgrind: the same on a busy machine as on a quiet one.

Two suites of n and 3n tests are counted, garbage collection off; what start-up and imports take is in both,
so the difference is what 2n tests take. It says nothing of what the kernel does for a system call. Whatever
depends on time does so fifty times as slowly here: Paceline takes every phase for a long one and every
fixture for one worth a mention, so that its own count is that of tests which are fifty times as long.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from configurations import BARE, NOISE, Configuration, environment
from processes import FailedRunError, cleared, command
from projects import Projects

_COLLECTED = re.compile(r"Collected : (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Instructions of one configuration of one suite.

    Attributes:
        per_test: thousands of instructions per test.
        added: thousands per test more than bare pytest.
        ratio: to bare pytest.
    """

    configuration: str
    statements: int
    per_test: float
    added: float
    ratio: float


def count(
    configurations: Sequence[Configuration], sizes: tuple[Projects, Projects], scratch: Path
) -> Iterator[Count]:
    """Count each configuration in a small and a large suite; a peer that fails is left out.

    Raises:
        FailedRunError: bare pytest failed.
        FileNotFoundError: there is no valgrind.
    """
    bare = _per_test(Configuration(name=BARE), sizes, scratch)
    for one in configurations:
        if one.name == NOISE:
            continue
        try:
            found = _per_test(one, sizes, scratch)
        except FailedRunError as error:
            sys.stderr.write(f"{one.name}: {error}\n")
            continue
        yield Count(
            configuration=one.name,
            statements=sizes[0].statements,
            per_test=round(found / 1e3, 1),
            added=round((found - bare) / 1e3, 1),
            ratio=round(found / bare, 4),
        )


def _per_test(one: Configuration, sizes: tuple[Projects, Projects], scratch: Path) -> float:
    small, large = (_instructions(one, projects, scratch) for projects in sizes)
    return (large - small) / (sizes[1].tests - sizes[0].tests)


def _instructions(one: Configuration, projects: Projects, scratch: Path) -> int:
    out, loop = cleared(scratch)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command(one, 0, out)],
        cwd=projects.table if one.table else projects.plain,
        env=environment(projects.plugins, loop, gc=False),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = _COLLECTED.search(done.stderr)
    if done.returncode or found is None or f"{projects.tests} passed" not in done.stdout:
        raise FailedRunError(f"pytest ended with {done.returncode}\n{(done.stdout + done.stderr)[-500:]}")
    return int(found[1])
