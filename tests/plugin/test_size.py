"""What recording takes besides time: memory while it runs, and bytes on the disk."""

from __future__ import annotations

import gzip

import pytest
from tests.harness.recorded import RecordedProject, needs

_COUNT = 300
_TESTS = f"""
import pytest

@pytest.fixture
def basket(): return []

@pytest.mark.parametrize("n", range({_COUNT // 2}))
def test_plain(n): pass

@pytest.mark.parametrize("n", range({_COUNT // 2}))
def test_with_fixture(n, basket): pass
"""
#: Says how much of what our files have allocated is still there, and what hangs on the reports that are kept.
_LOOKS = """
import gc, tracemalloc, pytest

def pytest_sessionstart(session):
    tracemalloc.start()

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"): return
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/paceline/*")])
    kept = sum(one.size for one in ours.statistics("filename"))
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    carried = [name for reports in terminal.stats.values() for one in reports for name in vars(one)]
    loaded = sum(name.startswith("paceline") for name in carried)
    open("kept", "w").write(f"{kept} {loaded}")
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_little_is_kept_for_each_test(project: RecordedProject, workers: int) -> None:
    """At most 1 KB in the process that writes the run file, and nothing on pytest's reports."""
    if workers:
        needs("xdist")
    project.file("test_it.py", _TESTS)
    project.file("conftest.py", _LOOKS)
    arguments = (f"-n{workers}",) if workers else ()
    ended = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",))
    assert len(ended.run.tests) == _COUNT
    kept, loaded = (int(number) for number in (project.root / "kept").read_text().split())
    assert kept < 1024 * _COUNT
    assert loaded == 0


def test_a_test_takes_few_bytes_on_the_disk(project: RecordedProject) -> None:
    """At most 40 per phase, gzipped, with every default metric."""
    project.file("test_it.py", _TESTS)
    content = project.pytest().path.read_bytes()
    tests = b"\n".join(line for line in content.splitlines() if line.startswith(b'{"kind":"test"'))
    assert len(gzip.compress(tests, compresslevel=6)) < 40 * 3 * _COUNT
