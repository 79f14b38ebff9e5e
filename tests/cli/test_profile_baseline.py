"""How a profile treats the committed baseline file."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.harness.project import Project

_NUMBER = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<![\w.])\d+(\.\d+)?(e-\d+)?(?![\w.])")


def test_profiling_one_suite_keeps_the_others_byte_for_byte(project: Project) -> None:
    """Also where another suite's entry was laid out by hand."""
    project.profile()
    text = project.baseline_path.read_text()
    by_hand = text.replace('"marker": "slow"', '"marker":    "slow"').replace(
        '"reason": null', '"reason":null'
    )
    project.baseline_path.write_text(by_hand)

    project.profile("fast")

    after = project.baseline_path.read_text()
    slow = by_hand[by_hand.index('    "slow": {') :]
    assert slow in after
    assert json.loads(after)["profiles"].keys() == {"fast", "slow"}


def test_profiling_twice_changes_numbers_only(project: Project) -> None:
    """No line and no key moves, so a reviewer sees what changed and nothing else."""
    project.profile()
    first = project.baseline_path.read_text()

    project.profile()

    second = project.baseline_path.read_text()
    assert _NUMBER.sub("N", first) == _NUMBER.sub("N", second)
    assert first != second


def test_rounds_are_summed_up_and_interleaved(project: Project) -> None:
    """Each suite has as many measurements as rounds, and the rounds alternate between the suites."""
    project.profile("--rounds", "2")

    assert project.entry("fast")["rounds"] == 2
    n, median, spread, low, high = project.entry("slow")["process"]["duration"]
    assert n == 2
    assert low <= median <= high
    assert spread >= 0
    assert [(run.header.suite, run.header.round) for run in project.runs()] == [
        ("fast", 1),
        ("slow", 1),
        ("fast", 2),
        ("slow", 2),
    ]


def test_the_first_shape_with_zeros_means_not_measured(project: Project) -> None:
    """0.0 and empty lists are read as "never ran", are not compared, and are replaced by figures."""
    entry = {"marker": "fast", "command": "x", "wall_time_seconds": 0.0, "slow_tests": []}
    project.baseline_path.parent.mkdir()
    project.baseline_path.write_text(
        json.dumps({"generated_at": "2025-01-01", "profiles": {"fast": entry, "slow": entry}})
    )
    before = project.stored("slow").profile
    assert (before.status, before.wall_time) == ("not_provisioned", None)

    done = project.profile("fast")

    assert "baseline was not measured" in done.stdout
    assert project.entry("fast")["wall_time_seconds"] > 0
    assert project.entry("slow") == entry


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        ("{", "is not a baseline file"),
        ("[]", "has no object 'profiles'"),
        ('{"benchmarks": []}', "has no object 'profiles'"),
        ('{"schema_version": 99, "profiles": {}}', "schema version 99 is newer than 1, update Paceline"),
        ('{"profiles": {"fast": 3}}', "the profile 'fast' is 3"),
        ('{"profiles": {"fast": {"status": "splendid"}}}', "profiles.fast.status is 'splendid'"),
        ('{"profiles": {"fast": {"wall_time_seconds": "1 s"}}}', "wall_time_seconds is '1 s'"),
        (b"\xff\xfe{}", "can't be read"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_and_left_alone(
    project: Project, content: str | bytes, complaint: str
) -> None:
    """The error says what is wrong before any test has run, and nothing is overwritten."""
    project.baseline_path.parent.mkdir()
    data = content if isinstance(content, bytes) else content.encode()
    project.baseline_path.write_bytes(data)

    done = project.profile("fast")

    assert done.returncode == 4
    assert complaint in done.stderr
    assert "(unreadable-file)" in done.stderr
    assert project.baseline_path.read_bytes() == data
    assert not project.runs()


def test_a_folder_in_the_place_of_the_baseline_is_refused(project: Project) -> None:
    """A wrong path is named, and nothing runs."""
    project.baseline_path.mkdir(parents=True)

    done = project.profile("fast")

    assert done.returncode == 4
    assert "is a folder" in done.stderr


def test_a_place_that_cannot_be_written_is_found_out_before_anything_runs(project: Project) -> None:
    """Nobody waits ten minutes to hear that the result can't be stored."""
    done = project.profile("fast", "--output", "/proc/baseline.json")

    assert done.returncode == 2
    assert "(unwritable-file)" in done.stderr
    assert not project.runs()


def test_a_file_named_by_output_is_written_instead(project: Project, tmp_path: Path) -> None:
    """CI writes one file per leg and leaves the committed baseline alone."""
    done = project.profile("fast", "--output", "profile/pytest-fast-profile.json")

    written = tmp_path / "profile" / "pytest-fast-profile.json"
    assert done.returncode == 0
    assert json.loads(written.read_text())["profiles"]["fast"]["status"] == "measured"
    assert not project.baseline_path.exists()


def test_the_change_since_the_baseline_is_shown(project: Project) -> None:
    """A second profile on the same machine is compared; new and vanished tests are counted."""
    project.profile("fast")
    project.write(
        tests__test_fast="import pytest\npytestmark = pytest.mark.fast\n"
        "def test_one(): pass\ndef test_three(): pass\ndef test_four(): pass\n"
    )

    done = project.profile("fast")

    assert re.search(r"wall [+-]\d+%, CPU\s+[+-]\d+%", " ".join(done.stdout.split()))
    assert "2 added" in done.stdout
    assert "1 removed" in done.stdout


def test_unlike_profiles_are_labelled_not_compared(project: Project) -> None:
    """Serial and parallel runs don't become a speed-up."""
    project.configure("[tool.paceline.suite.fast]\nargs = ['-p', 'xdist']\n")
    project.profile("fast")

    done = project.profile("fast", "--workers", "2")

    told = " ".join(done.stdout.split())
    assert "not comparable" in told
    assert "workers 0 → 2" in told
    entry = project.entry("fast")
    assert (entry["workers"], entry["dist"]) == (2, "loadscope")


def test_what_a_profile_keeps_for_itself_is_ignored_by_git(project: Project) -> None:
    """Run files, logs and caches never show up as changes of the project."""
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)

    project.profile("fast")

    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert "perf_metrics/" in status.stdout
    assert ".paceline" not in status.stdout


def test_two_profiles_at_once_wait_for_each_other(project: Project) -> None:
    """Neither disturbs the other's figures, and both are stored."""
    environment = project.environment()
    both = [
        subprocess.Popen(
            project.command(suite), cwd=project.root, env=environment, stderr=subprocess.PIPE, text=True
        )
        for suite in ("fast", "slow")
    ]

    told = [process.communicate(timeout=60)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert project.entry("fast")["status"] == project.entry("slow")["status"] == "measured"
    first, second = sorted(project.runs(), key=lambda run: run.header.started_at)
    assert first.end is not None
    assert first.end.ended_at is not None
    assert first.end.ended_at <= second.header.started_at
    assert any("another profile of this project is running" in text for text in told)


def test_the_environment_and_the_revision_are_stored(project: Project) -> None:
    """What decides whether two profiles can be compared stands in the file."""
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.invalid"]
    subprocess.run([*git, "init", "-q", "-b", "trunk"], cwd=project.root, check=True)
    subprocess.run([*git, "add", "."], cwd=project.root, check=True)
    subprocess.run([*git, "commit", "-qm", "first"], cwd=project.root, check=True)

    project.profile("fast")

    profile = project.stored("fast").profile
    assert profile.revision is not None
    assert (profile.revision.branch, profile.revision.dirty) == ("trunk", False)
    assert profile.environment is not None
    assert profile.environment.plugins["pytest-paceline"]
    assert profile.environment.pytest == pytest.__version__


def test_odd_node_ids_survive_the_whole_way(project: Project) -> None:
    """Spaces, unicode, line breaks, quotes and `::` in a node id neither break the file nor the table."""
    project.write(
        tests__test_fast="import pytest\n"
        "NAMES = ['a b', 'line\\nbreak', 'x::y', 'quote\"s', \"it's\", 'back\\\\slash']\n"
        "NAMES += ['[b]', '|', '<b>', 'ü']\n"
        "@pytest.mark.fast\n@pytest.mark.parametrize('x', range(len(NAMES)), ids=NAMES)\n"
        "def test_odd(x): pass\n"
    )

    done = project.profile("fast")

    assert done.returncode == 0, done.stderr
    profile = project.stored("fast").profile
    assert len(profile.tests) == 10
    assert {test.nodeid for test in profile.tests} == {*(project.runs()[0].collected or ())}
