"""What a file in `databases/` has to offer: everything that one database product does in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from paceline.config import DatabaseConfig
    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing
    from paceline.isolation.provision import Own, SharedServer
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.shared.words import Words
    from paceline.isolation.urls import DatabaseUrl

    #: What is looked for, and how; a string is the reason why it isn't there.
    Search: TypeAlias = "tuple[str, Callable[[], Own | str]]"


class Product(Protocol):
    """A module of `databases/`. Importing it imports no driver."""

    #: How people write it.
    TITLE: str
    #: What its URLs begin with, without a driver.
    SCHEMES: frozenset[str]
    #: What the URL of its databases begins with when Paceline hands it out.
    DRIVERNAME: str
    #: A URL to show.
    EXAMPLE: str
    #: What to do where there is none.
    HINT: str

    def label(self, name: str) -> str:
        """Return the part of a name that tells whether the database is one for tests; empty: it always is."""
        ...

    def quoted(self, name: str) -> str:
        """Return the name of a database as it stands in a URL, and is shown."""
        ...

    def variables(self, url: DatabaseUrl) -> Mapping[str, str]:
        """Return the parts of `url` by the names of environment variables that clients read."""
        ...

    def unreachable(self, url: DatabaseUrl) -> str:
        """Return why nothing is there; empty when something is, or it can't be told without a driver."""
        ...

    def searches(self, settings: DatabaseConfig, environ: Mapping[str, str]) -> tuple[Search, ...]:
        """Return where a database of our own may come from, in the order of preference."""
        ...

    def configured(self, folder: str) -> Own | str:
        """Return what is in the `folder` that the project names in `tool.paceline.database.binaries`."""
        ...

    def require_driver(self) -> None:
        """Make sure that everything below can work.

        Raises:
            MissingDependencyError: a library is not installed.
        """
        ...

    def own(self, found: Own) -> Backing | str:
        """Return a database of our own, made from what a search has found, or why it can't be."""
        ...

    def unusable(self, found: Own) -> str:
        """Return why nobody here can use what a search has found; empty when somebody can. Starts nothing."""
        ...

    def made_by(self, found: Own) -> tuple[object, ...] | None:
        """Return what tells a prepared database kept for `found` from those of others; None: none is kept."""
        ...

    def offers(self, where: DatabaseUrl | Own, extensions: frozenset[str]) -> Mapping[str, bool | None]:
        """Tell which of `extensions` can be had, of a server or of what a search has found; None: unknown.

        Raises:
            ProvisioningError: the server refuses.
        """
        ...

    def borrowed(self, server: SharedServer, worker: str, *, copy: bool) -> Backing:
        """Return a database beside the one that a URL names; with `copy`, one with the same content."""
        ...

    def extend(self, url: DatabaseUrl, extensions: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Create those of `extensions` that can be had; return all there are, name and version."""
        ...

    def run(self, url: DatabaseUrl, script: str) -> None:
        """Run the statements of `script`.

        Raises:
            ProvisioningError: one fails.
        """
        ...

    def has_tables(self, url: DatabaseUrl) -> bool:
        """Tell whether the database has any table of a user."""
        ...

    def server_version(self, url: DatabaseUrl) -> str:
        """Return the version, such as "18.6"."""
        ...

    def audit(self, provisioning: Provisioning) -> Audit:
        """Return what finds out, for each test, whether it changed the database for good."""
        ...

    def sequences(self, provisioning: Provisioning) -> Sequences | None:
        """Return what puts generated keys back after a test; None: a rollback does.

        Raises:
            ConfigError: nothing can.
        """
        ...

    def keep(self, place: Backing, folder: Path, nodeid: str) -> Kept | None:
        """Return where the database of the failed test `nodeid` will be kept, in `folder` if in a file.

        None: it can't be kept.
        """
        ...

    def words(self) -> Words:
        """Return what the shared transaction says to it."""
        ...


class Sequences(Protocol):
    """What numbers the rows, and isn't rolled back."""

    def note(self) -> None:
        """Remember where they are."""
        ...

    def restore(self) -> None:
        """Put those that have moved since back to where they were."""
        ...

    def close(self) -> None:
        """Let go of the server."""
        ...


class Kept(Protocol):
    """Where a database will be kept."""

    def told(self) -> str:
        """Return how to get at it, without a password."""
        ...

    def keep(self, place: Backing) -> None:
        """Put the database of `place` there, ending all connections to it.

        Raises:
            ProvisioningError: that failed.
        """
        ...


class Pool(Protocol):
    """Fresh copies of the template of one server of our own."""

    def expect(self) -> None:
        """Let the server make a copy meanwhile, if none is waiting; doesn't wait for it."""
        ...

    def replace(self, name: str) -> None:
        """Put a fresh copy in the place of the database `name`, ending all connections to it.

        Raises:
            ProvisioningError: the server refuses.
        """
        ...

    def close(self) -> None:
        """Let go of the server."""
        ...


class Connection(Protocol):
    """Something to hold on to."""

    def close(self) -> None:
        """Let go."""
        ...


class ServerProduct(Protocol):
    """What a product with servers says to them. `url` is any database of the server; all may raise
    ProvisioningError when the server refuses.
    """

    def create(self, url: DatabaseUrl, name: str, *, copy: bool = False) -> None:
        """Create the database `name`, empty or a copy of the one that `url` names."""
        ...

    def copy(self, url: DatabaseUrl, source: str, name: str) -> None:
        """Create the database `name` as a copy of `source`, ending what is connected to `source`."""
        ...

    def is_used(self, url: DatabaseUrl, name: str) -> bool:
        """Tell whether anybody is connected to the database `name`."""
        ...

    def drop(self, url: DatabaseUrl, name: str) -> None:
        """Drop the database `name` and end what is still connected to it."""
        ...

    def drop_unused(self, url: DatabaseUrl, stem: str, chosen: Callable[[str], bool]) -> None:
        """Drop the `chosen` of the user's databases that begin with `stem` and that nobody uses."""
        ...

    def connect(self, url: DatabaseUrl) -> Connection:
        """Connect to the database at `url`."""
        ...

    def pool(self, maintenance: DatabaseUrl, template: str) -> Pool:
        """Return the pool of copies of the database `template`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a suite may require.

    Attributes:
        name: as it stands in the configuration; also the name of its file.
        database: name of the file of the product that it is or belongs to.
        extension: what it needs of the product; empty: the product itself.
    """

    name: str
    database: str
    extension: str = ""
