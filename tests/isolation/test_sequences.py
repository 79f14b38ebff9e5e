"""Generated keys are the same in every run, where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.isolation.test_leaks import APP, CONFTEST, leaky

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project

__all__ = ["APP", "CONFTEST", "leaky"]

TESTS = """
import psycopg, pytest
from sqlalchemy import text

pytestmark = pytest.mark.schema

@pytest.fixture(scope="module")
def late(paceline_database):
    with psycopg.connect(paceline_database.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("select nextval('numbers')")
        connection.execute("insert into other values (1)")

def keys(session, number):
    return [session.scalar(text("select nextval('numbers')")) for _ in range(number)]

def test_first(integration_session):
    assert keys(integration_session, 3) == [1, 2, 3]

def test_second(integration_session):
    assert keys(integration_session, 2) == [1, 2]
    integration_session.execute(text("create sequence mine"))
    integration_session.commit()

def test_what_a_wider_fixture_has_taken_stays_taken(integration_session, request):
    assert keys(integration_session, 1) == [1]
    request.getfixturevalue("late")

def test_that_ends_all_connections(integration_session):
    keys(integration_session, 1)
    integration_session.execute(
        text("select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend'"
             " and datname = current_database() and pid <> pg_backend_pid()")
    )

def test_third(integration_session):
    assert keys(integration_session, 2) == [3, 4]

def test_fourth(integration_session):
    assert keys(integration_session, 2) == [3, 4]
"""


@pytest.mark.parametrize("own", [True, False])
def test_sequences_begin_where_they_began(leaky: Project, lent: Lent, own: bool) -> None:
    """In each rolled-back test; what a wider fixture has taken stays taken."""
    if not own:
        leaky.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    leaky.write(pyproject="reset_sequences = true\n", test_keys=TESTS)
    leaky.passes("--schema", "-p", "no:randomly", passed=6)
