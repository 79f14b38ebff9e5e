"""The published rates of false alarms and of slowdowns found are those that were measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("detection_table", ROOT / "bench/detection/table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_measured(table: ModuleType) -> None:
    """To renew it: python bench/detection/table.py."""
    page = table.PAGE.read_text(encoding="utf-8")
    assert page == table.renewed(page, json.loads(table.RESULTS.read_text(encoding="utf-8")))


def test_the_readme_names_the_proven_rate(table: ModuleType) -> None:
    """The same figure as on the page."""
    bound = json.loads(table.RESULTS.read_text(encoding="utf-8"))["simulated"]["per_request_bound"]
    assert f"{bound:.2%} of them (95 % bound)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert bound < 0.01
