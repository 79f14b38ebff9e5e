"""`[tool.paceline]` of a project's pyproject.toml, as frozen data.

Read by both halves. Unknown keys and values of the wrong type are errors that say where they stand and, for
a near miss, what was probably meant.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from paceline.errors import ConfigError, UnknownSuiteError
from paceline.tables import at_least, checked, mapping, nearest, one_of

Isolation = Literal["transaction", "clone", "none"]
Dist = Literal["load", "loadscope", "loadfile", "loadgroup", "worksteal"]

DEFAULT_OUTPUT = "perf_metrics/pytest_marker_baselines.json"
_SUITE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One opt-in suite.

    Attributes:
        name: how the suite is called on the command line and in files.
        marker: pytest marker expression that selects its tests. Empty: every test
            in its paths.
        flag: pytest option that switches it on; empty: not gated.
        implies: suites that its flag switches on as well.
        requires: what has to be there before its tests can run.
        isolation: `transaction` puts each of its tests into a transaction that is rolled back; `clone` lets
            it commit, and replaces the database by a fresh copy if it did; `none` does nothing.
        workers: number of pytest-xdist workers when profiled; 0 runs without xdist.
        dist: pytest-xdist's distribution mode when profiled with workers.
        rounds: how often a profile runs the suite.
        budget: wall time that it may take, such as `"90s"`, `"1.5min"` or `"300ms"`; empty: no limit.
        paths: where its tests live, relative to the project; empty: wherever pytest finds them. Which of the
            files there hold its tests is learned from earlier profiles.
        args: further pytest arguments when profiled.
        env: further environment variables when profiled.
    """

    name: str
    marker: str = ""
    flag: str = ""
    implies: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    isolation: Isolation = "none"
    workers: int = 0
    dist: Dist = "loadscope"
    rounds: int = 1
    budget: str = ""
    paths: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseConfig:
    """Where the tests' database comes from.

    Attributes:
        url: SQLAlchemy URL of a database to use; empty: search for what the suites require.
        allow: names of databases that may be used although they don't look like test databases.
        export: environment variables that receive the URL before test modules are imported; those that the
            database's own clients read (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD; MYSQL_HOST,
            MYSQL_TCP_PORT, MYSQL_UNIX_PORT, MYSQL_PWD) receive that part of it.
        sql: SQL files to run in each new database.
        migrations: Alembic's configuration file; each new database is upgraded to its head.
        metadata: `module:attribute` of SQLAlchemy's `MetaData` or declarative base, whose tables are created.
        prepare: `module:function`, called with the URL of each new database.
        seeds: SQL files and `module:function`s that come after all of these.
        inputs: patterns of files that `prepare` and functions in `seeds` depend on, relative to the project.
        binaries: folder that holds PostgreSQL's `initdb` and `postgres`, or MariaDB's `mariadbd`; empty:
            search for them.
        transaction_timeout: seconds that a transaction of the application waits for another one in the
            transaction that isolates the test, before it is an error.
        reset_sequences: put sequences that a rolled-back test has moved back, so that generated keys are the
            same in every run. PostgreSQL's; SQLite's are put back anyway, and MariaDB's can't be.
        bridge: let engines of different drivers share the transaction that isolates the test; with
            PostgreSQL.
    """

    url: str = ""
    allow: tuple[str, ...] = ()
    export: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()
    migrations: str = ""
    metadata: str = ""
    prepare: str = ""
    seeds: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    binaries: str = ""
    transaction_timeout: float = 5.0
    reset_sequences: bool = False
    bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """How `paceline gate` runs another revision.

    Attributes:
        base: branch that a change is meant for; the gate compares with where HEAD left it.
        setup: shell command that installs what the base revision needs, run in its checkout; `{env}` stands
            for a folder that is kept as long as the files in `lock` don't change. Empty: the base runs with
            the same interpreter and packages as HEAD.
        python: interpreter in that environment, such as "{env}/bin/python"; empty: Paceline's own.
        lock: files, relative to the project, that decide what `setup` installs.
        controls: how many unsuspicious tests run along; they tell the speed of the machine.
        loops: how often each process of a pair runs its tests at most; 1 where they can't run twice in one.
        time_limit: minutes after which what isn't decided is inconclusive.
    """

    base: str = "main"
    setup: str = ""
    python: str = ""
    lock: tuple[str, ...] = ()
    controls: int = 30
    loops: int = 5
    time_limit: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of `[tool.paceline]`.

    Attributes:
        output: the baseline file, relative to the project.
        slowest: how many of the slowest tests are listed for a suite.
        stall_timeout: seconds without any test moving after which a profile ends pytest.
        metrics: what is recorded, in the words of `--paceline-metrics`; empty: the default metrics.
        declared: whether the project has a `[tool.paceline]` table at all.
    """

    suites: tuple[Suite, ...]
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    output: str = DEFAULT_OUTPUT
    slowest: int = 25
    stall_timeout: float = 300.0
    metrics: tuple[str, ...] = ()
    declared: bool = False

    def suite(self, name: str) -> Suite:
        """Return the suite called `name`.

        Raises:
            UnknownSuiteError: no such suite; the hint names the nearest.
        """
        for suite in self.suites:
            if suite.name == name:
                return suite
        known = [suite.name for suite in self.suites]
        raise UnknownSuiteError(
            f"there is no suite {name!r}",
            hint=nearest(name, known) or f"The suites are {', '.join(known)}.",
        )


DEFAULT_SUITES = (
    Suite(
        name="schema",
        marker="schema",
        flag="--schema",
        requires=("postgresql",),
        isolation="transaction",
    ),
    Suite(
        name="pgvector",
        marker="pgvector",
        flag="--pgvector",
        implies=("schema",),
        requires=("postgresql", "pgvector"),
    ),
    Suite(name="contract", marker="contract", flag="--contract"),
)


def requirements() -> tuple[str, ...]:
    """Return what a suite may require: the names of the files about databases; none is imported here."""
    folder = Path(__file__).parent / "isolation" / "databases"
    return tuple(
        sorted(path.stem for path in folder.iterdir() if path.stem.isidentifier() and "_" not in path.stem)
    )


def load_config(root: Path) -> Config:
    """Read the configuration of the project in `root`.

    Raises:
        ConfigError: pyproject.toml can't be parsed, or `[tool.paceline]` is wrong.
    """
    path = root / "pyproject.toml"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Config(suites=DEFAULT_SUITES)
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    tool = document.get("tool", {})
    if "paceline" not in tool:
        return Config(suites=DEFAULT_SUITES)
    return parse_config(tool["paceline"])


def parse_config(table: object) -> Config:
    """Turn the content of `[tool.paceline]` into a `Config`.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, an unknown suite in `implies`.
    """
    values = checked(Config, table, "tool.paceline", extra={"suite"}, hidden={"suites", "declared"})
    suite_tables = mapping(values.pop("suite", {}), "tool.paceline.suite")
    database = values.pop("database", {})
    gate = values.pop("gate", {})
    if suite_tables:
        suites = tuple(_suite(name, body) for name, body in suite_tables.items())
    else:
        suites = DEFAULT_SUITES
    config = Config(
        suites=suites,
        database=DatabaseConfig(**checked(DatabaseConfig, database, "tool.paceline.database")),
        gate=GateConfig(**checked(GateConfig, gate, "tool.paceline.gate")),
        declared=True,
        **values,
    )
    at_least(config.slowest, 1, "tool.paceline.slowest")
    at_least(config.stall_timeout, 1, "tool.paceline.stall_timeout")
    at_least(config.database.transaction_timeout, 0, "tool.paceline.database.transaction_timeout")
    at_least(config.gate.controls, 10, "tool.paceline.gate.controls")
    at_least(config.gate.loops, 1, "tool.paceline.gate.loops")
    at_least(config.gate.time_limit, 1, "tool.paceline.gate.time_limit")
    known = [suite.name for suite in suites]
    for suite in suites:
        for implied in suite.implies:
            if implied not in known:
                hint = nearest(implied, known) or f"The suites are {', '.join(known)}."
                where = f"tool.paceline.suite.{suite.name}.implies"
                raise ConfigError(f"{where} names an unknown suite {implied!r}", hint=hint)
    return config


def _suite(name: str, table: object) -> Suite:
    where = f"tool.paceline.suite.{name}"
    if not _SUITE_NAME.fullmatch(name):
        raise ConfigError(
            f"{where} is not a usable suite name",
            hint="Use letters, digits, '_' and '-', and begin with a letter.",
        )
    values = checked(Suite, table, where, hidden={"name"})
    # A suite that keeps the name of a default one starts from it: a project adds what differs.
    defaults = {suite.name: suite for suite in DEFAULT_SUITES}
    bare = Suite(name=name, marker=name, flag=f"--{name.replace('_', '-')}")
    suite = replace(defaults.get(name, bare), **values)
    if suite.flag and not re.fullmatch(r"--[A-Za-z0-9][A-Za-z0-9_-]*", suite.flag):
        raise ConfigError(f"{where}.flag is {suite.flag!r}", hint='Write a long option such as "--schema".')
    for requirement in suite.requires:
        one_of(requirement, requirements(), f"{where}.requires")
    one_of(suite.isolation, get_args(Isolation), f"{where}.isolation")
    one_of(suite.dist, get_args(Dist), f"{where}.dist")
    if not suite.marker and not suite.paths:
        raise ConfigError(
            f"{where} has neither a marker nor paths",
            hint="Name the marker of its tests, or the paths in which every test belongs to it.",
        )
    at_least(suite.rounds, 1, f"{where}.rounds")
    at_least(suite.workers, 0, f"{where}.workers")
    if suite.budget:
        from paceline.model.budget import budget_seconds  # not needed while the plugin is idle

        try:
            budget_seconds(suite.budget)
        except ValueError as error:
            raise ConfigError(f"{where}.budget: {error}") from error
    return suite
