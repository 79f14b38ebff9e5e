"""The baseline's text, and what is read back from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.figures import a_series, a_side
from tests.harness.records import make_environment, make_run, make_test

from paceline.errors import UnwritableFileError
from paceline.model.baseline import SuiteBaseline
from paceline.model.environment import Revision
from paceline.model.profile import Attempt, Profile, SlowTest
from paceline.profile.aggregate import aggregate, slowest
from paceline.store.atomic import write_atomically
from paceline.store.baseline_entry import entry_from_json, entry_to_text
from paceline.store.baseline_file import merged, read_baseline, write_suites
from paceline.store.json_text import members, rounded

NODEIDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
SECONDS = st.floats(0.00001, 10_000)


def _suite(*durations: float, rounds: int = 1) -> SuiteBaseline:
    runs = [
        make_run(*(make_test(f"t{at}", call=value * (1 + turn)) for at, value in enumerate(durations)))
        for turn in range(rounds)
    ]
    profile = aggregate("s", "s", "pytest -m s", runs)
    return SuiteBaseline(profile=profile, slow_tests=slowest(profile, 5))


def _rounded(suite: SuiteBaseline) -> SuiteBaseline:
    return entry_from_json("s", json.loads(entry_to_text(suite)))


@given(st.lists(SECONDS, min_size=1, max_size=4), st.integers(1, 3))
def test_what_was_written_is_read_back(durations: list[float], rounds: int) -> None:
    """Text, record, text: the second text is the first one."""
    suite = _suite(*durations, rounds=rounds)

    text = entry_to_text(suite)

    again = entry_from_json("s", json.loads(text))
    assert entry_to_text(again) == text
    assert [test.nodeid for test in again.profile.tests] == [test.nodeid for test in suite.profile.tests]


def test_everything_a_profile_says_is_kept() -> None:
    """Once the numbers are rounded, nothing is lost."""
    suite = _rounded(_suite(0.5, 0.25, rounds=3))
    full = replace(
        suite,
        profile=replace(
            suite.profile,
            seed="42",
            workers=2,
            dist="loadscope",
            unreported=("lost",),
            environment=make_environment(services={"postgresql": "18.6"}),
            revision=Revision(commit="c", branch=None, dirty=True, committed_at="2026-01-01T00:00:00Z"),
        ),
        last_attempt=Attempt(status="not_provisioned", reason="no server", at="2026-01-02T00:00:00Z"),
    )

    assert _rounded(full) == full


@given(NODEIDS)
def test_any_node_id_survives(nodeid: str) -> None:
    """Quotes, line breaks and control characters included."""
    profile = aggregate("s", "s", "c", [make_run(make_test(nodeid))])

    again = _rounded(SuiteBaseline(profile=profile))

    assert [test.nodeid for test in again.profile.tests] == [nodeid]


@given(st.floats(1e-9, 1e6))
def test_a_rounded_duration_is_close_and_never_zero(value: float) -> None:
    """0.0 would read as "not measured"."""
    result = rounded(value)

    assert result > 0
    assert abs(result - value) <= max(value * 0.005, 1e-5)


def test_a_suite_without_figures_holds_null_and_the_reason() -> None:
    """Unknown is never 0.0."""
    profile = Profile(suite="s", marker="s", command="c", status="not_provisioned", reason="no server")

    entry = json.loads(entry_to_text(SuiteBaseline(profile=profile)))

    assert (entry["wall_time_seconds"], entry["cpu_time_seconds"], entry["reason"]) == (
        None,
        None,
        "no server",
    )


@pytest.mark.parametrize(
    "status", ["not_provisioned", "provisioning_error", "no_tests", "crashed", "interrupted"]
)
def test_only_figures_replace_figures(status: str) -> None:
    """An attempt without any is noted beside those that stay."""
    old = _suite(1.0)
    failed = Profile(suite="s", marker="s", command="c", status=status, reason="why", recorded_at="t")  # type: ignore[arg-type]

    kept = merged(old, SuiteBaseline(profile=failed))

    assert kept.profile == old.profile
    assert kept.last_attempt == Attempt(status=failed.status, reason="why", at="t")


def test_figures_replace_an_attempt_that_had_none() -> None:
    """And the note of the failed attempt goes."""
    new = _suite(2.0)
    failed = Profile(suite="s", marker="s", command="c", status="crashed")

    assert merged(SuiteBaseline(profile=failed), new) == new
    assert (
        merged(replace(_suite(1.0), last_attempt=Attempt(status="crashed", reason=None, at="")), new) == new
    )


def test_suites_are_sorted_and_others_kept(tmp_path: Path) -> None:
    """Writing one suite moves no other."""
    path = tmp_path / "baseline.json"
    write_suites(path, {"b": _suite(1.0), "a": _suite(2.0)}, "t1")
    before = members(path.read_text(), "profiles")

    write_suites(path, {"c": _suite(3.0)}, "t2")

    after = members(path.read_text(), "profiles")
    assert [*after] == ["a", "b", "c"]
    assert {name: after[name] for name in before} == before
    baseline = read_baseline(path)
    assert baseline is not None
    assert baseline.generated_at == "t2"


def test_every_test_stands_on_a_line_of_its_own() -> None:
    """A reviewer sees which test changed."""
    lines = entry_to_text(_suite(1.0, 2.0, 3.0)).splitlines()

    assert sum('"outcome"' in line and line.count('"outcome"') == 1 for line in lines) == 3


def test_slow_tests_of_the_first_shape_need_no_phase() -> None:
    """What earlier tools wrote is still read."""
    entry = {
        "marker": "s",
        "command": "c",
        "wall_time_seconds": 12.5,
        "slow_tests": [{"nodeid": "a", "duration": 1.5}],
    }

    suite = entry_from_json("s", entry)

    assert suite.slow_tests == (SlowTest(nodeid="a", duration=1.5, phase="call"),)
    assert suite.profile.wall_time is not None
    assert suite.profile.wall_time.median == 12.5


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """And no temporary one."""
    (tmp_path / "file").write_text("old")
    target = tmp_path / "folder"
    target.mkdir()
    (target / "in the way").touch()

    with pytest.raises(UnwritableFileError):
        write_atomically(target, "new")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@given(
    st.dictionaries(
        NODEIDS,
        st.none()
        | st.integers()
        | NODEIDS
        | st.lists(NODEIDS, max_size=3)
        | st.dictionaries(NODEIDS, NODEIDS),
        max_size=5,
    ),
    st.sampled_from([None, 0, 2]),
)
def test_the_text_of_members_is_found_in_any_layout(document: dict[str, object], indent: int | None) -> None:
    """Whatever stands in a member and however it is laid out, its text gives its value again."""
    text = json.dumps({"first": [1, {"profiles": 2}], "profiles": document, "last": "}"}, indent=indent)

    found = members(text, "profiles")

    assert {name: json.loads(part) for name, part in found.items()} == document


def test_counts_are_kept_exactly() -> None:
    """A count of 1,234 isn't rounded to three digits, and a declared count of nothing goes without saying."""
    counted = {"duration": 0.1, "sql_statements": 1234, "gc_full_collections": 0}
    profile = a_side(a_series("t.py::x", counted)).profile
    entry = json.loads(entry_to_text(SuiteBaseline(profile=profile)))
    assert entry["tests"]["t.py::x"]["call"] == {"duration": 0.1, "sql_statements": 1234}
    assert entry_from_json("s", entry).profile.metrics == profile.metrics
