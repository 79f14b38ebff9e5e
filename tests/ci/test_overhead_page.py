"""The page about what recording costs says what the measured file says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_page_and_figures_agree(tmp_path: Path) -> None:
    """The command that wrote the page writes the same one again, and prints every figure to reach."""
    figures = shutil.copy(_ROOT / "bench" / "results" / "overhead.json", tmp_path)

    done = subprocess.run(
        [sys.executable, _ROOT / "bench" / "overhead.py", "--parts", "page", "--output", figures],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    page = (_ROOT / "docs" / "explanation" / "overhead.md").read_text()
    assert Path(figures).with_suffix(".md").read_text() == page
    table = page.partition("## What was to be reached\n")[2].partition("\n## ")[0]
    assert len(done.stdout.splitlines()) == table.count("\n| ") - 1
