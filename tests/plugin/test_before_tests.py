"""What is recorded of the time before the first test: imports, plugins, conftests, modules."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.harness.recorded import RecordedProject, needs

from paceline.model.cost import SessionPart
from paceline.model.run import Run

_SLEEP = "import time\ntime.sleep({})\n"
#: Compiled code is kept in the project, not where this machine may have it.
_KEPT = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": ""}


@pytest.fixture
def slow(project: RecordedProject) -> RecordedProject:
    """A project in which a plugin, a conftest, a test module and their libraries take time to import."""
    project.file("slow_plugin.py", _SLEEP.format(0.02) + "import plugin_library\n")
    project.file("plugin_library.py", _SLEEP.format(0.03))
    project.file("conftest.py", _SLEEP.format(0.04) + "import conftest_library\n")
    project.file("conftest_library.py", _SLEEP.format(0.05))
    project.file(
        "tests/test_it.py",
        _SLEEP.format(0.06) + "import module_library\ndef test_it(): import late_library\n"
        "class TestIt:\n    def test_method(self): pass\n",
    )
    project.file("module_library.py", _SLEEP.format(0.07))
    project.file("late_library.py", _SLEEP.format(0.01))
    project.configure(pytest_options='pythonpath = "."')
    return project


_PLUGINS = ("paceline", "slow_plugin")


def part(run: Run, kind: str, name: str, worker: str = "main") -> SessionPart:
    """Return the one part of that kind and name."""
    (found,) = [one for one in run.costs.parts if (one.part, one.name, one.worker) == (kind, name, worker)]
    return found


def names(parts: Iterable[SessionPart], kind: str) -> list[str]:
    """Return the names of the parts of that kind."""
    return [one.name for one in parts if one.part == kind]


def test_each_import_is_charged_to_who_is_slow(slow: RecordedProject) -> None:
    """Own and total seconds of plugin, conftest, test module, and of what each of them imports."""
    ended = slow.pytest(plugins=_PLUGINS, env={"PYTHONPATH": str(slow.root)})
    assert ended.summary == {"passed": 2}, ended.output
    run = ended.run
    for kind, name, library, own, inner in (
        ("plugin", "slow_plugin", "plugin_library", 0.02, 0.03),
        ("conftest", "conftest.py", "conftest_library", 0.04, 0.05),
        ("module", "tests/test_it.py", "module_library", 0.06, 0.07),
    ):
        outer, imported = part(run, kind, name), part(run, "import", library)
        assert outer.own >= own
        assert imported.own >= inner
        assert imported.duration >= imported.own
        # Other imports may lie within too, such as that of `time`.
        assert outer.duration >= outer.own + imported.duration - 1e-5
    imports = names(run.costs.parts, "import")
    assert "late_library" not in imports
    assert {"conftest", "test_it", "tests.test_it", "slow_plugin"}.isdisjoint(imports)
    assert names(run.costs.parts, "module") == ["tests/test_it.py"]
    assert "pytest-paceline" in names(run.costs.parts, "plugin")


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
@pytest.mark.parametrize("assertions", ["rewrite", "plain"])
def test_modules_are_known_by_their_file_however_they_are_imported(
    slow: RecordedProject, mode: str, assertions: str
) -> None:
    """pytest has three ways to import a test module, and two to compile it."""
    ended = slow.pytest(
        f"--import-mode={mode}",
        f"--assert={assertions}",
        plugins=_PLUGINS,
        env={"PYTHONPATH": str(slow.root)},
    )
    assert ended.summary == {"passed": 2}, ended.output
    assert part(ended.run, "module", "tests/test_it.py").own >= 0.06
    assert part(ended.run, "conftest", "conftest.py").own >= 0.04
    assert {"conftest", "test_it"}.isdisjoint(names(ended.run.costs.parts, "import"))


def test_each_conftest_is_its_own_part(project: RecordedProject) -> None:
    """Those that pytest loads at its start, and those that it finds while it collects; each once."""
    for folder in ("", "tests/", "tests/one/", "tests/one/deep/", "tests/two/"):
        project.file(f"{folder}conftest.py", _SLEEP.format(0.01))
        project.file(f"{folder}test_{folder.replace('/', '_')}it.py", "def test_it(): pass\n")
    ended = project.pytest()
    assert ended.summary == {"passed": 5}, ended.output
    found = [one for one in ended.run.costs.parts if one.part == "conftest"]
    assert sorted(one.name for one in found) == [
        "conftest.py",
        "tests/conftest.py",
        "tests/one/conftest.py",
        "tests/one/deep/conftest.py",
        "tests/two/conftest.py",
    ]
    assert all(one.own >= 0.01 and one.count == 1 for one in found)


def test_own_times_add_up_to_less_than_the_session_took(slow: RecordedProject) -> None:
    """Nothing is counted twice."""
    run = slow.pytest(plugins=_PLUGINS, env={"PYTHONPATH": str(slow.root)}).run
    spans = sum(span.duration or 0 for span in run.spans if span.name in ("configure", "collection"))
    assert 0.27 <= sum(one.own for one in run.costs.parts) <= spans
    assert all(0 <= one.own <= one.duration for one in run.costs.parts)


def test_what_was_compiled_is_loaded_from_the_cache_the_next_time(slow: RecordedProject) -> None:
    """Also what pytest rewrites, which has a cache of its own."""
    slow.file("tests/__init__.py", "")
    for compiled in (True, False):
        ended = slow.pytest(plugins=_PLUGINS, env={"PYTHONPATH": str(slow.root), **_KEPT})
        assert ended.summary == {"passed": 2}, ended.output
        found = {
            (kind, name): part(ended.run, kind, name).compiled
            for kind, name in (
                ("plugin", "slow_plugin"),
                ("import", "plugin_library"),
                ("conftest", "conftest.py"),
                ("import", "conftest_library"),
                ("module", "tests/test_it.py"),
                ("import", "module_library"),
            )
        }
        assert found == dict.fromkeys(found, compiled)
        for kind, name in found:
            one = part(ended.run, kind, name)
            assert (one.compiling is not None) == compiled
            assert 0 <= (one.compiling or 0) <= one.own
        assert (environment := ended.run.header.environment)
        assert environment.no_bytecode is None
        (slow.root / "run.jsonl").unlink()


def test_without_bytecode_everything_is_compiled_every_time(slow: RecordedProject) -> None:
    """And the run says why."""
    for _ in range(2):
        ended = slow.pytest(
            plugins=_PLUGINS, env={"PYTHONPATH": str(slow.root), "PYTHONDONTWRITEBYTECODE": "1"}
        )
        assert part(ended.run, "module", "tests/test_it.py").compiled
        assert part(ended.run, "import", "module_library").compiled
        assert (environment := ended.run.header.environment)
        assert environment.no_bytecode == "PYTHONDONTWRITEBYTECODE is set"
        (slow.root / "run.jsonl").unlink()


def test_a_module_that_cannot_be_imported_took_its_time_too(project: RecordedProject) -> None:
    """It is there with its own seconds, and so is the library that failed."""
    project.file("test_broken.py", _SLEEP.format(0.03) + "import broken_library\n")
    project.file("broken_library.py", _SLEEP.format(0.04) + "raise ImportError('no such luck')\n")
    project.file("test_missing.py", "import no_such_module\n")
    project.file("test_wrong.py", "def test_it(: pass\n")
    project.file("test_good.py", "def test_it(): pass\n")
    ended = project.pytest("--continue-on-collection-errors")
    assert ended.summary == {"passed": 1, "errors": 3}, ended.output
    assert part(ended.run, "module", "test_broken.py").own >= 0.03
    assert part(ended.run, "import", "broken_library").own >= 0.04
    assert part(ended.run, "import", "broken_library").compiled is None
    assert sorted(names(ended.run.costs.parts, "module")) == [
        "test_broken.py",
        "test_good.py",
        "test_missing.py",
        "test_wrong.py",
    ]


_FAILS = """
import warnings
warnings.warn("at import", DeprecationWarning, stacklevel=2)
{}
"""


@pytest.mark.parametrize("statement", ["import nowhere", "1 / 0", "import half", "from half import nothing"])
@pytest.mark.parametrize("style", ["auto", "native", "long"])
def test_what_pytest_says_of_a_failed_import_is_the_same_text(
    project: RecordedProject, statement: str, style: str
) -> None:
    """Tracebacks and the places of warnings have no trace of us."""
    project.file("library.py", _FAILS.format(statement))
    project.file("half.py", "import library\n" if "from" not in statement else "")
    project.file("test_it.py", "import library\ndef test_it(): pass\n")
    said = []
    for out in (None, "run.jsonl"):
        ended = project.pytest(f"--tb={style}", out=out, env={"PYTHONDONTWRITEBYTECODE": "1"})
        said.append([line for line in ended.output.splitlines() if " in " not in line or "<module>" in line])
    assert said[0] == said[1]
    assert any("test_it.py:1" in line or "line 1" in line for line in said[0])


def test_an_import_in_a_conftest_that_fails_is_the_same_text(project: RecordedProject) -> None:
    """pytest shows where a conftest went wrong, and ends."""
    project.file("library.py", _FAILS.format("1 / 0"))
    project.file("conftest.py", "import library\n")
    said = [project.pytest(out=out, env=_KEPT).output for out in (None, "run.jsonl")]
    assert said[0] == said[1]
    assert "ZeroDivisionError" in said[0]


def test_nothing_of_it_is_left_when_tests_run(project: RecordedProject) -> None:
    """Imports in a test go straight to Python's own functions."""
    project.file(
        "test_it.py",
        """
import importlib._bootstrap, importlib._bootstrap_external

BEFORE = importlib._bootstrap._find_and_load

def test_it(pytestconfig, request):
    external = importlib._bootstrap_external
    for function in (
        importlib._bootstrap._find_and_load,
        external._compile_bytecode,
        external.SourceLoader.source_to_code,
    ):
        assert function.__module__.startswith("_frozen_importlib")
    from _pytest.assertion import rewrite
    assert rewrite._rewrite_test.__module__ == rewrite.__name__
    assert BEFORE is not importlib._bootstrap._find_and_load
    assert "_importconftest" not in vars(pytestconfig.pluginmanager)
    assert not pytestconfig.pluginmanager.has_plugin("paceline-startup")
""",
    )
    ended = project.pytest()
    assert ended.summary == {"passed": 1}, ended.output


_ODD = """
import importlib, sys, threading, types

def elsewhere():
    import library_of_a_thread

thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()

import library
importlib.reload(library)
import space.inner

class Lazy(types.ModuleType):
    def __getattr__(self, name):
        raise RuntimeError(name)

sys.modules["library"] = Lazy("library")
sys.modules["strange"] = 42
import strange
importlib.import_module("named")
del sys.modules["named"]

def test_it(): pass
"""


def test_odd_imports_change_nothing(project: RecordedProject) -> None:
    """Threads, reloads, namespace packages, lazy modules, things that aren't modules."""
    for name in ("library", "library_of_a_thread", "space/inner", "named"):
        project.file(f"{name}.py", _SLEEP.format(0.01))
    project.file("test_it.py", _ODD)
    ended = project.pytest()
    assert ended.summary == {"passed": 1}, ended.output
    imports = names(ended.run.costs.parts, "import")
    assert {"library", "space.inner", "named"} <= set(imports)
    assert "library_of_a_thread" not in imports


def test_each_worker_has_its_own(slow: RecordedProject) -> None:
    """The controller imports plugins and conftests; each worker those and the test modules, once."""
    needs("xdist")
    ended = slow.pytest("-n2", plugins=("xdist", *_PLUGINS), env={"PYTHONPATH": str(slow.root)})
    assert ended.summary == {"passed": 2}, ended.output
    parts = ended.run.costs.parts
    assert {one.worker for one in parts} == {"main", "gw0", "gw1"}
    for worker in ("main", "gw0", "gw1"):
        assert part(ended.run, "plugin", "slow_plugin", worker).own >= 0.02
        assert part(ended.run, "conftest", "conftest.py", worker).own >= 0.04
    for worker in ("gw0", "gw1"):
        assert part(ended.run, "module", "tests/test_it.py", worker).own >= 0.06
        assert part(ended.run, "import", "module_library", worker).own >= 0.07
    assert "module" not in {one.part for one in parts if one.worker == "main"}


@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
def test_a_frozen_clock_freezes_none_of_it(project: RecordedProject, library: str) -> None:
    """Frozen while conftest is imported, and for good."""
    needs(library)
    freeze = {
        "freezegun": "import freezegun\nfreezegun.freeze_time('1999-12-31').start()\n",
        "time_machine": "import time_machine\ntime_machine.travel('1999-12-31', tick=False).start()\n",
    }
    project.file("conftest.py", f"import time\nsleep = time.sleep\n{freeze[library]}sleep(0.02)\n")
    project.file("test_it.py", "from conftest import sleep\nsleep(0.03)\ndef test_it(): pass\n")
    ended = project.pytest()
    assert ended.summary == {"passed": 1}, ended.output
    assert 0.02 <= part(ended.run, "conftest", "conftest.py").own < 60
    assert 0.03 <= part(ended.run, "module", "test_it.py").own < 60


def test_files_that_are_no_modules_are_collected_too(project: RecordedProject) -> None:
    """A doctest file and one of a plugin's own kind."""
    project.file("notes.txt", ">>> import time; time.sleep(0.01)\n")
    project.file(
        "conftest.py",
        "import pytest, time\n"
        "class Sheet(pytest.File):\n"
        "    def collect(self):\n        time.sleep(0.02)\n        return []\n"
        "def pytest_collect_file(file_path, parent):\n"
        "    if file_path.suffix == '.sheet': return Sheet.from_parent(parent, path=file_path)\n",
    )
    project.file("deep/figures.sheet", "")
    ended = project.pytest("--doctest-glob=*.txt", ".")
    assert ended.summary == {"passed": 1}, ended.output
    assert part(ended.run, "module", "deep/figures.sheet").own >= 0.02
    assert "notes.txt" in names(ended.run.costs.parts, "module")


@pytest.mark.parametrize("arguments", [("--collect-only",), ("--fixtures",)])
def test_a_session_that_runs_no_test_leaves_no_record(
    slow: RecordedProject, arguments: tuple[str, ...]
) -> None:
    """And ends as it would otherwise."""
    ended = slow.pytest(*arguments, plugins=_PLUGINS, env={"PYTHONPATH": str(slow.root)})
    assert ended.ret == 0, ended.output
    assert not ended.path.exists()
