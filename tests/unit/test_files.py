"""Which files must be collected."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paceline.model.known_files import KnownSuite
from paceline.profile.files import decisive, is_test_file, needed

PATTERNS = ("test_*.py", "*_test.py")
KNOWN = KnownSuite(
    holding=("t/test_a.py",),
    digests={"t/test_a.py": "1", "t/test_b.py": "1", "conftest.py": "1"},
    patterns=PATTERNS,
    selected_by=("m", "--m"),
)


@given(st.dictionaries(st.sampled_from(["t/test_a.py", "t/test_b.py", "t/test_c.py"]), st.sampled_from("12")))
def test_every_file_that_could_hold_a_test_of_the_suite_is_collected(present: dict[str, str]) -> None:
    """Those that held one, and those that are new or changed; nothing that is gone."""
    paths = needed(KNOWN, present | {"conftest.py": "1"}, KNOWN.selected_by)

    could = {path for path, digest in present.items() if KNOWN.digests.get(path) != digest}
    assert {*paths} == (could | {*KNOWN.holding}) & {*present}


def test_a_suite_limited_to_paths_is_not_given_files_from_elsewhere() -> None:
    """A new test file beside the suite's folder may well have the marker; the suite doesn't want it."""
    present = {**KNOWN.digests, "t/test_new.py": "1", "tt/test_new.py": "1"}

    found = needed(KNOWN, present, KNOWN.selected_by, ("t",))

    assert found == ("t/test_a.py", "t/test_new.py")


@given(st.sampled_from(["conftest.py", "pyproject.toml", "t/base.py"]), st.sampled_from(["new", "1"]))
def test_anything_else_that_changes_means_everything(path: str, digest: str) -> None:
    """A conftest, a configuration file or a base class can mark any test."""
    present = {**KNOWN.digests, path: digest}

    assert needed(KNOWN, present, KNOWN.selected_by) == (KNOWN.holding if present == KNOWN.digests else ())


def test_nothing_known_or_another_selection_means_everything() -> None:
    """What was learned about `-m a` says nothing about `-m b`."""
    assert needed(None, {}, ("m",)) == ()
    assert needed(KNOWN, KNOWN.digests, ("other",)) == ()


def test_only_lines_about_pytest_matter_in_the_application() -> None:
    """A changed price is no reason to collect 1,900 tests."""
    source = b"import os\nprice = 1\npytestmark = x\n"

    assert decisive("shop/price.py", source, PATTERNS) == b"pytestmark = x"
    assert decisive("conftest.py", source, PATTERNS) == source
    assert decisive("tests/test_x.py", source, PATTERNS) == source
    assert decisive("setup.cfg", source, PATTERNS) == source


def test_test_files_are_told_by_pytests_patterns() -> None:
    """`python_files` may name folders as well."""
    assert is_test_file("a/test_x.py", PATTERNS)
    assert not is_test_file("a/conftest.py", ("*.py",))
    assert not is_test_file("a/test_x.txt", ("test_*",))
    assert is_test_file("checks/a.py", ("checks/*.py",))
