"""Opt-in suites: which tests are skipped, why, and how they are switched on."""

from __future__ import annotations

import pytest
from tests.harness.recorded import RecordedProject, needs

_MARKED = """
import pytest

def test_plain(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.slower
def test_slower(): pass

@pytest.mark.slow
@pytest.mark.slower
def test_both(): pass
"""

_SUITES = """
[tool.paceline.suite.slow]
[tool.paceline.suite.slower]
flag = "--even-slower"
implies = ["slow"]
"""


def _marked(project: RecordedProject) -> RecordedProject:
    project.configure(_SUITES)
    project.file("test_it.py", _MARKED)
    return project


@pytest.mark.parametrize(
    ("flags", "ran"),
    [
        ((), {"test_plain"}),
        (("--slow",), {"test_plain", "test_slow"}),
        (("--even-slower",), {"test_plain", "test_slow", "test_slower", "test_both"}),
    ],
)
def test_a_flag_runs_its_suite_and_what_it_implies(
    project: RecordedProject, flags: tuple[str, ...], ran: set[str]
) -> None:
    """A test runs when every suite it belongs to is switched on."""
    outcomes = _marked(project).pytest(*flags).outcomes()
    assert {name for name, outcome in outcomes.items() if outcome == "passed"} == ran
    assert {outcome for name, outcome in outcomes.items() if name not in ran} <= {"skipped"}


def test_the_reason_names_every_flag_that_is_missing(project: RecordedProject) -> None:
    """A test of two suites says both flags."""
    shown = _marked(project).pytest("-rs", out=None).stdout
    assert "opt-in suite, run it with: pytest --slow\n" in shown
    assert "opt-in suite, run it with: pytest --slow --even-slower\n" in shown


def test_without_own_suites_the_three_of_the_mission_are_the_default(project: RecordedProject) -> None:
    """`--pgvector` implies `--schema` but not `--contract`."""
    project.configure("[tool.paceline.suite.schema]\nrequires=[]\nisolation='none'\n")
    project.configure()
    project.file(
        "test_it.py",
        "import pytest\n"
        + "".join(
            f"@pytest.mark.{name}\ndef test_{name}(): pass\n" for name in ("schema", "pgvector", "contract")
        ),
    )
    shown = project.pytest("-rs", out=None).stdout
    for flag in ("--schema", "--pgvector", "--contract"):
        assert f"run it with: pytest {flag}\n" in shown
    assert project.pytest("--contract", "-m", "contract", out=None).summary == {"passed": 1, "deselected": 2}
    chosen = project.pytest("--pgvector", "-rs", "--setup-plan", out=None).stdout
    assert "run it with: pytest --contract" in chosen
    assert "run it with: pytest --schema" not in chosen


def test_a_suite_without_flag_is_not_gated(project: RecordedProject) -> None:
    """`flag = ""` only names the suite."""
    project.configure('[tool.paceline.suite.slow]\nflag = ""\n')
    project.file("test_it.py", "import pytest\n@pytest.mark.slow\ndef test_slow(): pass\n")
    assert project.pytest("--strict-markers", out=None).summary == {"passed": 1}


def test_two_suites_may_share_a_flag(project: RecordedProject) -> None:
    """One option switches both on."""
    project.configure(
        '[tool.paceline.suite.slow]\nflag = "--heavy"\n[tool.paceline.suite.slower]\nflag = "--heavy"\n'
    )
    project.file("test_it.py", _MARKED)
    assert project.pytest(out=None).summary == {"passed": 1, "skipped": 3}
    assert project.pytest("--heavy", out=None).summary == {"passed": 4}


def test_selecting_by_marker_doesnt_open_the_gate(project: RecordedProject) -> None:
    """`-m slow` alone skips: what a suite needs may be missing."""
    _marked(project)
    assert project.pytest("-m", "slow", out=None).summary == {"skipped": 2, "deselected": 2}
    assert project.pytest("-m", "slow and not slower", "--slow", out=None).summary == {
        "passed": 1,
        "deselected": 3,
    }


def test_markers_count_wherever_they_are_written(project: RecordedProject) -> None:
    """On a module, a class, a base class, or one parameter."""
    project.configure("[tool.paceline.suite.slow]")
    project.file("test_module.py", "import pytest\npytestmark = pytest.mark.slow\ndef test_it(): pass\n")
    project.file(
        "test_classes.py",
        """
import pytest, unittest

@pytest.mark.slow
class TestBase:
    def test_one(self): pass

class TestDerived(TestBase):
    pass

@pytest.mark.slow
class Case(unittest.TestCase):
    def test_two(self): pass

@pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_sizes(size): pass
""",
    )
    ran = {name for name, outcome in project.pytest().outcomes().items() if outcome == "passed"}
    assert ran == {"test_sizes[1]"}
    assert project.pytest("--slow", out=None).summary == {"passed": 6}


def test_a_marker_expression_selects_a_suite(project: RecordedProject) -> None:
    """A suite need not be a single marker."""
    project.configure('[tool.paceline.suite.mixed]\nmarker = "slow and not slower"\n')
    project.file("test_it.py", _MARKED)
    skipped = [name for name, outcome in project.pytest().outcomes().items() if outcome == "skipped"]
    assert skipped == ["test_slow"]


def test_gated_tests_set_nothing_up(project: RecordedProject) -> None:
    """A closed suite costs no fixture."""
    project.configure("[tool.paceline.suite.slow]")
    project.file(
        "test_it.py",
        """
import pytest

@pytest.fixture(scope="session", autouse=True)
def server():
    raise RuntimeError("must not be started")

@pytest.mark.slow
def test_slow(): pass
""",
    )
    assert project.pytest(out=None).summary == {"skipped": 1}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[tool.paceline.sute.slow]", "unknown key tool.paceline.sute. Did you mean 'suite'?"),
        (
            "[tool.paceline.suite.slow]\nworker = 2",
            "tool.paceline.suite.slow.worker. Did you mean 'workers'?",
        ),
        ("[tool.paceline.suite.slow]\nworkers = 'two'", "must be a whole number, not 'two'"),
        ("[tool.paceline.suite.slow]\nmarker = 'slow and'", "tool.paceline.suite.slow.marker"),
        ("[tool.paceline.suite.slow]\nflag = '--paceline'", "tool.paceline.suite.slow.flag"),
        ("[tool]\npaceline = 3", "tool.paceline must be a table, not 3"),
    ],
)
def test_a_wrong_configuration_is_one_usage_error(project: RecordedProject, table: str, said: str) -> None:
    """One line that says where and what was meant, pytest's exit code 4, no traceback."""
    project.configure(table)
    project.file("test_it.py", "def test_it(): pass\n")
    for plugins in ("paceline",), ("xdist", "paceline", "-n1"):
        extra = [name for name in plugins if name.startswith("-n")]
        ended = project.pytest(*extra, plugins=[name for name in plugins if name not in extra], out=None)
        assert ended.ret == 4
        assert said in ended.stderr
        assert ended.output.count("paceline:") == 1
        assert "Traceback" not in ended.output
        if "xdist" not in plugins:
            needs("xdist")


_OWN_OPTION = """
def pytest_addoption(parser):
    parser.addoption("--slow", {settings}, help="the project's own")
"""
_OWN_GATE = """
import pytest

def pytest_collection_modifyitems(config, items):
    if not config.getoption("{option}"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="our own gate"))
"""


def test_a_projects_own_flag_and_gate_are_left_to_it(project: RecordedProject) -> None:
    """Paceline neither registers the option again nor skips."""
    _marked(project)
    project.file(
        "conftest.py", _OWN_OPTION.format(settings="action='store_true'") + _OWN_GATE.format(option="--slow")
    )
    closed = project.pytest("-rs", "-m", "slow and not slower", out=None)
    assert closed.summary == {"skipped": 1, "deselected": 3}
    assert "our own gate" in closed.stdout
    assert "opt-in suite" not in closed.stdout
    assert project.pytest("--slow", "-m", "slow and not slower", out=None).summary == {
        "passed": 1,
        "deselected": 3,
    }


def test_a_projects_own_flag_without_a_gate_gates_nothing(project: RecordedProject) -> None:
    """What the option means is the project's business."""
    _marked(project)
    project.file("conftest.py", _OWN_OPTION.format(settings="action='store_true'"))
    assert project.pytest("-m", "slow and not slower", out=None).summary == {"passed": 1, "deselected": 3}


def test_a_projects_flag_with_another_dest_is_understood(project: RecordedProject) -> None:
    """An implied suite is switched on through the project's own destination."""
    _marked(project)
    project.file(
        "conftest.py",
        _OWN_OPTION.format(settings="action='store_true', dest='with_slow'")
        + _OWN_GATE.format(option="with_slow"),
    )
    assert project.pytest(out=None).summary == {"passed": 1, "skipped": 3}
    assert project.pytest("--slow", out=None).summary == {"passed": 2, "skipped": 2}
    assert project.pytest("--even-slower", out=None).summary == {"passed": 4}


def test_a_projects_flag_keeps_its_value(project: RecordedProject) -> None:
    """An option that isn't a switch is never overwritten with one."""
    _marked(project)
    project.file(
        "conftest.py",
        _OWN_OPTION.format(settings="default=''")
        + """
def pytest_report_header(config):
    return f"slow={config.getoption('--slow')!r}"
""",
    )
    assert "slow='very'" in project.pytest("--slow=very", out=None).stdout
    assert "slow=''" in project.pytest("--even-slower", out=None).stdout


def test_a_gate_in_the_projects_conftest_may_use_our_flag(project: RecordedProject) -> None:
    """Both gates open with one option."""
    _marked(project)
    project.file("conftest.py", _OWN_GATE.format(option="--slow"))
    assert project.pytest("--slow", out=None).summary == {"passed": 2, "skipped": 2}
    assert project.pytest(out=None).summary == {"passed": 1, "skipped": 3}


def test_markers_are_registered_under_strict_markers(project: RecordedProject) -> None:
    """Each plain marker is declared, and shown by `--markers` with its flag."""
    _marked(project)
    assert project.pytest("--strict-markers", out=None).ret == 0
    shown = project.pytest("--markers", out=None).stdout
    assert "@pytest.mark.slower: opt-in suite 'slower' (--even-slower)" in shown


def test_help_shows_the_flags(project: RecordedProject) -> None:
    """A reader of `pytest --help` learns what each flag runs."""
    shown = " ".join(_marked(project).pytest("--help", out=None).stdout.split())
    assert "--slow Run the opt-in suite 'slow'" in shown
    assert "--even-slower Run the opt-in suite 'slower' and what it implies (slow)" in shown
    assert "--paceline-out=FILE Record this run in FILE" in shown


def test_help_survives_a_conftest_that_raises(project: RecordedProject) -> None:
    """The suites' flags can't be added then; the rest of the help is shown as pytest does."""
    _marked(project)
    project.file("conftest.py", "raise RuntimeError('broken conftest')\n")
    shown = project.pytest("--help", out=None)
    assert shown.ret == 0
    assert "--paceline-out" in shown.stdout
    assert "INTERNALERROR" not in shown.output
    broken = project.pytest(out=None)
    assert broken.ret == 4
    assert "broken conftest" in broken.output


def test_the_plugin_can_be_switched_off(project: RecordedProject) -> None:
    """`-p no:paceline` leaves plain pytest."""
    project.configure(_SUITES)
    project.file("test_it.py", "import pytest\ndef test_plain(): pass\n")
    off = project.pytest("--slow", plugins=("no:paceline",), out=None)
    assert off.ret == 4
    assert "--slow" in off.stderr
    assert project.pytest(plugins=("no:paceline",), out=None).summary == {"passed": 1}


def test_pytest_loads_the_plugin_by_itself(project: RecordedProject) -> None:
    """The entry point is enough; nothing has to be named."""
    _marked(project)
    loaded = project.pytest(plugins=("no:schemathesis",), env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""})
    assert loaded.outcomes()["test_slow"] == "skipped"


def test_the_gate_also_stands_in_workers(project: RecordedProject) -> None:
    """Flags reach the workers of pytest-xdist."""
    needs("xdist")
    _marked(project)
    plugins = ("xdist", "paceline")
    assert project.pytest("-n2", plugins=plugins, out=None).summary == {"passed": 1, "skipped": 3}
    assert project.pytest("-n2", "--even-slower", plugins=plugins, out=None).summary == {"passed": 4}


@pytest.mark.parametrize(
    "table",
    [
        "[tool]\npaceline = {}",
        "[tool.paceline]",
        "[ tool . paceline ]",
        '[tool."paceline"]',
        "tool.paceline.slowest = 3",
    ],
)
def test_every_spelling_of_the_table_counts(project: RecordedProject, table: str) -> None:
    """TOML has many ways to write one table."""
    project.configure(table)
    assert "@pytest.mark.contract" in project.pytest("--markers", out=None).stdout


def test_options_may_come_from_addopts(project: RecordedProject) -> None:
    """Without a table, naming one of our options anywhere is what switches Paceline on."""
    project.file("pyproject.toml", "")
    project.file("test_it.py", "def test_it(): pass\n")
    assert project.pytest(out=None, env={"PYTEST_ADDOPTS": "--paceline-out=a.jsonl"}).ret == 0
    assert (project.root / "a.jsonl").exists()
    project.file("pytest.ini", "[pytest]\naddopts = --paceline-out=b.jsonl\n")
    assert project.pytest(out=None).ret == 0
    assert (project.root / "b.jsonl").exists()
