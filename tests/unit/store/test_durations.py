"""Reading only how long tests took says the same as reading all of a run file."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from tests.harness.costs import a_run, a_test, phase

from paceline.errors import UnreadableFileError
from paceline.explain.view import seconds_of
from paceline.model.metric import ISOLATION_TIME, Metric
from paceline.model.run import Run
from paceline.store.durations import read_durations
from paceline.store.run_file import line, read_run


def written(path: Path, run: Run) -> Path:
    """Write a run as the recorder would."""
    lines = [line("header", run.header), *(line("test", test) for test in run.tests)]
    path.write_bytes(gzip.compress("".join(f"{text}\n" for text in lines).encode()))
    return path


def test_it_says_the_same_as_the_whole_run(tmp_path: Path) -> None:
    """Of the last attempt, and without what isolation took."""
    first = a_test("test_a", phase("call", 9.0))
    again = a_test("test_a", phase("setup", 0.5, isolation_time=0.2), phase("call", 1.0))
    run = a_run(first, replace(again, attempt=2), a_test("test_b", phase("call", 2.0)))
    isolation = Metric(name=ISOLATION_TIME, unit="s", sparse=True, apart=("duration",))
    run = replace(run, header=replace(run.header, metrics=(*run.header.metrics, isolation)))
    path = written(tmp_path / "run.jsonl.gz", run)

    found = read_durations(path)

    assert found.tests == pytest.approx(seconds_of(read_run(path)))
    assert list(found.tests.values()) == pytest.approx([1.3, 2.0])
    assert (found.run_id, found.suite, found.round) == (run.header.run_id, "schema", 1)


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"[]\n", b'{"run_id":1}\n'])
def test_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """With the name of the file."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)

    with pytest.raises(UnreadableFileError, match=r"run\.jsonl is not a run file"):
        read_durations(path)
