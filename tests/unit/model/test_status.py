"""From how a run ended to its status."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.runs import HEADER, a_test, run_of

from paceline.model.run import CollectionError, Run, RunEnd, RunStatus
from paceline.model.status import final_attempts, outcomes_of, reason_for, status_of, unreported

_PASSED = a_test("t.py::a")
_FAILED = a_test("t.py::b", call="failed")
_SKIPPED = a_test("t.py::c", setup="skipped", call=None)
_ERROR = a_test("t.py::d", setup="failed", call=None)
_CRASHED = a_test("t.py::e", call="crashed", teardown=None)
_BROKEN = CollectionError(nodeid="t.py", reason="SyntaxError: invalid")


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (run_of(_PASSED), "measured"),
        (run_of(_PASSED, _SKIPPED), "measured"),
        (run_of(_PASSED, exit_code=1), "measured"),  # such as a missed coverage threshold
        (run_of(_PASSED, exit_code=6), "measured"),  # too many warnings
        (run_of(_PASSED, _FAILED, exit_code=1), "tests_failed"),
        (run_of(_PASSED, _ERROR, exit_code=1), "tests_failed"),
        (run_of(_PASSED, _CRASHED, exit_code=1), "tests_failed"),
        (run_of(_SKIPPED), "not_provisioned"),  # F4
        (run_of(_SKIPPED, _SKIPPED), "not_provisioned"),
        (run_of(_ERROR, exit_code=1), "provisioning_error"),  # F5
        (run_of(_ERROR, _SKIPPED, exit_code=1), "provisioning_error"),
        (run_of(exit_code=5), "no_tests"),
        (run_of(exit_code=0), "no_tests"),
        (run_of(exit_code=1, collected=("t.py::a",)), "crashed"),
        (run_of(exit_code=3, collected=()), "crashed"),
        (run_of(exit_code=4), "crashed"),
        (run_of(exit_code=77), "crashed"),
        (run_of(exit_code=None), "crashed"),
        (run_of(_PASSED, exit_code=2), "interrupted"),
        (run_of(_PASSED, exit_code=0, collected=("t.py::a", "t.py::never")), "interrupted"),
        (run_of(_PASSED, exit_code=1, collected=("t.py::a", "t.py::never")), "crashed"),
        (run_of(_SKIPPED, exit_code=0, collected=("t.py::c", "t.py::never")), "interrupted"),
        (run_of(_FAILED, exit_code=1, collected=("t.py::b", "t.py::never")), "tests_failed"),  # -x
        (replace(run_of(_PASSED), end=None), "interrupted"),
        (replace(run_of(_PASSED), end=RunEnd(exit_code=None, signal=9)), "crashed"),
        (replace(run_of(_PASSED), end=RunEnd(exit_code=None, signal=11)), "crashed"),
        (replace(run_of(_PASSED), end=RunEnd(exit_code=None, signal=2)), "interrupted"),
        (replace(run_of(_PASSED), end=RunEnd(exit_code=None, signal=15)), "interrupted"),
        (replace(run_of(_PASSED), end=RunEnd(exit_code=0, stalled=True)), "crashed"),
        (replace(run_of(exit_code=2), collection_errors=(_BROKEN,)), "collection_error"),
        (replace(run_of(exit_code=4), collection_errors=(_BROKEN,)), "collection_error"),
        (replace(run_of(_PASSED, exit_code=1), collection_errors=(_BROKEN,)), "collection_error"),
    ],
)
def test_status(run: Run, status: RunStatus) -> None:
    """Every ending has one status."""
    assert status_of(run) == status


@pytest.mark.parametrize("declared", ["not_provisioned", "provisioning_error"])
def test_an_exception_may_decide_the_status(declared: RunStatus) -> None:
    """An error in set-up that says what it is wins over what the outcomes look like."""
    said = a_test("t.py::d", setup="failed", call=None, run_status=declared)
    assert status_of(run_of(_PASSED, said, exit_code=1)) == declared


def test_a_provisioning_error_outweighs_a_missing_server() -> None:
    """Broken code is the worse news."""
    missing = a_test("t.py::x", setup="failed", call=None, run_status="not_provisioned")
    broken = a_test("t.py::y", setup="failed", call=None, run_status="provisioning_error")
    assert status_of(run_of(missing, broken, exit_code=1)) == "provisioning_error"


def test_only_the_last_attempt_counts() -> None:
    """A rerun that passed makes up for a set-up that had failed."""
    first = a_test("t.py::d", setup="failed", call=None, run_status="not_provisioned")
    second = replace(a_test("t.py::d"), attempt=2)
    run = run_of(first, second)
    assert final_attempts(run) == (second,)
    assert dict(outcomes_of(run)) == {"passed": 1}
    assert status_of(run) == "measured"


def test_unreported_tests_are_named() -> None:
    """A test whose tear-down never came counts as unreported."""
    cut = a_test("t.py::cut", teardown=None)
    run = run_of(_PASSED, cut, collected=("t.py::a", "t.py::cut", "t.py::never"))
    assert unreported(run) == ("t.py::cut", "t.py::never")


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (run_of(_PASSED), None),
        (run_of(exit_code=5), "no test is selected by -m 'schema'"),
        (
            run_of(_PASSED, exit_code=1, collected=("t.py::a", "b")),
            "pytest ended with exit code 1, 1 tests never reported",
        ),
        (run_of(_PASSED, exit_code=2, collected=("t.py::a", "b")), "1 of 2 tests had not run"),
        (
            replace(run_of(exit_code=2), collection_errors=(_BROKEN, _BROKEN)),
            "t.py: SyntaxError: invalid (and 1 more)",
        ),
        (replace(run_of(), end=RunEnd(exit_code=None, signal=9)), "pytest was ended by signal 9"),
        (run_of(_SKIPPED, _SKIPPED), "because"),
    ],
)
def test_reason(run: Run, reason: str | None) -> None:
    """One line that says why."""
    assert reason_for(run, status_of(run)) == reason


@pytest.mark.parametrize(
    ("setup", "call", "teardown", "outcome"),
    [
        ("passed", "passed", "passed", "passed"),
        ("passed", "passed", "skipped", "passed"),
        ("passed", "failed", "passed", "failed"),
        ("passed", "failed", None, "failed"),
        ("passed", "xfailed", "passed", "xfailed"),
        ("passed", "xpassed", "passed", "xpassed"),
        ("passed", "skipped", "passed", "skipped"),
        ("skipped", None, "passed", "skipped"),
        ("xfailed", None, "passed", "xfailed"),
        ("failed", None, "passed", "error"),
        ("passed", "passed", "failed", "error"),
        ("passed", "passed", None, "incomplete"),
        ("passed", None, None, "incomplete"),
        ("passed", "crashed", None, "crashed"),
        ("crashed", None, None, "crashed"),
    ],
)
def test_the_outcome_of_a_test(setup: str, call: str | None, teardown: str | None, outcome: str) -> None:
    """Derived from its phases as pytest counts."""
    assert a_test("t.py::a", setup=setup, call=call, teardown=teardown).outcome == outcome


def test_header_is_shared() -> None:
    """The runs of this file differ only in what they say."""
    assert run_of().header is HEADER
