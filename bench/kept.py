"""What recording keeps: bytes of memory in the process that writes, and bytes on the disk.

Two suites of n and 4n tests are recorded with every default metric; the difference is what 3n tests keep.
"""

from __future__ import annotations

import gzip
import subprocess
from dataclasses import dataclass
from pathlib import Path

from configurations import DEFAULT, Configuration, environment
from processes import FailedRunError, cleared, command
from projects import Projects

_PHASES = 3

#: Says how many bytes that our files have allocated are still there when the session ends.
_LOOKS = """\
import gc
import os
import tracemalloc

import pytest

tracemalloc.start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        return
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/paceline/*")])
    with open(os.environ["BENCH_LOOP"] + ".kept", "w") as file:
        file.write(str(sum(one.size for one in ours.statistics("filename"))))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Bytes for each test, and for each of its phases in the gzipped run file."""

    workers: int
    memory_per_test: float
    file_per_phase: float


def keep(configuration: Configuration, sizes: tuple[Projects, Projects], workers: int, scratch: Path) -> Kept:
    """Record both suites with `workers` and return what each further test keeps.

    Raises:
        FailedRunError: a test failed, or pytest did.
    """
    (sizes[0].plugins / "bench_kept.py").write_text(_LOOKS)
    (small, packed), (large, packed_large) = (
        _recorded(configuration, projects, workers, scratch) for projects in sizes
    )
    tests = sizes[1].tests - sizes[0].tests
    return Kept(
        workers=workers,
        memory_per_test=round((large - small) / tests, 1),
        file_per_phase=round((packed_large - packed) / tests / _PHASES, 1),
    )


def _recorded(one: Configuration, projects: Projects, workers: int, scratch: Path) -> tuple[int, int]:
    if one.name != DEFAULT:
        raise ValueError(f"{one.name} isn't what is recorded by default")
    out, loop = cleared(scratch)
    done = subprocess.run(
        [*command(one, workers, out), "-p", "bench_kept"],
        cwd=projects.table,
        env=environment(projects.plugins, loop),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FailedRunError(f"pytest ended with {done.returncode}\n{(done.stdout + done.stderr)[-500:]}")
    kept = int(Path(f"{loop}.kept").read_text())
    return kept, len(gzip.compress(out.read_bytes(), compresslevel=6))
