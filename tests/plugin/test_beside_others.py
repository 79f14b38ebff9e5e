"""Recording beside the plugins that heavy suites use."""

from __future__ import annotations

import textwrap

import pytest
from tests.harness.recorded import SUBTESTS, RecordedProject, needs, phases, short

from paceline.model.status import outcomes_of, status_of, unreported

_FLAKY = """
import pathlib, pytest

def test_steady(): pass

def test_flaky():
    tries = pathlib.Path("tries")
    number = int(tries.read_text()) if tries.exists() else 0
    tries.write_text(str(number + 1))
    assert number == 2
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_reruns_are_attempts_of_their_own(project: RecordedProject, workers: int) -> None:
    """pytest-rerunfailures: two failed attempts, then one that passes; the last one counts."""
    needs("pytest_rerunfailures", *(("xdist",) if workers else ()))
    project.file("test_it.py", _FLAKY)
    arguments = (f"-n{workers}",) if workers else ()
    plugins = ("rerunfailures", "paceline", *(("xdist",) if workers else ()))
    ended = project.pytest("--reruns=3", *arguments, plugins=plugins)
    assert ended.ret == 0
    attempts = [
        (test.attempt, test.outcome) for test in ended.run.tests if short(test.nodeid) == "test_flaky"
    ]
    assert attempts == [(1, "failed"), (2, "failed"), (3, "passed")]
    assert phases(ended.test("test_flaky", attempt=2))["setup"] == "passed"
    assert dict(outcomes_of(ended.run)) == {"passed": 2}
    assert status_of(ended.run) == "measured"


def test_a_rerun_of_a_failed_setup_is_an_attempt(project: RecordedProject) -> None:
    """The call is never reached in the first attempt."""
    needs("pytest_rerunfailures")
    project.file(
        "test_it.py",
        "import pathlib, pytest\n@pytest.fixture\ndef server():\n    up = pathlib.Path('up')\n"
        "    if not up.exists():\n        up.touch()\n        raise OSError('refused')\n"
        "def test_it(server): pass\n",
    )
    ended = project.pytest("--reruns=1", plugins=("rerunfailures", "paceline"))
    assert [(test.attempt, test.outcome) for test in ended.run.tests] == [(1, "error"), (2, "passed")]


def test_a_test_that_is_collected_twice_is_attempted_twice(project: RecordedProject) -> None:
    """With pytest's own option; a marker that one item alone got is told of that attempt."""
    project.file("test_it.py", "def test_it(): pass\n")
    project.file(
        "conftest.py",
        "import pytest\n"
        "def pytest_runtest_setup(item):\n"
        "    if item is item.session.items[1]: item.add_marker(pytest.mark.heavy)\n",
    )
    ended = project.pytest("--keep-duplicates", "-W", "ignore", "test_it.py", "test_it.py")
    assert [(test.attempt, test.outcome, test.markers) for test in ended.run.tests] == [
        (1, "passed", ()),
        (2, "passed", ("heavy",)),
    ]


def test_the_seed_in_force_is_recorded(project: RecordedProject) -> None:
    """pytest-randomly: the number it drew, not the word `default`."""
    needs("pytest_randomly")
    project.file("test_it.py", "def test_a(): pass\ndef test_b(): pass\n")
    drawn = project.pytest(plugins=("randomly", "paceline"))
    assert f"Using --randomly-seed={drawn.run.header.seed}\n" in drawn.stdout
    given = project.pytest("-p", "randomly", "--randomly-seed=42", out="given.jsonl")
    assert given.run.header.seed == "42"


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_timeout_is_recorded(project: RecordedProject, method: str) -> None:
    """pytest-timeout: the signal fails the test, the thread ends the process; neither is `measured`."""
    needs("pytest_timeout")
    project.file("test_it.py", "import time\ndef test_a(): pass\ndef test_hangs(): time.sleep(60)\n")
    ended = project.pytest("--timeout=0.5", f"--timeout-method={method}", plugins=("timeout", "paceline"))
    assert ended.ret == 1
    assert ended.outcomes()["test_a"] == "passed"
    if method == "signal":
        assert phases(ended.test("test_hangs"))["call"] == "failed"
        assert status_of(ended.run) == "tests_failed"
    else:
        assert [short(name) for name in unreported(ended.run)] == ["test_hangs"]
        assert status_of(ended.run) == "interrupted"


def test_coverage_has_its_say_on_the_exit_code(project: RecordedProject) -> None:
    """pytest-cov: a missed threshold fails the run, not a test."""
    needs("pytest_cov")
    project.file("shop.py", "def unused():\n    return 1\n")
    project.file("test_it.py", "import shop\ndef test_it(): pass\n")
    ended = project.pytest("--cov=shop", "--cov-fail-under=90", plugins=("pytest_cov", "paceline"))
    assert ended.run.end is not None
    assert (ended.ret, ended.run.end.exit_code) == (1, 1)
    assert ended.outcomes() == {"test_it": "passed"}


def test_async_tests_are_measured(project: RecordedProject) -> None:
    """pytest-asyncio: the call lasts as long as the coroutine."""
    needs("pytest_asyncio")
    project.configure(pytest_options='asyncio_mode = "auto"\nasyncio_default_fixture_loop_scope = "function"')
    project.file(
        "test_it.py",
        "import asyncio, pytest\n@pytest.fixture\n"
        "async def value():\n    await asyncio.sleep(0)\n    yield 3\n"
        "async def test_it(value): await asyncio.sleep(0.2)\n",
    )
    recorded = project.pytest(plugins=("asyncio", "paceline")).test("test_it")
    assert recorded.phases[1].values["duration"] > 0.19


@pytest.mark.parametrize("present", [True, False])
def test_django_may_be_there_or_not(project: RecordedProject, present: bool) -> None:
    """pytest-django: its marks and its database fixture are recorded like any other."""
    needs("pytest_django", "django")
    project.configure(
        pytest_options='DJANGO_SETTINGS_MODULE = "site_settings"\npythonpath = "."' if present else ""
    )
    project.file(
        "site_settings.py",
        "SECRET_KEY = 'x'\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n",
    )
    body = "@pytest.mark.django_db\ndef test_it(): pass\n" if present else "def test_it(): pass\n"
    project.file("test_it.py", f"import pytest\n{body}")
    ended = project.pytest(plugins=("django", "paceline") if present else ("paceline",))
    assert ended.outcomes() == {"test_it": "passed"}
    assert ended.test("test_it").markers == (("django_db",) if present else ())


def test_subtests_are_part_of_their_test(project: RecordedProject) -> None:
    """A subtest is no phase: the test has one call, which fails when a subtest did."""
    needs(SUBTESTS)
    project.file(
        "test_it.py",
        """
import time, unittest

def test_good(subtests):
    for number in range(3):
        with subtests.test(number=number): time.sleep(0.1)

def test_bad(subtests):
    for number in range(3):
        with subtests.test(number=number): assert number != 1

class Case(unittest.TestCase):
    def test_case(self):
        for number in range(3):
            with self.subTest(number=number): self.assertNotEqual(number, 1)
""",
    )
    ended = project.pytest()
    good = {"setup": "passed", "call": "passed", "teardown": "passed"}
    assert phases(ended.test("test_good")) == good
    assert ended.test("test_good").phases[1].values["duration"] > 0.29
    assert phases(ended.test("test_bad")) == {**good, "call": "failed"}
    assert set(phases(ended.test("Case::test_case"))) == set(good)
    assert status_of(ended.run) == "tests_failed"


def test_doctests_are_recorded(project: RecordedProject) -> None:
    """In a module and in a text file."""
    project.file("shop.py", '"""\n>>> 1 + 1\n2\n"""\n')
    project.file("test_words.txt", ">>> 1 + 1\n3\n")
    outcomes = project.pytest("--doctest-modules", "--doctest-glob=test*.txt").outcomes()
    assert outcomes == {"shop": "passed", "test_words.txt": "failed"}


def test_outcomes_of_other_plugins_keep_the_file_readable(project: RecordedProject) -> None:
    """A plugin that has a word of its own for a failed attempt, or reports phases of its own."""
    project.file(
        "conftest.py",
        """
import copy, pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        report.outcome = "retried"
    return report

def pytest_runtest_logreport(report): pass

@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    report = pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "extra")
    item.ihook.pytest_runtest_logreport(report=report)
""",
    )
    project.file("test_it.py", "def test_fails(): assert False\ndef test_b(): pass\n")
    ended = project.pytest()
    assert phases(ended.test("test_fails")) == {"setup": "passed", "call": "failed", "teardown": "passed"}
    assert phases(ended.test("test_b"))["teardown"] == "passed"


def test_a_phase_that_another_plugin_prevents_has_no_values_of_another(project: RecordedProject) -> None:
    """A wrapper outside of ours that raises leaves that phase unmeasured, not measured wrongly."""
    project.file(
        "test_it.py",
        """
import time

def test_it(): time.sleep(0.3)
def test_b(): pass
""",
    )
    project.file(
        "conftest.py",
        """
import pytest

class Outermost:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        if item.name == "test_it":
            raise RuntimeError("before everything")
        return (yield)

def pytest_sessionstart(session):
    session.config.pluginmanager.register(Outermost())
""",
    )
    recorded = project.pytest().test("test_it")
    assert phases(recorded) == {"setup": "passed", "call": "passed", "teardown": "failed"}
    assert recorded.phases[2].values == {}
    assert recorded.phases[2].start is None


def test_nested_runs_stay_out_of_the_outer_file(project: RecordedProject) -> None:
    """pytester inside a recorded test, in the same process and in another."""
    project.file(
        "test_it.py",
        """
def test_nested(pytester):
    pytester.makepyfile("def test_inner(): pass")
    assert pytester.runpytest_inprocess("-p", "no:cacheprovider").ret == 0
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider").ret == 0
    plugins = "-p", "no:cacheprovider", "-p", "paceline"
    inner = pytester.runpytest_inprocess(*plugins, "--paceline-out=inner.jsonl")
    assert inner.ret == 0
    assert "test_inner" in (pytester.path / "inner.jsonl").read_text()

def test_after(): pass
""",
    )
    ended = project.pytest(
        plugins=("pytester", "paceline"), env={"PYTEST_ADDOPTS": "--paceline-out=run.jsonl"}
    )
    assert ended.outcomes() == {"test_nested": "passed", "test_after": "passed"}
    assert phases(ended.test("test_nested"))["teardown"] == "passed"


_ODD = [
    "with space",
    "with::colons",
    "tab\\tnewline\\nreturn\\r",
    "quote\\\"s and \\'s",
    "back\\\\slash",
    "snow☃man",
    "at@sign]",
    "\\x00\\u2028\\x85",
    "byte\\udcff",
]


@pytest.mark.parametrize("workers", [0, 2])
def test_odd_node_ids_come_back_as_they_were(project: RecordedProject, workers: int) -> None:
    """With and without pytest's escaping of what isn't ASCII; every line stays one line."""
    if workers:
        needs("xdist")
    option = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support = true"
    project.configure(pytest_options=option)
    # A surrogate can't be sent to a worker, by pytest-xdist itself.
    odd = [text for text in _ODD if not workers or "udcff" not in text]
    values = ", ".join(f'"{text}"' for text in odd)
    project.file(
        "test_it.py",
        f"import pytest\n@pytest.mark.parametrize('text', [{values}])\ndef test_it(text): pass\n",
    )
    project.file("test dir/test_ünï.py", "def test_b(): pass\n")
    arguments = (f"-n{workers}", "--dist=loadgroup") if workers else ()
    plugins = ("xdist", "paceline") if workers else ("paceline",)
    ended = project.pytest(
        *arguments, "-q", plugins=plugins, env={"PYTHONIOENCODING": "utf-8:backslashreplace"}
    )
    assert ended.ret == 0, ended.output
    run = ended.run
    assert len(run.tests) == len(odd) + 1
    assert sorted(test.nodeid for test in run.tests) == sorted(run.collected or ())
    if not workers:
        assert f"test_it.py::test_it[{'snow☃man'}]" in {test.nodeid for test in run.tests}
        assert "test_it.py::test_it[with::colons]" in {test.nodeid for test in run.tests}
        assert any("\udcff" in test.nodeid for test in run.tests)
    assert {test.path for test in run.tests} == {"test_it.py", "test dir/test_ünï.py"}


def test_f4_all_skipped_is_not_provisioned(project: RecordedProject) -> None:
    """F4: a suite in which nothing ran isn't measured."""
    project.file("test_it.py", "import pytest\ndef test_a(): pytest.skip('no database')\n")
    assert status_of(project.pytest().run) == "not_provisioned"


def test_f5_a_broken_provisioning_is_an_error(project: RecordedProject) -> None:
    """F5: a session fixture that raises is not the same as a server that is missing."""
    source = textwrap.dedent(
        """
        import pytest
        class Missing(Exception): {attribute}
        @pytest.fixture(scope="session")
        def database(): raise Missing("relation does not exist")
        def test_a(database): pass
        def test_b(database): pass
        """
    )
    project.file("test_it.py", source.format(attribute="pass"))
    assert status_of(project.pytest().run) == "provisioning_error"
    project.file("test_it.py", source.format(attribute="run_status = 'not_provisioned'"))
    assert status_of(project.pytest(out="declared.jsonl").run) == "not_provisioned"
