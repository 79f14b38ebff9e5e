"""Whether `paceline gate` finds what was planted in the example shop, and nothing where nothing was.

Each change is made in a copy of the shop, which has a repository of its own, and the gate compares it with
the commit before. Six slowdowns of different kinds, each to be found and named; then commits
that change no time.

    python bench/planted.py                     all six, and ten commits without a change: about half an hour
    python bench/planted.py --only sleep n+1    some of them
    python bench/planted.py --unchanged 3       three commits without a change
    python bench/planted.py --output FILE       the results in a JSON file, others in it stay
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOP = Path(__file__).resolve().parents[1] / "examples" / "shop"
_KEPT_LINES = 24
_IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
#: A suite of a single file, for a change that shows nowhere else.
_CUSTOMERS = """
[tool.paceline.suite.customers]
marker = "schema"
flag = "--schema"
requires = ["postgresql", "pgvector"]
isolation = "transaction"
paths = ["tests/schema/test_customers.py"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A text that takes the place of another.

    Attributes:
        found: what the gate's report has to hold.
    """

    name: str
    suite: str
    file: str
    old: str
    new: str
    found: tuple[str, ...] = ()


PLANTED = (
    Change(
        name="n+1",
        suite="pgvector",
        file="src/shop/search.py",
        old="    return _hits(session, nearest(vector, filters=filters, limit=limit))\n\n\ndef similar",
        new="    hits = _hits(session, nearest(vector, filters=filters, limit=limit))\n"
        "    for hit in hits:\n"
        "        session.scalar(select(Category.slug).where(Category.id == hit.product.category_id))\n"
        "    return hits\n\n\ndef similar",
        found=("regressed", "src/shop/search.py:"),
    ),
    Change(
        name="narrowed fixture",
        suite="schema",
        file="tests/conftest.py",
        old='@pytest.fixture(scope="session")\ndef migrated_',
        new='@pytest.fixture(scope="module")\ndef migrated_',
        found=("regressed", "migrated_template", "built"),
    ),
    Change(
        name="sleep",
        suite="pgvector",
        file="src/shop/search.py",
        old="        vector = embed(query)\n",
        new="        vector = embed(query)\n        __import__('time').sleep(0.03)\n",
        found=("regressed", "sleep", "src/shop/search.py:"),
    ),
    Change(
        name="heavier import",
        suite="pgvector",
        file="src/shop/embedding.py",
        old="DIMENSIONS = 96\n",
        new="_TABLE = [number * number % 97 for number in range(4_000_000)]\nDIMENSIONS = 96\n",
        found=("regressed", "shop.embedding"),
    ),
    Change(
        name="slower migration",
        suite="pgvector",
        file="migrations/versions/0006_stock_ledger.py",
        old='    op.create_index("ix_stock_movements_product_id"',
        new='    op.execute("SELECT pg_sleep(0.5)")\n    op.create_index("ix_stock_movements_product_id"',
        found=("regressed", "migrated_template"),
    ),
    Change(
        name="20 % slower loop",
        suite="customers",
        file="src/shop/passwords.py",
        old="ITERATIONS = 600_000",
        new="ITERATIONS = 720_000",
        found=("regressed", "test_second_registration"),
    ),
)


#: Suite, file and line of it, beside which a comment changes nothing.
_INNOCENT = (
    ("pgvector", "src/shop/embedding.py", "DIMENSIONS = 96\n"),
    ("customers", "src/shop/passwords.py", "ITERATIONS = 600_000\n"),
)


def unchanged(number: int) -> Change:
    """Return a change of a comment, in one suite after the other."""
    suite, file, old = _INNOCENT[number % len(_INNOCENT)]
    return Change(
        name=f"no change {number}", suite=suite, file=file, old=old, new=f"# Comment number {number}.\n{old}"
    )


def run(change: Change, folder: Path) -> tuple[bool, float, str]:
    """Return whether the gate said what it should, its seconds, and what it said."""
    path = folder / change.file
    text = path.read_text()
    if change.old not in text:
        raise RuntimeError(f"{change.name}: {change.file} doesn't hold what is to be replaced")
    path.write_text(text.replace(change.old, change.new))
    try:
        _git(folder, "commit", "-qam", change.name)
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "paceline", "gate", change.suite, "--base", "HEAD~1"],
            cwd=folder,
            env={**os.environ, "COLUMNS": "240", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
    finally:
        _git(folder, "reset", "-q", "--hard", "HEAD~1")
    said = done.stdout + done.stderr
    right = done.returncode == (10 if change.found else 0) and all(word in said for word in change.found)
    return right, seconds, said


def keep(path: Path, change: Change, right: bool, seconds: float, said: str) -> None:
    """Put what was found into the JSON file at `path`, in place of an earlier result of the same change."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"changes": []}
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip(" \u2500")]
    found = {
        "change": change.name,
        "suite": change.suite,
        "right": right,
        "date": time.strftime("%Y-%m-%d"),
        "load": [round(value, 1) for value in os.getloadavg()],
        "seconds": round(seconds, 1),
        "said": lines[:_KEPT_LINES] if change.found or not right else lines[:1],
    }
    names = [*dict.fromkeys([*(one.name for one in PLANTED), *(one["change"] for one in known["changes"])])]
    rest = {one["change"]: one for one in known["changes"]} | {change.name: found}
    known["changes"] = [rest[name] for name in dict.fromkeys([*names, change.name]) if name in rest]
    path.write_text(f"{json.dumps(known, indent=1)}\n")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *_IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


def main() -> int:
    """Plant and gate, and say what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[change.name for change in PLANTED], metavar="NAME")
    parser.add_argument("--unchanged", type=int, default=10, metavar="N")
    parser.add_argument("--output", type=Path, metavar="FILE")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="paceline-planted-") as scratch:
        folder = Path(scratch) / "shop"
        shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".paceline", "__pycache__", ".*_cache"))
        with (folder / "pyproject.toml").open("a") as file:
            file.write(_CUSTOMERS)
        (folder / ".gitignore").write_text(".paceline/\n__pycache__/\n.pytest_cache/\n.hypothesis/\n")
        _git(folder, "init", "-q", "-b", "main")
        _git(folder, "add", "-A")
        _git(folder, "commit", "-qm", "the shop")
        changes = [change for change in PLANTED if change.name in options.only]
        for change in [*changes, *map(unchanged, range(1, options.unchanged + 1))]:
            right, seconds, said = run(change, folder)
            print(f"{'right' if right else 'WRONG'}  {seconds:6.1f} s  {change.name}", flush=True)
            if change.found or not right:
                print("\n".join(f"    {line}" for line in said.splitlines()), flush=True)
            wrong += not right
            if options.output is not None:
                keep(options.output, change, right, seconds, said)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
