"""`paceline export`, read back by schemas and by the parsers of those who read it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.harness.recorded import RecordedProject

#: It has no types.
PROMETHEUS: Any = importlib.import_module("prometheus_client.openmetrics.parser")
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
NASTY = 'a::b"\\<>&'
TESTS = f"""
import pytest

@pytest.fixture(scope="module")
def shared(): return 1

@pytest.fixture
def own(): return 2

def test_passes(shared, own): pass

@pytest.mark.parametrize("text", [{NASTY!r}])
def test_nasty(text): pass

def test_fails(): assert 1 == 2, "first\\nsecond"

def test_skips(): pytest.skip("not here")

@pytest.mark.xfail
def test_expected(): assert False

@pytest.fixture
def broken(): raise ValueError("no")

def test_error(broken): pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RecordedProject:
    """A project with one recorded run, with every outcome and a name full of special characters."""
    made = RecordedProject(tmp_path_factory.mktemp("project"))
    made.file("tests/test_it.py", TESTS)
    assert made.pytest("--paceline", "--paceline-suite=heavy", out=None).ret == 1
    return made


def paceline(project: RecordedProject, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the project."""
    return subprocess.run(
        [sys.executable, "-m", "paceline", *arguments],
        cwd=project.root,
        env=project.environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )


def exported(project: RecordedProject, format_: str) -> str:
    """Return the last run in a format."""
    done = paceline(project, "export", "--format", format_)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("format_", ["ctrf", "bencher", "benchmark-action"])
def test_json_is_what_its_readers_expect(project: RecordedProject, format_: str) -> None:
    """Nothing is missing, and nothing is there that they don't know."""
    schema = json.loads((SCHEMAS / f"{format_}.schema.json").read_text(encoding="utf-8"))
    document = json.loads(exported(project, format_))
    jsonschema.validate(document, schema)
    assert document


def test_ctrf_counts_as_pytest_does(project: RecordedProject) -> None:
    """An expected failure is neither passed nor failed."""
    results: dict[str, Any] = json.loads(exported(project, "ctrf"))["results"]
    states = {test["name"].partition("[")[0]: test["status"] for test in results["tests"]}

    assert states == {
        "test_passes": "passed",
        "test_nasty": "passed",
        "test_fails": "failed",
        "test_skips": "skipped",
        "test_expected": "other",
        "test_error": "failed",
    }
    summary = {name: results["summary"][name] for name in ("tests", "passed", "failed", "skipped", "other")}
    assert summary == {"tests": 6, **Counter(states.values())}
    first = results["tests"][0]
    assert (first["filePath"], first["line"]) == ("tests/test_it.py", 10)
    assert first["suite"] == ["tests/test_it.py"]
    assert results["environment"]["extra"]["suite"] == "heavy"


@pytest.mark.parametrize("format_", ["bencher", "benchmark-action"])
def test_only_tests_that_passed_are_benchmarks(project: RecordedProject, format_: str) -> None:
    """How long a test took to fail says nothing about what it tests."""
    document = json.loads(exported(project, format_))
    found = {one["name"] for one in document} if isinstance(document, list) else set(document)
    assert {name.partition("::")[2].partition("[")[0] for name in found} == {"test_passes", "test_nasty"}


def test_openmetrics_are_read_by_the_client_of_prometheus(project: RecordedProject) -> None:
    """The sums, with the suite as a label."""
    text = exported(project, "openmetrics")
    families = {family.name: family for family in PROMETHEUS.text_string_to_metric_families(text)}
    outcomes = {
        sample.labels["outcome"]: sample.value
        for sample in families["paceline_tests"].samples
        if sample.value and sample.labels["suite"] == "heavy"
    }
    assert outcomes == {"passed": 2, "failed": 1, "skipped": 1, "xfailed": 1, "error": 1}
    assert {sample.labels["phase"] for sample in families["paceline_phase_seconds"].samples} == {
        "setup",
        "call",
        "teardown",
    }
    assert families["paceline_run"].samples[0].labels["status"] == "tests_failed"


def test_a_trace_is_read_by_opentelemetry(project: RecordedProject) -> None:
    """Every span but the run's has a parent that contains its start, and ids have the right length."""
    text = exported(project, "otlp")
    json_format.Parse(text, ExportTraceServiceRequest())
    [scope] = json.loads(text)["resourceSpans"][0]["scopeSpans"]
    spans: dict[str, Any] = {span["spanId"]: span for span in scope["spans"]}

    assert len(spans) == len(scope["spans"])
    assert {(len(span["traceId"]), len(span["spanId"])) for span in spans.values()} == {(32, 16)}
    [root] = [span for span in spans.values() if "parentSpanId" not in span]
    assert attributes(root) >= {("test.suite.name", "heavy"), ("test.suite.run.status", "failure")}
    for span in spans.values():
        parent = spans[span.get("parentSpanId", root["spanId"])]
        assert (
            int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        )
    names = Counter(span["name"] for span in spans.values())
    assert names["call"] == 5
    assert names["fixture shared"] == 1
    every = [pair for span in spans.values() for pair in attributes(span)]
    verdicts = Counter(value for name, value in every if name == "test.case.result.status")
    assert verdicts == {"pass": 2, "fail": 2}


def attributes(span: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the attributes of a span that are text."""
    found = [(one["key"], one["value"]) for one in span["attributes"]]
    return {(key, value["stringValue"]) for key, value in found if "stringValue" in value}


def test_the_file_is_what_the_standard_output_would_be(project: RecordedProject, tmp_path: Path) -> None:
    """And nothing is printed beside it."""
    target = tmp_path / "new" / "out.json"
    done = paceline(project, "export", "--format", "bencher", "--output", str(target))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_text(encoding="utf-8") == exported(project, "bencher")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--format", "xml"), 2, "(usage)"),
        (("--format", "ctrf", "--suite", "other"), 2, "(unknown-run)"),
        (("--format", "ctrf", "nothing-is-called-so"), 2, "(unknown-run)"),
        (("--format", "ctrf", "pyproject.toml"), 4, "(unreadable-file)"),
        (("--format", "ctrf", "--output", "tests/test_it.py/x"), 2, "(unwritable-file)"),
    ],
)
def test_what_cannot_be_exported_is_one_clear_error(
    project: RecordedProject, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """With the slug that leads to the reference."""
    done = paceline(project, "export", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


EVIL = "</script>\"'><img src=x>{{7*7}}|`*_\u202e\ud800\x00\x1b[31m\n::error::x%0A"


@pytest.mark.parametrize("format_", ["json", "ctrf", "bencher", "benchmark-action", "openmetrics", "otlp"])
def test_hostile_names_of_another_tool_stay_data(project: RecordedProject, format_: str) -> None:
    """What can't be text is escaped, and every reader still takes the file for what it is."""
    report: dict[str, Any] = {
        "$report_type": "TestReport",
        "nodeid": f"t.py::test[{EVIL}]",
        "location": ["t.py", 1, f"test[{EVIL}]"],
        "keywords": {},
        "outcome": "passed",
        "longrepr": None,
        "duration": 0.1,
        "start": 1.0,
        "stop": 1.1,
    }
    lines = [
        {"pytest_version": "9", "$report_type": "SessionStart"},
        *({**report, "when": when} for when in ("setup", "call", "teardown")),
        {"exitstatus": 0, "$report_type": "SessionFinish"},
    ]
    path = project.root / "evil.log"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    done = paceline(project, "export", str(path), "--format", format_)

    assert (done.returncode, done.stderr) == (0, "")
    if format_ == "openmetrics":
        assert list(PROMETHEUS.text_string_to_metric_families(done.stdout))
    else:
        assert EVIL in str(strings(json.loads(done.stdout)))


def strings(value: object) -> str:
    """Return all strings in a document, one after the other."""
    if isinstance(value, dict):
        return "".join(f"{name}{strings(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(map(strings, value))
    return value if isinstance(value, str) else ""
