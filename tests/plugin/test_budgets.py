"""What a test's line says besides its phases: its own code, and how long it may take."""

from __future__ import annotations

import pytest
from tests.harness.recorded import RecordedProject


def test_the_budget_of_the_nearest_marker_is_recorded(project: RecordedProject) -> None:
    """In seconds, however it was written; a test without a marker has none."""
    project.file(
        "test_it.py",
        """
import pytest

@pytest.mark.budget("1.5min")
class TestAll:
    @pytest.mark.budget(0.25)
    def test_own(self): pass
    def test_inherited(self): pass
def test_none(): pass
""",
    )
    run = project.pytest("--strict-markers").run
    assert {test.nodeid.rpartition("::")[2]: test.budget for test in run.tests} == {
        "test_own": 0.25,
        "test_inherited": 90.0,
        "test_none": None,
    }


@pytest.mark.parametrize("given", ["'soon'", "-1", "", "1, 2", "seconds=1"])
def test_a_budget_that_is_no_time_is_an_error(project: RecordedProject, given: str) -> None:
    """pytest names the test and doesn't start."""
    project.file("test_it.py", f"import pytest\n@pytest.mark.budget({given})\ndef test_it(): pass\n")
    ended = project.pytest()
    assert ended.ret == 4
    assert "test_it.py::test_it: @pytest.mark.budget" in ended.output


def test_the_fingerprint_changes_with_the_tests_code_only(project: RecordedProject) -> None:
    """Comments and places make no difference, parameters share it, and a doctest has none."""
    hashes: list[dict[str, str | None]] = []
    for number, body in enumerate(("assert n", "\n    # why\n    assert n", "assert n + 1")):
        project.file(
            "test_it.py",
            f"import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_it(n):\n    {body.lstrip()}\n"
            "def documented():\n    '''\n    >>> 1\n    1\n    '''\n",
        )
        run = project.pytest("--doctest-modules", out=f"{number}.jsonl").run
        hashes.append({test.nodeid.rpartition("::")[2]: test.source_hash for test in run.tests})
    assert hashes[0] == hashes[1]
    assert hashes[0]["test_it[1]"] == hashes[0]["test_it[2]"] != hashes[2]["test_it[1]"]
    assert hashes[0]["test_it.documented"] is None
