"""The example application, whose engine is made when a module is imported, in any order and in parallel."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.harness.database import clean_environ

from paceline.store.run_file import read_run

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"


def outcomes(shop: Path, *options: str) -> dict[str, str]:
    """Run the suite `schema` in shuffled order and return the outcome of each test."""
    out = shop / f"{'-'.join(options).strip('-')}.jsonl"
    # The project's own options keep the plugin away that shuffles, so they are given anew.
    command = [sys.executable, "-m", "pytest", "--schema", "-m", "schema", "-q", "--paceline-out", str(out)]
    plugins = ["-o", "addopts=--strict-markers --import-mode=importlib"]
    for plugin in ("paceline.plugin", "pytest_randomly", "xdist"):
        plugins += ["-p", plugin]
    done = subprocess.run(
        [*command, *plugins, *options],
        cwd=shop,
        env=clean_environ(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return {test.nodeid: test.outcome for test in read_run(out).tests}


def test_the_shops_schema_suite_has_the_same_outcomes_in_every_order(tmp_path: Path) -> None:
    """Shuffled by two seeds, in one process and in two."""
    shop = tmp_path / "shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns(".paceline", "__pycache__", ".pytest_cache"))
    serial = outcomes(shop, "--randomly-seed=1")
    parallel = outcomes(shop, "--randomly-seed=2", "-n", "2", "--dist=loadscope")
    assert serial == parallel
    assert set(serial.values()) == {"passed"}
    assert len(serial) > 100
