"""Profile the opt-in suites of the example application.

    python scripts/perf/profile_marker_suites.py [SUITE...]

A thin caller of `paceline profile`; every option of that command works here too.
"""

import sys
from pathlib import Path

from paceline.cli import main

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "examples" / "shop"
BASELINE = ROOT / "perf_metrics" / "pytest_marker_baselines.json"

if __name__ == "__main__":
    sys.exit(main(["profile", "-C", str(PROJECT), "--output", str(BASELINE), *sys.argv[1:]]))
