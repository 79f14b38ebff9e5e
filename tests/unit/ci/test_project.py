"""What is found in a project's files."""

from __future__ import annotations

import pytest

from paceline.ci.github import github_edits
from paceline.ci.gitlab import gitlab_edits
from paceline.ci.plan import plan
from paceline.ci.project import Project, Provider, read_project
from paceline.ci.pyproject_edit import pyproject_edit
from paceline.ci.sources import Sources
from paceline.ci.suites import proposals
from paceline.errors import ConfigError

CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--run-slow", action="store_true")
    parser.addoption("--dburi", action="store")
"""
SLOW = "import pytest, os\nURL = os.environ['TEST_DATABASE_URL']\n@pytest.mark.slow\ndef test(): ...\n"
WORKFLOW = """\
# ours
name: 'CI'
on: [push, pull_request]
jobs:
    tests:   # four spaces
        runs-on: ubuntu-latest
        steps:
            - run: pytest
# the end
"""


def project(**texts: str) -> Project:
    """Return what is found in files; `__` in a name stands for a slash, `_DOT_` for a dot."""
    named = {name.replace("__", "/").replace("_DOT_", "."): text for name, text in texts.items()}
    return read_project(Sources(names=tuple(sorted(named)), texts=named))


def test_a_marker_with_a_flag_is_a_suite() -> None:
    """The flag is the project's own, whatever prefix it has."""
    (suite,) = proposals(project(tests__conftest_DOT_py=CONFTEST, tests__test_a_DOT_py=SLOW))
    assert ("slow", "slow", "--run-slow") == (suite.name, suite.marker, suite.flag)


def test_a_marker_that_addopts_leave_out_is_a_suite() -> None:
    """It has no flag: the profile's `-m` stands in for the project's."""
    found = project(
        pytest_DOT_ini="[pytest]\naddopts = -m 'not weighty'\n",
        tests__test_a_DOT_py="import pytest\npytestmark = pytest.mark.weighty\ndef test(): ...\n",
    )
    (suite,) = proposals(found)
    assert ("weighty", "") == (suite.marker, suite.flag)


def test_technical_markers_are_no_suites() -> None:
    """They say how a test runs; then all tests are one suite."""
    text = "import pytest\n@pytest.mark.asyncio\n@pytest.mark.skipif(True)\ndef test(): ...\n"
    (suite,) = proposals(project(tests__test_a_DOT_py=text))
    assert ("tests", "", ("tests",)) == (suite.name, suite.marker, suite.paths)


def test_a_folder_can_be_a_suite() -> None:
    """Where nobody marked anything, its name tells."""
    test = "def test(): ..."
    found = project(tests__integration__test_a_DOT_py=test, tests__test_b_DOT_py=test)
    (suite,) = proposals(found)
    assert ("integration", ("tests/integration",)) == (suite.name, suite.paths)


def test_postgresql_is_required_where_a_variable_tells_its_address() -> None:
    """Otherwise the tests would not find the server."""
    text = SLOW.replace("mark.slow", "mark.database") + "X = 'postgresql://localhost/x'\n"
    found = project(tests__test_a_DOT_py=text)
    (suite,) = proposals(found)
    edit = pyproject_edit(found, [suite])
    assert edit is not None
    assert 'requires = ["postgresql"]' in edit.after
    assert 'export = ["TEST_DATABASE_URL"]' in edit.after


@pytest.mark.parametrize(
    ("marker", "variable", "address", "required"),
    [
        ("database", "DATABASE_URL", "postgresql://localhost/x", ["postgresql"]),
        ("mysql", "MYSQL_URL", "mysql+pymysql://localhost/x", ["mariadb"]),
        ("database", "TEST_DATABASE_URL", "mariadb://localhost/x", ["mariadb"]),
        ("db", "DB_URL", "sqlite:///./test.db", ["sqlite"]),
        ("mysql", "MYSQL_URL", "postgresql://localhost/x", []),
    ],
)
def test_a_database_that_paceline_provides_is_required(
    marker: str, variable: str, address: str, required: list[str]
) -> None:
    """The one that the suite's name is about, or else the one that the tests name."""
    text = SLOW.replace("mark.slow", f"mark.{marker}").replace("TEST_DATABASE_URL", variable)
    found = project(tests__test_a_DOT_py=f"{text}X = '{address}'\n")
    (suite,) = proposals(found)
    assert list(suite.requires) == required
    edit = pyproject_edit(found, [suite])
    assert edit is not None
    assert (f'export = ["{variable}"]' in edit.after) == bool(required)
    workflow = next(iter(github_edits(found, [suite]))).after
    assert ("mariadb-server" in workflow) == (required == ["mariadb"])


def test_services_of_ci_and_compose_tell_the_database() -> None:
    """Also where the tests get the whole address from outside."""
    found = project(
        tests__test_a_DOT_py=SLOW.replace("mark.slow", "mark.integration"),
        _DOT_github__workflows__ci_DOT_yml=WORKFLOW.replace(
            "steps:",
            "services: {db: {}}\n        x:\n            image: pgvector/pgvector:pg17\n        steps:",
        ),
    )
    assert (("pgvector/pgvector:pg17", ".github/workflows/ci.yml"),) == found.database.services
    (suite,) = proposals(found)
    assert suite.requires == ("postgresql", "pgvector")
    compose = project(
        tests__test_a_DOT_py=SLOW.replace("mark.slow", "mark.integration"),
        docker__compose_DOT_yaml="services:\n  db:\n    image: 'mysql:8'\n",
    )
    assert proposals(compose)[0].requires == ("mariadb",)


def test_a_variable_that_switches_tests_on_is_set_in_the_jobs() -> None:
    """An address or a secret that the tests read is none."""
    conftest = (
        "import os, pytest\n"
        "slow = pytest.mark.skipif(not os.environ.get('RUN_SLOW'), reason='slow')\n"
        "if 'INTEGRATION_TESTS' not in os.environ: collect_ignore = ['x.py']\n"
        "url = os.environ.get('WITH_URL') or os.getenv('RUN_TOKEN')\n"
        "print(os.environ.get('RUN_NUMBER'))\n"
        "if os.environ.get('RUN_DRIVER', 'sqlite') == 'sqlite': ...\n"
    )
    found = project(tests__conftest_DOT_py=conftest, tests__test_a_DOT_py=SLOW)
    assert [("RUN_SLOW", "tests/conftest.py:2"), ("INTEGRATION_TESTS", "tests/conftest.py:3")] == [
        (switch.name, switch.where) for switch in found.switches
    ]
    for edits in (github_edits(found, proposals(found)), gitlab_edits(found, proposals(found))):
        assert next(iter(edits)).after.count('RUN_SLOW: "1" # read in tests/conftest.py:2') == 2


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_stands_in_pyproject_stays_byte_for_byte(newline: str) -> None:
    """Comments, order and line breaks are the user's."""
    before = newline.join(["# mine", "[tool.black]   # odd", "line-length=99", ""])
    edits = plan(project(pyproject_DOT_toml=before, tests__test_a_DOT_py=SLOW), (), "none")
    assert edits[0].after.startswith(before)
    assert edits[0].after.count("\n") == edits[0].after.count(newline)


def test_a_broken_pyproject_is_a_clear_error() -> None:
    """Nothing is written over something that can't be read."""
    with pytest.raises(ConfigError, match="not valid TOML"):
        project(pyproject_DOT_toml="[tool\n")


def test_a_table_in_one_line_is_a_clear_error() -> None:
    """TOML lets nobody add to an inline table."""
    found = project(pyproject_DOT_toml="tool = { black = { line-length = 99 } }\n", tests__test_a_DOT_py=SLOW)
    with pytest.raises(ConfigError, match="can't be added"):
        plan(found, proposals(found), "none")


def test_jobs_are_added_to_the_workflow_that_runs_the_tests() -> None:
    """With its own indentation, and every line of it where it was."""
    found = project(_DOT_github__workflows__ci_DOT_yml=WORKFLOW, tests__test_a_DOT_py=SLOW)
    edits = {edit.path: edit for edit in plan(found, proposals(found), "github")}
    after = edits[".github/workflows/ci.yml"].after
    assert [line for line in after.splitlines() if line in WORKFLOW.splitlines()] >= WORKFLOW.splitlines()
    assert "\n    heavy-tests:\n" in after
    assert after.endswith("# the end\n")
    assert "workflows: [CI]" in edits[".github/workflows/heavy-tests-comment.yml"].after


def test_a_workflow_with_other_events_is_left_alone() -> None:
    """A nightly job is no place for a gate."""
    text = WORKFLOW.replace("[push, pull_request]", "schedule")
    found = project(_DOT_github__workflows__ci_DOT_yml=text, tests__test_a_DOT_py=SLOW)
    paths = [edit.path for edit in plan(found, proposals(found), "github")]
    assert ".github/workflows/heavy-tests.yml" in paths
    assert ".github/workflows/ci.yml" not in paths


@pytest.mark.parametrize("provider", ["github", "gitlab", "none"])
def test_a_second_plan_is_empty(provider: Provider) -> None:
    """What was written is found again."""
    files = {"tests/test_a.py": SLOW, "pyproject.toml": "", ".gitlab-ci.yml": "stages: [check]\n"}
    for expected in (True, False):
        found = read_project(Sources(names=tuple(sorted(files)), texts=files))
        edits = plan(found, proposals(found), provider)
        assert bool(edits) is expected
        files |= {edit.path: edit.after for edit in edits}
    assert "stages: [check]" in files[".gitlab-ci.yml"]


def test_tests_that_share_a_database_begin_without_workers() -> None:
    """Nobody knows yet whether they can run at the same time, unless the project does it already."""
    test = "import sqlalchemy\nURL = 'sqlite:///./test.db'\ndef test(): ...\n"
    alone = project(tests__test_a_DOT_py=test)
    parallel = project(tests__test_a_DOT_py=test, requirements_DOT_txt="pytest-xdist\n")
    plain = project(tests__test_a_DOT_py="def test(): ...\n")
    assert [0, 2, 2] == [proposals(one)[0].workers for one in (alone, parallel, plain)]
