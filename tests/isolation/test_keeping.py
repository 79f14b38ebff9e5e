"""The database of a failed test can be looked at afterwards, by whoever asks for it before."""

from __future__ import annotations

import re
import stat

from tests.harness.database import Lent, Project
from tests.isolation.test_leaks import APP, CONFTEST, leaky

__all__ = ["APP", "CONFTEST", "leaky"]

TESTS = """
import pytest

@pytest.mark.schema(isolation="clone")
def test_that_fails(raw, seeded):
    seeded()
    raw.execute("insert into item values (3, 'evidence')")
    assert 1 + 1 == 3

@pytest.mark.schema(isolation="clone")
def test_that_passes(raw, seeded):
    seeded()
    raw.execute("insert into item values (4, 'nothing to see')")

@pytest.mark.schema
def test_last(seeded):
    seeded()
"""


def test_in_a_file(leaky: Project) -> None:
    """A server of our own ends with the tests: the report names a dump with the test's rows."""
    leaky.write(test_kept=TESTS)
    result = leaky.run("--schema", "-p", "no:randomly", "--paceline-keep-databases")
    assert result.outcomes == {"passed": 2, "failed": 1}, result.output
    (told,) = re.findall(r"-+ database -+\nkept in (\S+);", result.output)
    (file,) = (leaky.root / ".paceline" / "kept").iterdir()
    assert leaky.root / told == file
    assert "3\tevidence" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_as_a_database(leaky: Project, lent: Lent) -> None:
    """A server of others keeps it, and the report has its URL without the password."""
    leaky.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    leaky.write(test_kept=TESTS)
    result = leaky.run("--schema", "-p", "no:randomly", "--paceline-keep-databases")
    assert result.outcomes == {"passed": 2, "failed": 1}, result.output
    (kept,) = lent.databases() - {"shop_test"}
    assert re.search(rf"kept as postgresql://postgres:\*\*\*@/{kept}\?", result.output), result.output
    assert "s3cr3t" not in result.output
    assert lent.ask(kept, "SELECT note FROM item WHERE id = 3") == [("evidence",)]


def test_nothing_is_kept_unasked(leaky: Project) -> None:
    """A failed test leaves nothing behind by itself."""
    leaky.write(test_kept=TESTS)
    result = leaky.run("--schema", "-p", "no:randomly")
    assert "- database -" not in result.output
    assert not (leaky.root / ".paceline").exists()
