"""What pytest knows about a project when it has collected its tests and run none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from paceline.model.run import CollectionError

FACTS_VERSION = 1

FlagOwner = Literal["paceline", "project", "nobody"]
TestKind = Literal["function", "unittest", "async", "doctest", "other"]
#: `kept`: a run starts from it. `to_build`: the next run builds and keeps it. `each_run`: nothing is kept.
TemplateState = Literal["kept", "to_build", "each_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagFact:
    """The option that switches a suite on.

    Attributes:
        owner: who has defined it.
        switch: whether it takes no value; None: it isn't there.
    """

    suite: str
    owner: FlagOwner
    switch: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFact:
    """A suite's marker on a test.

    Attributes:
        arguments: the positional ones, as Python shows them.
        keywords: the others.
    """

    name: str
    arguments: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFact:
    """A collected test.

    Attributes:
        where: `file:line`.
        suites: those that it belongs to.
        markers: names of its own and inherited markers.
        marks: those of its suites that have arguments.
        isolated: whether it will be set up with `schema_isolation`.
        skipped: why its own markers will skip it; None: they won't.
        idle_fixtures: what a `usefixtures` marker asks for and the test won't get.
        unsupported: why pytest can't run it as it is written; None: it can.
    """

    __test__ = False

    nodeid: str
    where: str
    kind: TestKind
    suites: tuple[str, ...]
    markers: tuple[str, ...] = ()
    marks: tuple[MarkFact, ...] = ()
    isolated: bool = False
    skipped: str | None = None
    idle_fixtures: tuple[str, ...] = ()
    unsupported: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureFact:
    """A fixture of the project that matters to a suite.

    Attributes:
        replaces: whether it takes the place of one of Paceline's.
        markers: suites' markers on it.
    """

    name: str
    where: str
    replaces: bool
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConftestMarks:
    """A `pytestmark` in a conftest."""

    path: str
    markers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFact:
    """The prepared database that a run of a suite starts from.

    Attributes:
        reason: why nothing is kept.
    """

    suite: str
    state: TemplateState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedFact:
    """What `--start` found.

    Attributes:
        product: what kind of database it is, such as "PostgreSQL".
        server: its version, such as "18.6".
        duration: seconds until the database was ready.
        extensions: name to version.
    """

    product: str
    server: str
    duration: float
    extensions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFact:
    """Which database the tests would get, and why.

    Attributes:
        source: where its server comes from, in words; None: there is none.
        url: secrets are masked; None for a server that is started for the tests.
        tried: what was considered before, and why it wasn't taken.
        extensions: what suites require of the server, and whether it has it; None: unknown.
        slug: of the error that a run would end with.
        refusal: its message.
        remedy: what to do about it.
        started: None: it wasn't started.
    """

    source: str | None = None
    url: str | None = None
    tried: tuple[str, ...] = ()
    templates: tuple[TemplateFact, ...] = ()
    extensions: Mapping[str, bool | None] = field(default_factory=dict[str, bool | None])
    slug: str | None = None
    refusal: str | None = None
    remedy: str = ""
    started: StartedFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFact:
    """An SQLAlchemy engine that exists after collection.

    Attributes:
        name: `module:attribute` where it was found; None: nowhere.
        driver: as in a URL, such as "postgresql+psycopg".
        url: secrets are masked.
        joins: whether it takes part in the transaction of a test; None: it can't be told yet.
        reason: why, or why not.
        other_database: whether it leads elsewhere, on purpose or not.
    """

    name: str | None
    driver: str
    url: str
    joins: bool | None
    reason: str
    other_database: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it.

    Attributes:
        plugins: distribution to version, of those that are loaded.
        addopts: pytest's, from the project's configuration and PYTEST_ADDOPTS.
        dist: pytest-xdist's distribution mode that these ask for; None: none.
        registered: names of markers that are registered.
        declared: those of them that stand in the project's own configuration file.
        removed: how many tests were collected and then taken out, by a plugin or conftest.
        engines: None: SQLAlchemy isn't in use.
    """

    version: int = FACTS_VERSION
    plugins: Mapping[str, str] = field(default_factory=dict[str, str])
    addopts: tuple[str, ...] = ()
    dist: str | None = None
    registered: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    flags: tuple[FlagFact, ...] = ()
    tests: tuple[TestFact, ...] = ()
    removed: int = 0
    collection_errors: tuple[CollectionError, ...] = ()
    fixtures: tuple[FixtureFact, ...] = ()
    conftest_marks: tuple[ConftestMarks, ...] = ()
    database: DatabaseFact | None = None
    engines: tuple[EngineFact, ...] | None = None
