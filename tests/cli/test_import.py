"""Runs that other programs have recorded, as real versions of those programs write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from junitparser import JUnitXml
from tests.cli.test_export import TESTS, paceline
from tests.harness.recorded import RecordedProject, needs

from paceline.errors import UnreadableFileError
from paceline.model.run import Run
from paceline.model.status import status_of
from paceline.store import run_file
from paceline.store.any_run import read_any_run

_SLOWER = """
import time
def pytest_runtest_call(item):
    if item.name == "test_passes": time.sleep(0.2)
"""
_OUTCOMES = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_skips": "skipped",
    "test_expected": "xfailed",
    "test_error": "error",
    "test_in_class": "passed",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RecordedProject:
    """A project whose runs were written as JUnit XML (both families), report log and run file."""
    made = RecordedProject(tmp_path_factory.mktemp("project"))
    made.file("tests/test_it.py", f"{TESTS}\nclass TestGroup:\n    def test_in_class(self): pass\n")
    made.file("slower.py", _SLOWER)
    plugins = ("xdist", "pytest_reportlog.plugin", "paceline")
    needs("xdist")
    made.pytest("-n2", "--junitxml=old.xml", "--report-log=old.log", plugins=plugins)
    made.pytest(
        *("-n2", "-p", "slower", "--junitxml=new.xml", "--report-log=new.log", "-o", "junit_family=xunit1"),
        plugins=plugins,
        out="new.jsonl",
        env={"PYTHONPATH": "."},
    )
    return made


def outcomes(run: Run) -> dict[str, str]:
    """Return the outcome by the name of the test, without the one whose name is hard to write."""
    found = {test.nodeid.split("::")[-1]: test.outcome for test in run.tests if "[" not in test.nodeid}
    return dict(sorted(found.items()))


@pytest.mark.parametrize("name", ["old.xml", "new.xml", "old.log", "new.log", "new.jsonl"])
def test_outcomes_and_names_are_those_of_the_run(project: RecordedProject, name: str) -> None:
    """Whoever wrote the file, so that it can be compared with any other."""
    run = read_any_run(project.root / name)
    recorded = read_any_run(project.root / "new.jsonl")

    assert outcomes(run) == dict(sorted(_OUTCOMES.items()))
    assert status_of(run) == "tests_failed"
    plain = {test.nodeid for test in run.tests if "[" not in test.nodeid}
    assert plain == {test.nodeid for test in recorded.tests if "[" not in test.nodeid}


def test_times_of_junit_are_what_another_parser_reads(project: RecordedProject) -> None:
    """Of the tests that ran to their end."""
    run = read_any_run(project.root / "new.xml")
    suites = JUnitXml.fromfile(str(project.root / "new.xml"))
    cases = {case.name: case.time for suite in suites for case in suite}
    times = {
        test.nodeid.split("::")[-1]: phase.values["duration"]
        for test in run.tests
        for phase in test.phases
        if phase.values and "[" not in test.nodeid
    }
    assert times["test_passes"] >= 0.2
    assert times == {name: cases[name] for name in times}


def test_what_a_file_does_not_say_is_unknown(project: RecordedProject) -> None:
    """JUnit XML has one time, and neither tells the machine."""
    junit, log = (read_any_run(project.root / f"new.{kind}") for kind in ("xml", "log"))

    assert (junit.header.environment, log.header.environment) == (None, None)
    test = next(test for test in junit.tests if test.nodeid.endswith("test_passes"))
    assert [dict(phase.values).keys() for phase in test.phases] == [set(), {"duration"}, set()]
    assert log.header.workers == 2
    assert {test.worker for test in log.tests} == {"gw0", "gw1"}


@pytest.mark.parametrize("kind", ["xml", "log"])
def test_two_imported_runs_are_compared(project: RecordedProject, kind: str) -> None:
    """The test that sleeps stands out, and the reader is told what is unknown."""
    done = paceline(project, "compare", f"old.{kind}", f"new.{kind}")

    assert done.returncode in (0, 10), done.stderr
    assert "doesn't say on which machine it was made" in done.stdout
    assert "not comparable" not in done.stdout


def test_an_imported_run_is_not_compared_with_one_of_a_known_machine(project: RecordedProject) -> None:
    """The times of one are of another kind, too."""
    done = paceline(project, "compare", "new.xml", "new.jsonl")

    assert "unknown environment" in done.stdout
    assert " not comparable" in done.stdout.splitlines()[0]


@pytest.mark.parametrize("name", ["new.xml", "new.log"])
def test_an_imported_run_is_explained(project: RecordedProject, name: str) -> None:
    """And its slowest test is named."""
    done = paceline(project, "explain", "--run", name, "test_passes")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tests/test_it.py::test_passes: 2")


def test_a_folder_of_artifacts_holds_what_is_a_run(project: RecordedProject, tmp_path: Path) -> None:
    """Other XML, such as a coverage report, is passed over."""
    folder = project.root / "artifacts"
    folder.mkdir()
    (folder / "junit.xml").write_bytes((project.root / "old.xml").read_bytes())
    (folder / "coverage.xml").write_text("<?xml version='1.0'?><coverage/>")
    done = paceline(project, "compare", "artifacts", "new.xml")
    assert done.returncode in (0, 10), done.stderr


_BOMB = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10 if at else "x" * 10}">' for at in range(10))


@pytest.mark.parametrize(
    "content",
    [
        f'<?xml version="1.0"?><!DOCTYPE testsuites [{_BOMB}]><testsuites>&e9;</testsuites>',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuite name="&f;"/>',
        '<!DOCTYPE testsuites SYSTEM "x.dtd"><testsuites/>',
        "<testsuites><testsuite>",
        "<testsuites>&unknown;</testsuites>",
        "<html><testsuites/></html>",
        "<testsuites>\x00</testsuites>",
    ],
    ids=["bomb", "file", "dtd", "cut", "entity", "html", "nul"],
)
def test_hostile_xml_is_refused(tmp_path: Path, content: str) -> None:
    """Nothing is expanded, nothing is fetched, and the error names the file."""
    path = tmp_path / "junit.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"junit\.xml is not JUnit XML"):
        read_any_run(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.xml", "<testsuite>" * 50_000 + "</testsuite>" * 50_000),
        ("deep.log", '{"pytest_version":"9","$report_type":"SessionStart"}\n' + "[" * 100_000 + "\n"),
        ("deep.jsonl", '{"kind":"header","run_id":' + "[" * 100_000 + "\n"),
    ],
)
def test_deep_nesting_ends_in_an_error_or_in_no_test(tmp_path: Path, name: str, content: str) -> None:
    """Whatever the parser can take."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    if name == "deep.xml":
        assert read_any_run(path).tests == ()
    else:
        with pytest.raises(UnreadableFileError, match=name):
            read_any_run(path)


def test_a_file_that_unpacks_to_more_than_a_run_can_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it fills the memory."""
    monkeypatch.setattr(run_file, "_MOST_BYTES", 2**20)
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"kind":"header"}\n' + b" " * 2**24))
    with pytest.raises(UnreadableFileError, match=r"bomb\.jsonl\.gz is larger than 1 MiB"):
        read_any_run(path)


@pytest.mark.parametrize(
    "attributes",
    ['time="nan"', 'time="inf"', 'time="-1"', 'time="soon"', "", 'line="99999999999999999999"', 'line="²"'],
)
def test_odd_figures_are_unknown(tmp_path: Path, attributes: str) -> None:
    """Not zero, and not an error."""
    path = tmp_path / "junit.xml"
    case = f'<testcase classname="tests.test_a" name="test_b" {attributes}/>'
    path.write_text(f"<testsuite>{case}</testsuite>", encoding="utf-8")
    [test] = read_any_run(path).tests

    assert (test.nodeid, test.lineno) == ("tests/test_a.py::test_b", None)
    assert [dict(phase.values) for phase in test.phases] == [{}, {}, {}]


@pytest.mark.parametrize(
    "line",
    [
        '{"$report_type":"TestReport"}',
        '{"$report_type":"TestReport","nodeid":3}',
        "[]",
        "{]",
    ],
)
def test_a_broken_report_log_is_an_error(tmp_path: Path, line: str) -> None:
    """One that names the file."""
    path = tmp_path / "report.log"
    path.write_text(f'{{"pytest_version":"9","$report_type":"SessionStart"}}\n{line}\n')
    with pytest.raises(UnreadableFileError, match=r"report\.log is not a report log"):
        read_any_run(path)


def test_a_report_log_that_was_cut_is_an_interrupted_run(project: RecordedProject, tmp_path: Path) -> None:
    """Up to its last whole line."""
    path = tmp_path / "cut.log"
    path.write_bytes((project.root / "new.log").read_bytes()[:-100])
    assert status_of(read_any_run(path)) == "interrupted"
