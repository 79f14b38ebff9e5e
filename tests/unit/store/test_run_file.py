"""The run file: records to lines and back."""

from __future__ import annotations

import gzip
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.harness.runs import HEADER, a_test, run_of

from paceline.errors import UnreadableFileError
from paceline.model.environment import Environment, Revision
from paceline.model.run import (
    Arguments,
    CollectionError,
    Phase,
    Run,
    RunEnd,
    RunHeader,
    SessionSpan,
    TestRecord,
)
from paceline.store.codec import ShapeError, decode, decode_any, encode
from paceline.store.run_file import RunFile, line, parse_run, progress, read_run, seal

_TEXT = st.text(st.characters(), max_size=8)  # surrogates and line separators too
_NUMBER = st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.dictionaries(_TEXT, _NUMBER, max_size=3)
_COUNTS = st.integers(0, 9)


def _texts() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(_TEXT, max_size=3).map(tuple)


_PHASES = st.builds(Phase, values=_VALUES, start=st.none() | _NUMBER, reason=st.none() | _TEXT)
_TESTS = st.builds(
    TestRecord,
    nodeid=_TEXT,
    path=_TEXT,
    markers=_texts(),
    worker=_TEXT,
    lineno=st.none() | _COUNTS,
    attempt=_COUNTS,
    phases=st.lists(_PHASES, max_size=3).map(tuple),
)
_SPANS = st.builds(SessionSpan, duration=st.none() | _NUMBER, cpu_time=_NUMBER, worker=_TEXT)
_ENDS = st.builds(
    RunEnd,
    exit_code=st.none() | _COUNTS,
    signal=st.none() | _COUNTS,
    duration=st.none() | _NUMBER,
    cpu_time=st.none() | _NUMBER,
    ended_at=st.none() | _NUMBER,
)
_ENVIRONMENTS = st.builds(
    Environment,
    python=_TEXT,
    cpu_model=st.none() | _TEXT,
    cpu_count=_COUNTS,
    cpu_limit=st.none() | _NUMBER,
    memory_limit=st.none() | _COUNTS,
    plugins=st.dictionaries(_TEXT, _TEXT, max_size=2),
    services=st.dictionaries(_TEXT, _TEXT, max_size=2),
)
_HEADERS = st.builds(
    RunHeader,
    schema_version=st.just(HEADER.schema_version),
    round=_COUNTS,
    started_at=st.floats(-62_135_596_800, 253_402_300_799),
    workers=_COUNTS,
    arguments=st.builds(Arguments, command_line=_texts(), addopts=_texts(), paths=_texts()),
    test_patterns=_texts(),
    test_paths=_texts(),
    environment=_ENVIRONMENTS,
    revision=st.none() | st.builds(Revision, commit=_TEXT),
    metrics=st.just(HEADER.metrics),
)
_RUNS = st.builds(
    Run,
    header=_HEADERS,
    collected=st.none() | _texts(),
    deselected=_COUNTS,
    collection_errors=st.lists(st.builds(CollectionError, nodeid=_TEXT, reason=_TEXT), max_size=2).map(tuple),
    tests=st.lists(_TESTS, max_size=3).map(tuple),
    spans=st.lists(_SPANS, max_size=2).map(tuple),
    services=st.dictionaries(_TEXT, _TEXT, max_size=2),
    end=st.none() | _ENDS,
)


def _lines(run: Run) -> bytes:
    lines = [line("header", run.header)]
    if run.collected is not None:
        lines.append(line("collected", {"nodeids": run.collected}))
    lines.append(line("deselected", {"count": run.deselected}))
    lines += [line("collection_error", error) for error in run.collection_errors]
    lines += [line("test", test) for test in run.tests]
    lines += [line("span", span) for span in run.spans]
    lines += [line("service", {"name": name, "version": version}) for name, version in run.services.items()]
    if run.end is not None:
        lines.append(line("end", run.end))
    return "".join(f"{text}\n" for text in lines).encode()


@settings(max_examples=60, deadline=None)
@given(run=_RUNS)
def test_a_run_comes_back_as_it_was(run: Run) -> None:
    """Whatever text and numbers it holds."""
    assert parse_run(_lines(run), "it") == run


@settings(max_examples=60, deadline=None)
@given(run=_RUNS, data=st.data())
def test_a_run_that_was_cut_has_a_part_of_its_records(run: Run, data: st.DataObject) -> None:
    """Plain or gzipped, at any byte behind the header."""
    content = _lines(run)
    first = content.index(b"\n") + 1
    cut = parse_run(content[: data.draw(st.integers(first, len(content)))], "it")
    assert cut.header == run.header
    assert cut.tests == run.tests[: len(cut.tests)]
    assert cut.end in (None, run.end)


def test_a_gzipped_file_that_was_cut_or_damaged_gives_what_precedes(tmp_path: Path) -> None:
    """Cut at every byte, the reader gives a part or says that the file is empty."""
    content = _lines(run_of(*(a_test(f"t.py::test_{number}") for number in range(9))))
    packed = gzip.compress(content, mtime=0)
    path = tmp_path / "run.jsonl.gz"
    most = 0
    for cut in range(2, len(packed)):
        path.write_bytes(packed[:cut])
        with suppress(UnreadableFileError):
            most = max(most, len(read_run(path).tests))
    assert most == 9
    path.write_bytes(packed + b"rubbish")
    assert len(read_run(path).tests) == 9


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=60) | _TEXT.map(lambda text: line(text, {"a": text}).encode() + b"\n"))
def test_anything_else_is_an_error_that_says_so(content: bytes) -> None:
    """Foreign bytes never raise anything else."""
    with pytest.raises(UnreadableFileError):
        parse_run(content, "it")


@pytest.mark.parametrize(
    "record",
    [
        '{"kind":"collected"}',
        '{"kind":"collected","nodeids":3}',
        '{"kind":"collected","nodeids":[3]}',
        '{"kind":"deselected","count":"many"}',
        '{"kind":"service","name":"postgresql"}',
        '{"kind":"test"}',
        '{"kind":"end","exit_code":"0"}',
        "[]",
        "{",
        "[" * 100_000,
    ],
)
def test_a_line_of_the_wrong_shape_is_an_error(record: str) -> None:
    """Also where the header is fine."""
    with pytest.raises(UnreadableFileError, match="is not a run file"):
        parse_run(f"{line('header', HEADER)}\n{record}\n".encode(), "it")


def test_lines_of_an_unknown_kind_are_passed_over() -> None:
    """A newer minor version may add some, and members too."""
    content = _lines(run_of(a_test("t.py::a"))) + b'{"kind":"news","what":1}\n'
    assert parse_run(content, "it") == replace(run_of(a_test("t.py::a")))


def test_a_newer_schema_is_refused() -> None:
    """With the advice to update."""
    with pytest.raises(UnreadableFileError, match="update Paceline"):
        parse_run(f"{line('header', replace(HEADER, schema_version=99))}\n".encode(), "it")


@pytest.mark.parametrize("started_at", [float("nan"), float("inf"), 1e18, -1e18])
def test_a_start_outside_of_the_calendar_is_refused(started_at: float) -> None:
    """No clock has ever shown it."""
    with pytest.raises(UnreadableFileError, match="no time of a calendar"):
        parse_run(f"{line('header', replace(HEADER, started_at=started_at))}\n".encode(), "it")


def test_the_file_is_written_line_by_line_and_sealed(tmp_path: Path) -> None:
    """Each line is there at once; sealing keeps whole lines, adds the end and removes the plain file."""
    path = tmp_path / "deep" / "run.jsonl"
    file = RunFile(path)
    file.append(line("header", HEADER))
    assert read_run(path).header == HEADER
    offset, records = progress(path, 0)
    assert [record["kind"] for record in records] == ["header"]
    file.append(line("test", a_test("t.py::a")))
    assert [record["kind"] for record in progress(path, offset)[1]] == ["test"]
    file.close()
    file.close()
    with path.open("ab") as torn:
        torn.write(b'{"kind":"te')
    sealed = seal(path, RunEnd(exit_code=3))
    assert (sealed.name, path.exists()) == ("run.jsonl.gz", False)
    run = read_run(sealed)
    assert (len(run.tests), run.end) == (1, RunEnd(exit_code=3))
    assert [left.name for left in sealed.parent.iterdir()] == ["run.jsonl.gz"]


def test_progress_of_a_file_that_isnt_there_yet(tmp_path: Path) -> None:
    """Nothing has happened."""
    assert progress(tmp_path / "none", 5) == (5, [])


def test_an_existing_file_is_refused(tmp_path: Path) -> None:
    """Run files are immutable."""
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(FileExistsError):
        RunFile(tmp_path / "run.jsonl")


@settings(max_examples=60, deadline=None)
@given(record=_TESTS)
def test_the_codec_is_its_own_inverse(record: TestRecord) -> None:
    """Encoded and decoded, a record is equal to itself."""
    assert decode(TestRecord, encode(record)) == record


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (int, True, "value is True, expected int"),
        (float, "1", "value is '1', expected float"),
        (float, False, "value is False, expected float"),
        (tuple[str, ...], "ab", "value is 'ab', expected a list"),
        (tuple[str, int], ["a"], "value has 1 items, expected 2"),
        (dict[str, int], {"a": 1.5}, r"\['a'\] is 1.5, expected int"),
        (int | None, "x", "value is 'x', expected int"),
        (int | str, 1.5, "value is 1.5"),
        (RunEnd, [], r"RunEnd is \[\], expected an object"),
        (RunEnd, {}, "RunEnd has no 'exit_code'"),
        (RunEnd, {"exit_code": 0, "signal": "KILL"}, "signal is 'KILL', expected int"),
    ],
)
def test_a_wrong_shape_says_where(annotation: object, value: object, said: str) -> None:
    """The message names the member and what was expected."""
    with pytest.raises(ShapeError, match=said):
        decode_any(annotation, value)


def test_whole_numbers_become_floats_and_unknown_members_are_ignored() -> None:
    """JSON has one kind of number, and newer writers more members."""
    end = decode(RunEnd, {"exit_code": 0, "duration": 2, "news": True})
    assert end == RunEnd(exit_code=0, duration=2.0)
    assert isinstance(end.duration, float)
    assert decode_any(int | str, "a") == "a"
