"""Which metrics are recorded, and that each says what it means."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.harness.recorded import OUT, RecordedProject, every_phase, needs, phases

from paceline.metrics import DERIVED, PROBES
from paceline.model.run import Run

_DEFAULT = {metric.name for probe in PROBES if probe.default for metric in probe.metrics} | {
    metric.name for metric in DERIVED
}


def _names(run: Run) -> set[str]:
    return {metric.name for metric in run.header.metrics}


def _call(run: Run, name: str) -> dict[str, float]:
    (found,) = (dict(test.phases[1].values) for test in run.tests if test.nodeid.endswith(f"::{name}"))
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_each_default_metric_measures_what_it_says(project: RecordedProject, workers: int) -> None:
    """A sleep, a computation, a collection and a child process leave their marks where they should."""
    if workers:
        needs("xdist")
    project.file(
        "test_it.py",
        """
import gc, subprocess, sys, time

def test_sleeps(): time.sleep(0.2)
def test_computes():
    end = time.process_time() + 0.2
    while time.process_time() < end: pass
def test_collects():
    gc.disable()
    kept = [[] for _ in range(200_000)]
    gc.collect()
    gc.enable()
def test_spawns():
    subprocess.run([sys.executable, "-c", "while __import__('time').process_time() < 0.2: pass"])
""",
    )
    arguments = (f"-n{workers}",) if workers else ()
    run = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",)).run
    assert _names(run) == _DEFAULT
    assert all(set(phase.values) == _DEFAULT for phase in every_phase(run))
    slept, computed, collected, spawned = (
        _call(run, name) for name in ("test_sleeps", "test_computes", "test_collects", "test_spawns")
    )
    assert slept["duration"] >= 0.2
    assert slept["cpu_time"] < 0.15
    assert slept["voluntary_switches"] >= 1
    assert slept["clean_time"] > 0.15
    assert computed["cpu_time"] >= 0.19
    assert computed["clean_time"] == pytest.approx(
        computed["duration"] - computed["run_delay"] - computed["gc_time"]
    )
    assert collected["gc_full_collections"] == 1
    assert 0 < collected["gc_time"] < collected["duration"]
    assert collected["clean_time"] < collected["duration"]
    assert spawned["children_cpu_time"] >= 0.19
    assert computed["children_cpu_time"] == 0


def test_a_wait_within_a_pause_is_no_garbage_collection(project: RecordedProject) -> None:
    """One for a processor is told already: taken out twice, the test would seem to have taken no time."""
    project.file(
        "test_it.py",
        """
import gc, time

def test_waits():
    def wait(phase, info):
        if phase == "start":
            time.sleep(0.3)
    gc.callbacks.append(wait)
    gc.collect()
    gc.callbacks.remove(wait)
""",
    )
    waited = _call(project.pytest(plugins=("paceline",)).run, "test_waits")
    assert 0 < waited["gc_time"] < 0.2
    assert waited["clean_time"] >= 0.29


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("none", {"duration"}),
        ("gc_time", {"duration", "gc_time", "gc_full_collections"}),
        ("all", _DEFAULT),
        ("-gc_time", _DEFAULT - {"clean_time"}),
        ("-gc_time,-gc_full_collections", _DEFAULT - {"gc_time", "gc_full_collections", "clean_time"}),
        ("none,+duration", {"duration"}),
    ],
)
def test_metrics_are_chosen_by_name(project: RecordedProject, words: str, expected: set[str]) -> None:
    """On the command line or in the configuration; what is read in one go comes together."""
    project.file("test_it.py", "def test_it(): pass\n")
    run = project.pytest(f"--paceline-metrics={words}").run
    if words == "-gc_time":
        expected = _DEFAULT  # its probe still has another metric that is wanted
    assert _names(run) == expected
    listed = ", ".join(f'"{word}"' for word in words.split(","))
    project.configure(f"[tool.paceline]\nmetrics = [{listed}]")
    assert _names(project.pytest(out="second.jsonl").run) == expected


def test_an_unknown_metric_is_an_error_that_names_the_nearest(project: RecordedProject) -> None:
    """pytest doesn't start."""
    project.file("test_it.py", "def test_it(): pass\n")
    ended = project.pytest("--paceline-metrics=cpu_tim")
    assert ended.ret == 4
    assert "there is no metric 'cpu_tim'" in ended.output
    assert "Did you mean 'cpu_time'?" in ended.output


def test_zeros_are_left_out_and_come_back(project: RecordedProject) -> None:
    """A line of a trivial test is short; the header says which values it leaves out."""
    project.file("test_it.py", "def test_it(): pass\n")
    path = project.pytest().path
    records = [json.loads(line) for line in path.read_text().splitlines()]
    sparse = {metric["name"] for metric in records[0]["metrics"] if metric["sparse"]}
    (test,) = (record for record in records if record["kind"] == "test")
    for phase in test["phases"]:
        assert {"cpu_time", "duration"} <= set(phase["values"]) <= {"cpu_time", "duration"} | sparse
        assert all(phase["values"].get(name) != 0 for name in sparse)


_DISTRIBUTION = {
    "disk_reads.py": '''
"""A metric of another distribution: how often the test's process read from a disk."""

from paceline.metrics.base import Probe
from paceline.model.metric import Metric

count = 0


def read():
    return (count,)


PROBE = Probe(
    metrics=(
        Metric(
            name="disk_reads",
            unit="1",
            noise="counted",
            sparse=True,
            description="How often the process read from a disk.",
        ),
    ),
    read=read,
)
''',
    "disk_reads-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: disk-reads\nVersion: 1.0\n",
    "disk_reads-1.0.dist-info/entry_points.txt": "[paceline.metrics]\ndisk_reads = disk_reads:PROBE\n",
}


def _installed(project: RecordedProject, **instead: str) -> dict[str, str]:
    """Install the distribution, with more text in a module, and return the environment that finds it."""
    for name, content in _DISTRIBUTION.items():
        project.file(f"site/{name}", content + instead.get(Path(name).stem, ""))
    return {"PYTHONPATH": str(project.root / "site")}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_metric_of_another_distribution_is_recorded(project: RecordedProject, workers: int) -> None:
    """As the how-to guide writes it: an entry point, a declaration, a function that reads."""
    if workers:
        needs("xdist")
    env = _installed(project)
    project.file(
        "test_it.py", "import disk_reads\ndef test_it(): disk_reads.count += 3\ndef test_none(): pass\n"
    )
    arguments = (f"-n{workers}",) if workers else ()
    run = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",), env=env).run
    assert _call(run, "test_it")["disk_reads"] == 3
    assert _call(run, "test_none")["disk_reads"] == 0
    (declared,) = (metric for metric in run.header.metrics if metric.name == "disk_reads")
    assert (declared.unit, declared.noise) == ("1", "counted")


_REPLACED = "PROBE = __import__('dataclasses').replace(PROBE, {0}={0})\n"
_BROKEN = {
    "at once": "def read(): raise OSError('no disk')\n" + _REPLACED.format("read"),
    "when installed": "def install(): raise OSError('no disk')\n" + _REPLACED.format("install"),
    "later": """
calls = 0
def read():
    global calls
    calls += 1
    if calls > 3: raise OSError('no disk')
    return (calls,)
"""
    + _REPLACED.format("read"),
    "by saying nothing": "def read(): return ()\n" + _REPLACED.format("read"),
    "by saying no number": "def read(): return (None,)\n" + _REPLACED.format("read"),
    "by saying none later": """
calls = 0
def read():
    global calls
    calls += 1
    return (float("nan") if calls > 3 else calls,)
"""
    + _REPLACED.format("read"),
    "by too large a number": "def read(): return (10**400,)\n" + _REPLACED.format("read"),
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("broken", _BROKEN)
def test_a_probe_that_fails_is_switched_off_and_its_metric_unknown(
    project: RecordedProject, broken: str, workers: int
) -> None:
    """One warning, no value anywhere, not even 0; the other metrics and the tests are untouched."""
    if workers:
        needs("xdist")
    env = _installed(project, disk_reads=_BROKEN[broken])
    project.file("test_it.py", "def test_a(): pass\ndef test_b(): pass\n")
    arguments = (f"-n{workers}",) if workers else ()
    ended = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",), env=env)
    assert ended.outcomes() == {"test_a": "passed", "test_b": "passed"}
    assert ended.stdout.count("'disk_reads' is switched off") == 1
    assert {set(phase.values) == _DEFAULT for phase in every_phase(ended.run)} == {True}
    assert {one.name for one in ended.run.metrics_off} == {"disk_reads"}


def test_a_metric_that_cant_be_loaded_is_one_warning(project: RecordedProject) -> None:
    """Whatever another distribution offers."""
    env = _installed(project, disk_reads="PROBE = 3\n")
    project.file("test_it.py", "def test_it(): pass\n")
    ended = project.pytest(env=env)
    assert ended.stdout.count("'disk_reads' is neither a Probe nor a derived Metric") == 1
    assert _names(ended.run) == _DEFAULT


def test_the_metric_in_the_guide_is_the_one_that_is_tested() -> None:
    """docs/how-to/add-a-metric.md shows that module and that entry point."""
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-metric.md"
    text = guide.read_text(encoding="utf-8")
    assert _DISTRIBUTION["disk_reads.py"].strip() in text
    assert 'disk_reads = "disk_reads:PROBE"' in text


@pytest.mark.skipif(sys.platform != "linux", reason="what is removed is a file of Linux")
def test_without_run_delay_clean_time_is_cpu_time_and_says_so(project: RecordedProject) -> None:
    """The stated fallback of other systems, declared in the header."""
    project.file(
        "conftest.py",
        "",
    )
    project.file(
        "elsewhere.py",
        "import os\nreal = os.access\n"
        "os.access = lambda path, mode, **more: 'schedstat' not in str(path) and real(path, mode, **more)\n",
    )
    project.file("test_it.py", "import time\ndef test_it(): time.sleep(0.1)\n")
    ended = project.pytest(plugins=("elsewhere", "paceline"), env={"PYTHONPATH": str(project.root)})
    assert "run_delay" not in _names(ended.run)
    (clean,) = (metric for metric in ended.run.header.metrics if metric.name == "clean_time")
    assert clean.derived == ("cpu_time", "gc_time")
    values = _call(ended.run, "test_it")
    assert values["clean_time"] == pytest.approx(values["cpu_time"] - values["gc_time"])
    assert phases(ended.test("test_it"))["call"] == "passed"
    assert ended.path.name == OUT
