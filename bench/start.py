"""What Paceline's own start costs each pytest process, in milliseconds of CPU.

A project with one trivial test, in a git repository, is run with Paceline in each of its states. The states
take turns in random order, so that what slows the machine for a while slows all of them. CPU time is user and
system time of the whole process tree; figures are medians of the rounds, with the middle half of them. Other
work on the machine only ever adds, so on a busy one believe the lowest.

    python bench/start.py                          20 rounds of every state, about half a minute
    python bench/start.py --against ../other/src   and the same for another version of Paceline
    python bench/start.py --workers 2              with two workers of pytest-xdist
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

_TABLE = "[tool.paceline.suite.absent]\n\n"
_PYTEST = '[tool.pytest.ini_options]\naddopts = ["-p", "no:cacheprovider"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A way to run the suite.

    Attributes:
        table: whether the project has a `[tool.paceline]` table.
        source: folder that the `paceline` package is taken from; None: the installed one.
    """

    name: str
    loaded: bool = True
    table: bool = False
    recording: bool = False
    source: Path | None = None


def states(against: Path | None) -> list[State]:
    """Return what is compared, pytest without Paceline first."""
    found = [State(name="without", loaded=False)]
    sources = [(None, "")] if against is None else [(None, ""), (against, ", the other version")]
    for source, suffix in sources:
        found += [
            State(name=f"idle{suffix}", source=source),
            State(name=f"gating{suffix}", source=source, table=True),
            State(name=f"recording{suffix}", source=source, table=True, recording=True),
        ]
    return found


def write_project(folder: Path, *, table: bool) -> Path:
    """Write the project into a git repository of its own and return its folder."""
    root = folder / ("table" if table else "plain")
    root.mkdir()
    (root / "pyproject.toml").write_text((_TABLE if table else "") + _PYTEST)
    (root / "test_it.py").write_text("def test_it():\n    pass\n")
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "bench")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


def run(state: State, root: Path, workers: int) -> float:
    """Return the CPU seconds of one pytest process and its children.

    Raises:
        RuntimeError: the test didn't pass.
    """
    out = root.parent / "run.jsonl"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q"]
    command += ["-p", "xdist.plugin", "-n", str(workers)] if workers else []
    command += ["-p", "paceline.plugin"] if state.loaded else []
    command += [f"--paceline-out={out}"] if state.recording else []
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0", "PYTEST_ADDOPTS": ""}
    if state.source is not None:
        variables["PYTHONPATH"] = str(state.source.resolve())
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{state.name}: pytest ended with {process.returncode}\n{log.read().decode()}")
    return usage.ru_utime + usage.ru_stime


def as_markdown(found: Sequence[State], samples: dict[str, list[float]]) -> str:
    """Return a table: the milliseconds of each state, and how many more than without Paceline."""
    bare = samples[found[0].name]
    lines = [
        "| state | CPU ms | middle half | more than without | lowest | more than without |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for state in found:
        seconds = samples[state.name]
        low, _, high = quantiles(seconds, n=4)
        cells = [state.name, f"{median(seconds) * 1e3:.0f}", f"{low * 1e3:.0f}..{high * 1e3:.0f}"]
        cells += [f"{(median(seconds) - median(bare)) * 1e3:+.1f}"]
        cells += [f"{min(seconds) * 1e3:.0f}", f"{(min(seconds) - min(bare)) * 1e3:+.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--against", type=Path, help="folder with another version of the package")
    options = parser.parse_args(arguments)
    found = states(options.against)
    samples: dict[str, list[float]] = {state.name: [] for state in found}
    with tempfile.TemporaryDirectory() as folder:
        roots = {table: write_project(Path(folder), table=table) for table in (False, True)}
        for state in found:  # compiles what isn't compiled yet
            run(state, roots[state.table], options.workers)
        for _ in range(options.rounds):
            for state in random.sample(found, len(found)):
                samples[state.name].append(run(state, roots[state.table], options.workers))
    print(as_markdown(found, samples))


if __name__ == "__main__":
    main()
