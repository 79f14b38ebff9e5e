"""Writes the suites of trivial tests that the benchmarks run, and the plugins that measure and compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TESTS_PER_FILE = 100

_HEAD = """\
import pytest


@pytest.fixture(scope="module")
def settings():
    return {"limit": 3}


@pytest.fixture
def basket(settings):
    return [settings["limit"]]


@pytest.fixture
def opened():
    yield 1

"""

#: Ten tests: plain ones, marked ones, fixtures of both kinds, and a test with three parameters.
_BLOCK = """
def test_plain_{at}():
    assert True


def test_adds_{at}():
    assert 1 + 1 == 2


@pytest.mark.heavy
def test_marked_{at}():
    assert True


@pytest.mark.heavy
def test_marked_with_fixture_{at}(basket):
    assert basket == [3]


def test_fixture_{at}(basket):
    assert len(basket) == 1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_parameter_{at}(n):
    assert n


@pytest.mark.heavy
def test_opened_{at}(opened):
    assert opened


class TestIn{at}:
    def test_method(self):
        assert True

"""

_PYTEST = (
    '[tool.pytest.ini_options]\nmarkers = ["heavy: costs nothing"]\naddopts = ["-p", "no:cacheprovider"]\n'
)
#: A gate that looks at every test and closes before none, so that every configuration runs the same tests.
_TABLE = "\n[tool.paceline.suite.absent]\n"

#: Loaded in every configuration, bare included: says what the run loop alone took in the process itself.
_PROBE = """\
import gc
import os
import time

import pytest

if os.environ.get("BENCH_NO_GC"):
    gc.disable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    start = time.process_time()
    try:
        return (yield)
    finally:
        if not hasattr(session.config, "workerinput"):
            with open(os.environ["BENCH_LOOP"], "w") as file:
                file.write(str(time.process_time() - start))
"""

#: The hooks of a recorder without anything in them: what pytest charges for having one at all.
_EMPTY = """\
import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    return (yield)


def pytest_runtest_logreport():
    pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """The same suite in a project without `[tool.paceline]` and in one with it.

    Attributes:
        plugins: folder of the modules `bench_probe` and `bench_empty`.
    """

    tests: int
    plain: Path
    table: Path
    plugins: Path


def write_projects(folder: Path, tests: int) -> Projects:
    """Write both projects with `tests` tests each into `folder`.

    Raises:
        ValueError: `tests` is not a multiple of 100.
    """
    if tests < _TESTS_PER_FILE or tests % _TESTS_PER_FILE:
        raise ValueError(f"{tests} tests don't fill files of {_TESTS_PER_FILE}")
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    (plugins / "bench_probe.py").write_text(_PROBE)
    (plugins / "bench_empty.py").write_text(_EMPTY)
    module = _HEAD + "".join(_BLOCK.format(at=at) for at in range(_TESTS_PER_FILE // 10))
    roots: list[Path] = []
    for name, extra in (("plain", ""), ("table", _TABLE)):
        root = folder / f"{name}-{tests}"
        (root / "tests").mkdir(parents=True)
        (root / "pyproject.toml").write_text(_PYTEST + extra)
        for at in range(tests // _TESTS_PER_FILE):
            (root / "tests" / f"test_{at:03}.py").write_text(module)
        roots.append(root)
    return Projects(tests=tests, plain=roots[0], table=roots[1], plugins=plugins)
