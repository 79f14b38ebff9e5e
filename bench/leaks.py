"""What the audit finds: leaks of every kind by every client, and whom it accuses without a reason.

    python bench/leaks.py                    planted leaks, and the scenarios of the tests with every driver
    python bench/leaks.py --output FILE      as JSON

A planted leak is missed when its test passes, or when the test after it finds something left. An accusation
is false when nothing stays of what the test did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from leaks_project import CLIENTS, CONFTEST, HARMLESS, PLANTED, SCHEMA, TESTS

_ROOT = Path(__file__).resolve().parent.parent
_CONFIGURATION = """
[tool.paceline.suite.schema]
requires = ["postgresql"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one kind of test with one client.

    Attributes:
        tests: how many ran.
        planted: leaks among them.
        missed: leaks that no error named, or that the next test met.
        false: errors of tests that left nothing.
        others: tests that failed for another reason.
    """

    what: str
    tests: int
    planted: int
    missed: tuple[str, ...]
    false: tuple[str, ...]
    others: tuple[str, ...]


def planted(scratch: Path) -> list[Row]:
    """Run all kinds of changes by all clients, and sum up by client.

    Raises:
        RuntimeError: pytest didn't get to the end.
    """
    kinds = json.dumps([PLANTED, HARMLESS, CLIENTS])
    files = {
        "schema.sql": SCHEMA,
        "conftest.py": CONFTEST,
        "test_leaks.py": f"KINDS = {kinds!r}\n{TESTS}",
        "pyproject.toml": _CONFIGURATION + '[tool.paceline.database]\nsql = ["schema.sql"]\n',
    }
    found = _run(scratch / "planted", files)
    rows: list[Row] = []
    for client in CLIENTS:
        missed: list[str] = []
        false: list[str] = []
        others: list[str] = []
        for name, all_kinds in (("planted", PLANTED), ("harmless", HARMLESS)):
            for kind in all_kinds:
                told = found.get(f"test_{name}[{kind}-{client}]", "")
                if "== STATE[0]" in told:
                    missed.append(f"before {kind}")
                elif "call: " in told or "setup: " in told:
                    others.append(f"{kind}: {told[-200:]}")
                elif name == "planted" and "LeakError" not in told:
                    missed.append(kind)
                elif name == "harmless" and told:
                    false.append(f"{kind}: {told[-200:]}")
        rows.append(
            Row(
                what=client,
                tests=len(PLANTED) + len(HARMLESS),
                planted=len(PLANTED),
                missed=tuple(missed),
                false=tuple(false),
                others=tuple(others),
            )
        )
    return rows


def scenarios(scratch: Path) -> list[Row]:
    """Run what the tests do with each driver of PostgreSQL; nothing of it may stay, or be accused."""
    sys.path.insert(0, str(_ROOT))
    from tests.isolation import shared_project

    rows: list[Row] = []
    for driver in ("psycopg", "psycopg2", "asyncpg", "psycopg_async"):
        files = {
            "app.py": shared_project.APPLICATION,
            "conftest.py": shared_project.CONFTEST + _COLLECT,
            "test_scenarios.py": shared_project.SCENARIOS,
            "pyproject.toml": _CONFIGURATION + shared_project.CONFIGURATION,
        }
        found = _run(scratch / driver, files, APP_DRIVER=f"postgresql+{driver}")
        false = [name for name, told in found.items() if "LeakError" in told]
        rows.append(
            Row(
                what=f"scenarios, {driver}",
                tests=int(found["ran"]),
                planted=0,
                missed=(),
                false=tuple(false),
                others=tuple(name for name in found if name not in {*false, "ran"}),
            )
        )
    return rows


_COLLECT = CONFTEST[: CONFTEST.index("async def by_asyncpg")]


def _run(folder: Path, files: Mapping[str, str], **environ: str) -> dict[str, str]:
    """Return what pytest said of each test that didn't pass, and under `ran` how many there were."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    out = folder / "out.json"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PACELINE_"))}
    clean |= {"BENCH_OUT": str(out), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ}
    options = ["-q", "-p", "paceline.plugin", "-p", "no:cacheprovider", "--schema"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    if not out.exists():
        raise RuntimeError(f"pytest ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    told = json.loads(out.read_text())
    return {**told["found"], "ran": str(told["ran"])}


def as_markdown(rows: list[Row]) -> str:
    """Return the table, with the sum below."""
    lines = [
        "| client | tests | planted | missed | false accusations | failed otherwise |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.what} | {row.tests} | {row.planted} "
        f"| {len(row.missed)} | {len(row.false)} | {len(row.others)} |"
        for row in rows
    ]
    sums = [sum(len(getattr(row, name)) for row in rows) for name in ("missed", "false", "others")]
    tests, leaks = sum(row.tests for row in rows), sum(row.planted for row in rows)
    lines.append(f"| **all** | {tests} | {leaks} | {' | '.join(map(str, sums))} |")
    for row in rows:
        lines += [f"- {row.what} missed {kind}" for kind in row.missed]
        lines += [f"- {row.what} accused {kind}" for kind in row.false]
        lines += [f"- {row.what} failed {kind}" for kind in row.others]
    return "\n".join(lines)


def main() -> None:
    """Run and print; the exit code is 1 when anything was missed, accused or failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("planted", "scenarios"), help="only these")
    parser.add_argument("--output", type=Path, help="write the rows to this JSON file")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="paceline-bench-") as folder:
        if options.only != "scenarios":
            rows += planted(Path(folder))
        if options.only != "planted":
            rows += scenarios(Path(folder))
    print(as_markdown(rows))
    if options.output:
        options.output.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    sys.exit(any(row.missed or row.false or row.others for row in rows))


if __name__ == "__main__":
    main()
