"""A profile learns which files hold a suite's tests, and notices when that is no longer true."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.project import Project


def _collected(project: Project) -> tuple[str, ...]:
    """Return what the newest run was told to collect."""
    run = max(project.runs(), key=lambda run: run.header.started_at)
    return tuple(Path(path).name for path in run.header.arguments.paths)


def test_the_second_profile_collects_only_the_files_that_hold_the_suite(project: Project) -> None:
    """Naming the files saves the collection of all the others."""
    project.profile("fast")
    assert "test_fast.py" not in _collected(project)

    project.profile("fast")

    assert _collected(project) == ("test_fast.py",)
    assert project.entry("fast")["outcomes"] == {"passed": 2}


def test_a_new_file_with_tests_of_the_suite_is_found(project: Project) -> None:
    """What was learned never hides a test."""
    project.profile("fast")
    project.write(tests__deep__test_new="import pytest\n@pytest.mark.fast\ndef test_new(): pass\n")

    project.profile("fast")

    assert project.entry("fast")["outcomes"] == {"passed": 3}
    assert _collected(project) == ("test_new.py", "test_fast.py")


def test_a_new_file_where_pytest_does_not_look_is_left_alone(project: Project) -> None:
    """Naming files must not run tests that `testpaths` keeps out."""
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('testpaths = ["tests"]\n')
    project.profile("fast")
    project.write(vendor__test_theirs="import pytest\n@pytest.mark.fast\ndef test_theirs(): pass\n")

    project.profile("fast")

    assert project.entry("fast")["outcomes"] == {"passed": 2}
    assert _collected(project) == ("test_fast.py",)


def test_a_known_file_that_gains_a_test_of_the_suite_is_found(project: Project) -> None:
    """A file without tests of the suite is looked at again when it changes."""
    project.profile("fast")
    project.write(tests__test_slow="import pytest\n@pytest.mark.fast\ndef test_moved(): pass\n")

    project.profile("fast")

    assert project.entry("fast")["outcomes"] == {"passed": 3}


def test_a_file_that_is_gone_is_not_asked_for(project: Project) -> None:
    """Removing a file is no usage error of pytest's."""
    project.write(tests__test_other="import pytest\n@pytest.mark.fast\ndef test_other(): pass\n")
    project.profile("fast")
    (project.root / "tests" / "test_other.py").unlink()

    done = project.profile("fast")

    assert done.returncode == 0
    assert project.entry("fast")["outcomes"] == {"passed": 2}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "conftest",
            (
                "import pytest\ndef pytest_collection_modifyitems(items):\n"
                "    for item in items: item.add_marker(pytest.mark.fast)\n"
            ),
        ),
        (
            "base",
            "import pytest\nclass Base:\n    pytestmark = pytest.mark.fast\n    def test_based(self): pass\n",
        ),
    ],
)
def test_a_change_that_can_mark_any_test_means_collecting_everything(
    project: Project, name: str, content: str
) -> None:
    """A conftest or a base class may add tests to the suite in files that haven't changed."""
    project.write(
        base="class Base:\n    def test_based(self): pass\n",
        tests__test_based="import sys; sys.path.insert(0, '.')\nfrom base import Base\n"
        "class TestBased(Base): pass\n",
    )
    project.profile("fast")
    assert project.entry("fast")["outcomes"] == {"passed": 2}

    project.write(**{name: content})
    project.profile("fast")

    assert project.entry("fast")["outcomes"]["passed"] > 2


def test_the_application_changing_does_not_undo_what_was_learned(project: Project) -> None:
    """Only lines that speak of pytest matter in files that aren't tests."""
    project.write(application="price = 1\n")
    project.profile("fast")
    project.write(application="price = 2\n")

    project.profile("fast")

    assert _collected(project) == ("test_fast.py",)


def test_everything_is_collected_on_demand(project: Project) -> None:
    """`--collect-all` doesn't rely on anything learned."""
    project.profile("fast")

    project.profile("fast", "--collect-all")

    assert "test_fast.py" not in _collected(project)


def test_a_damaged_cache_costs_one_complete_collection(project: Project) -> None:
    """The cache is no source of truth."""
    project.profile("fast")
    (project.root / ".paceline" / "files.json").write_text('{"suites": {"fast": 1}}')

    done = project.profile("fast")

    assert done.returncode == 0
    assert "test_fast.py" not in _collected(project)


def test_learning_works_within_the_paths_of_a_suite(project: Project) -> None:
    """The paths bound what is learned, and the stored command still names them."""
    project.configure('[tool.paceline.suite.fast]\npaths = ["tests"]')
    project.profile("fast")
    assert _collected(project) == ("tests",)
    project.write(test_outside="import pytest\n@pytest.mark.fast\ndef test_outside(): pass\n")

    project.profile("fast")

    assert _collected(project) == ("test_fast.py",)
    assert project.entry("fast")["command"].endswith(" tests")


def test_node_ids_as_paths_are_left_alone(project: Project) -> None:
    """A path that names one test is never widened to its file."""
    project.configure('[tool.paceline.suite.fast]\npaths = ["tests/test_fast.py::test_one"]')
    for _ in range(2):
        project.profile("fast")

    assert _collected(project) == ("test_fast.py::test_one",)
