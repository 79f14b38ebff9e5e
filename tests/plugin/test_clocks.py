"""Suites that freeze or mock the clocks, in every place where they do."""

from __future__ import annotations

import time

import pytest
from tests.harness.recorded import RecordedProject, every_phase, needs

from paceline.model.run import Run

_FREEZE = {
    "freezegun": "from freezegun import freeze_time\nfreezer = freeze_time('1999-12-31 23:59:59')\n",
    "time_machine": "import time_machine\nfreezer = time_machine.travel('1999-12-31 23:59:59', tick=False)\n",
}
_WORK = "    end = Real.counter() + 0.05\n    while Real.counter() < end: pass\n"
#: Where no scan of module attributes finds it.
_COUNTER = "import time\nclass Real: counter = staticmethod(time.perf_counter)\n"


def _assert_real(run: Run, before: float) -> None:
    """Durations are those of the real clock, and so are the starts."""
    for phase in every_phase(run):
        assert 0 <= phase.values["duration"] < 1000
        assert phase.start is not None
        assert before - 1 < phase.start < time.time() + 1
    for span in run.spans:
        assert span.duration is not None
        assert 0 <= span.duration < 1000
    assert before - 1 < run.header.started_at < time.time() + 1
    assert run.end is not None
    assert run.end.ended_at is not None
    assert before - 1 < run.end.ended_at < time.time() + 1


@pytest.mark.parametrize("where", ["import", "session", "test"])
@pytest.mark.parametrize("library", sorted(_FREEZE))
def test_a_frozen_clock_freezes_nothing_of_ours(project: RecordedProject, library: str, where: str) -> None:
    """Whether the clock is frozen when conftest is imported, in a session fixture, or in the test."""
    needs(library)
    freeze = _FREEZE[library]
    entered = {
        "import": f"{freeze}freezer.start()\n",
        "session": f"import pytest\n{freeze}@pytest.fixture(scope='session', autouse=True)\n"
        "def frozen():\n    with freezer:\n        yield\n",
        "test": "",
    }
    project.file("conftest.py", f"{_COUNTER}{entered[where]}")
    body = f"    with freezer:\n{_WORK.replace('    ', '        ')}" if where == "test" else _WORK
    imported = freeze if where == "test" else ""
    frozen = "" if where == "test" else "    assert time.localtime().tm_year in (1999, 2000)\n"
    project.file(
        "test_it.py", f"import time\nfrom conftest import Real\n{imported}def test_it():\n{frozen}{body}"
    )
    before = time.time()
    ended = project.pytest()
    assert ended.ret == 0, ended.output
    _assert_real(ended.run, before)
    (call,) = [phase for phase in ended.test("test_it").phases if phase.phase == "call"]
    if library == "time_machine" or where != "import":
        assert call.values["duration"] > 0.03


_PATCH = """
import time
from unittest import mock

patched = [
    mock.patch(f"time.{name}", side_effect=AssertionError(name))
    for name in ("sleep", "time", "time_ns", "perf_counter", "monotonic", "process_time", "clock_gettime")
]
"""


@pytest.mark.parametrize("where", ["import", "session"])
@pytest.mark.parametrize("workers", [0, 1])
def test_patched_clocks_and_sleep_are_never_called(
    project: RecordedProject, where: str, workers: int
) -> None:
    """F14: a suite may patch `time` for good, with functions that raise."""
    if workers:
        needs("xdist")
    # pytest and pytest-xdist hold their own clocks only in part: those stay as they are.
    names = '("sleep", "process_time", "clock_gettime")' if workers or pytest.version_tuple < (8, 4) else None
    patch = (
        _PATCH
        if names is None
        else _PATCH.replace(_PATCH[_PATCH.index('("sleep') : _PATCH.index("\n]")], names)
    )
    entered = (
        "for patch in patched: patch.start()\n"
        if where == "import"
        else "import pytest\n@pytest.fixture(scope='session', autouse=True)\ndef frozen():\n"
        "    for patch in patched: patch.start()\n    yield\n"
    )
    project.file("conftest.py", f"{patch}{entered}")
    project.file(
        "test_it.py",
        "import time, pytest\ndef test_it():\n    with pytest.raises(AssertionError): time.sleep(1)\n",
    )
    before = time.time()
    arguments = ("-n1",) if workers else ()
    ended = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",))
    assert ended.summary == {"passed": 1}, ended.output
    _assert_real(ended.run, before)
