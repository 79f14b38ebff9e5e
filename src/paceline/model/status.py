"""What became of a run: pure rules from its records to one of the closed set of statuses."""

from __future__ import annotations

from collections import Counter

from paceline.model.run import Outcome, Run, RunStatus, TestRecord

#: pytest's exit codes, https://docs.pytest.org/en/stable/reference/exit-codes.html
_OK, _TESTS_FAILED, _INTERRUPTED, _NO_TESTS = 0, 1, 2, 5
_TOO_MANY_WARNINGS = 6


def status_of(run: Run) -> RunStatus:
    """Return the status of `run`.

    A run in which nothing ran is never `measured`: all tests skipped means that something they need is
    missing, all tests failing in set-up means that what prepares them is broken.
    """
    end = run.end
    if end is None:
        return "interrupted"
    if end.stalled or (end.signal is not None and not _asked_to_stop(end.signal)):
        return "crashed"
    if end.exit_code == _INTERRUPTED and run.collection_errors:
        return "collection_error"
    if end.exit_code == _INTERRUPTED or end.signal is not None:
        return "interrupted"
    if end.exit_code not in (_OK, _TESTS_FAILED, _NO_TESTS, _TOO_MANY_WARNINGS):
        return "collection_error" if run.collection_errors else "crashed"
    if run.collection_errors:
        return "collection_error"
    return _status_of_tests(run)


def _status_of_tests(run: Run) -> RunStatus:
    if not run.tests:
        return "crashed" if run.collected else "no_tests"
    declared = {phase.run_status for test in final_attempts(run) for phase in test.phases if phase.run_status}
    if "provisioning_error" in declared:
        return "provisioning_error"
    if "not_provisioned" in declared:
        return "not_provisioned"
    outcomes = outcomes_of(run)
    failed = outcomes["failed"] or outcomes["error"] or outcomes["crashed"]
    if unreported(run) and not failed:
        # An orderly end too early, such as pytest.exit(), or one that pytest had no hand in.
        return "interrupted" if run.end is not None and run.end.exit_code == _OK else "crashed"
    if not set(outcomes) - {"skipped"}:
        return "not_provisioned"
    if not set(outcomes) - {"skipped", "error"} and not any(_reached_call(test) for test in run.tests):
        return "provisioning_error"
    return "tests_failed" if failed else "measured"


def passed_tests(run: Run) -> dict[str, TestRecord]:
    """Return the last attempt at each test that passed in it, by node id."""
    return {test.nodeid: test for test in final_attempts(run) if test.outcome == "passed"}


def _reached_call(test: TestRecord) -> bool:
    return any(phase.phase == "call" for phase in test.phases)


def outcomes_of(run: Run) -> Counter[Outcome]:
    """Count the tests of `run` by their final outcome."""
    return Counter(test.outcome for test in final_attempts(run))


def final_attempts(run: Run) -> tuple[TestRecord, ...]:
    """Return the last attempt at every test, in the order in which the tests first ran.

    Some plugins give several tests the same node id; as many attempts count as tests were collected under it.
    """
    if len({test.nodeid for test in run.tests}) == len(run.tests):
        return run.tests
    attempts: dict[str, list[TestRecord]] = {}
    for test in run.tests:
        attempts.setdefault(test.nodeid, []).append(test)
    collected = Counter(run.collected or ())
    return tuple(test for nodeid, tests in attempts.items() for test in tests[-max(1, collected[nodeid]) :])


def unreported(run: Run) -> tuple[str, ...]:
    """Return the tests that were collected but whose end was never reported."""
    reported = Counter(test.nodeid for test in run.tests if test.outcome != "incomplete")
    missing: list[str] = []
    for nodeid in run.collected or ():
        if reported[nodeid]:
            reported[nodeid] -= 1
        else:
            missing.append(nodeid)
    return tuple(missing)


def reason_for(run: Run, status: RunStatus) -> str | None:
    """Return in one line why `run` ended with `status`; None for a run that was measured."""
    end = run.end
    missing = unreported(run)
    match status:
        case "measured":
            return None
        case "no_tests":
            if run.header.shard is not None and run.deselected:
                return f"shard {run.header.shard} has none: the suite has fewer modules than shards"
            expression = run.header.arguments.marker_expression
            return f"no test is selected by -m {expression!r}" if expression else "no test was found"
        case "collection_error" if run.collection_errors:
            first, *others = run.collection_errors
            return f"{first.nodeid}: {first.reason}{_and_more(len(others))}"
        case "interrupted":
            return f"{len(missing)} of {len(run.collected or ())} tests had not run"
        case "crashed" if end is not None and end.stalled:
            return f"nothing moved for too long and it was ended, {len(missing)} tests never reported"
        case "crashed" if end is not None and end.signal is not None:
            return f"pytest was ended by signal {end.signal}"
        case "crashed" | "collection_error":
            left = f", {len(missing)} tests never reported" if missing else ""
            return f"pytest ended with exit code {end.exit_code if end is not None else None}{left}"
        case _:
            found = _reasons(run)
            return f"{found[0]}{_and_more(len(found) - 1)}" if found else status.replace("_", " ")


def _reasons(run: Run) -> tuple[str, ...]:
    """Return the distinct reasons why tests failed, or else were skipped, the most frequent first."""
    phases = [phase for test in final_attempts(run) for phase in test.phases if phase.reason]
    telling = [phase for phase in phases if phase.outcome in ("failed", "crashed")] or phases
    return tuple(reason for reason, _ in Counter(phase.reason for phase in telling).most_common() if reason)


def _and_more(count: int) -> str:
    return f" (and {count} more)" if count > 0 else ""


def _asked_to_stop(signal: int) -> bool:
    return signal in (2, 15)  # SIGINT, SIGTERM
