"""Where the database of this process is: in a server of its own, or beside others on somebody's server."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING, Protocol

from paceline.clock import CLOCK
from paceline.errors import ProvisioningError
from paceline.isolation import cache
from paceline.isolation.pools import forget_connections
from paceline.isolation.reading import noted_reads
from paceline.isolation.server import PrivateServer

if TYPE_CHECKING:
    from pathlib import Path

    from paceline.isolation.product import Connection, ServerProduct
    from paceline.isolation.provision import SharedServer
    from paceline.isolation.server import Identity, Place, Program
    from paceline.isolation.template import Recipe
    from paceline.isolation.urls import DatabaseUrl

#: The database in a server of our own: projects that check for a test database let it pass.
_OWN_NAME = "paceline_test"
_TEMPLATE_NAME = f"{_OWN_NAME}_template"
#: Servers cut or refuse a name of more than 63 bytes; the rest is for what makes it unique.
_LONGEST_BASE = 32
#: Age at which a database that nobody is connected to is taken for a killed run's (seconds).
_ABANDONED_AFTER = 3600.0


class Backing(Protocol):
    """Where the database of this process is."""

    url: DatabaseUrl
    #: Whether the server belongs to this process alone.
    is_ours: bool
    #: A database of the same server that nobody tests with.
    maintenance: DatabaseUrl
    #: The database as it was when it had been prepared; None: it is prepared again when it's needed.
    template: DatabaseUrl | None
    source: str

    def open(self, recipe: Recipe) -> None:
        """Bring up the server and a database that the recipe has filled."""
        ...

    def renew(self, recipe: Recipe) -> None:
        """Replace the database by a fresh one with the same content, ending all connections to it."""
        ...

    def expect(self) -> None:
        """Get ready for `renew`, which is likely to be called soon."""
        ...

    def ended(self, within: float) -> str:
        """Return how the server ended by itself, or an empty text."""
        ...

    def close(self) -> None:
        """Drop the database, or stop the server that is ours."""
        ...


class OwnServer:
    """A database in a server that this process starts."""

    is_ours = True

    def __init__(
        self,
        product: ServerProduct,
        program: Program,
        place: Place,
        user: Identity,
        *,
        maintenance: DatabaseUrl,
    ) -> None:
        """Choose where it will be; nothing is there before `open`.

        Args:
            product: what is said to it.
            program: how it is run.
            place: where it will be.
            user: who runs it.
            maintenance: the database in it that is there from the beginning.
        """
        self.source = program.source
        self._product = product
        self._program = program
        self._user = user
        self._place = place
        self._server = PrivateServer(program, place, user)
        self.url = maintenance.renamed(_OWN_NAME)
        self.maintenance = maintenance
        self.template: DatabaseUrl | None = None
        self._clones = product.pool(self.maintenance, _TEMPLATE_NAME)
        #: What it has built it serves as well, and needn't take from where it's kept.
        self._running = False

    def open(self, recipe: Recipe) -> None:
        """Start from a kept data directory where there is one, else make it."""
        folder = cache.folder()
        made_by = self._program.made_by
        prepared = recipe.key(made_by)
        kept = cache.Kept(folder, prepared or recipe.empty_key(made_by)) if folder else None
        if kept is None:
            self._server.start()
            self._fill(recipe)
            return
        with kept.locked(lambda path: self._build(path, recipe if prepared else None)) as data:
            taken = self._running or self._start(data)
        if not taken:
            self._fill(recipe)
        elif prepared:
            self.template = self.url.renamed(_TEMPLATE_NAME)
        else:
            recipe.fill(self.url)
            self._keep()

    def _start(self, data: Path | None) -> bool:
        """Start from `data` and return True, or where that can't be from an empty cluster."""
        if data is not None:
            try:
                self._server.start(data)
            except ProvisioningError:
                # Damaged: the next run builds it anew.
                shutil.rmtree(data, ignore_errors=True)
            else:
                return True
        self._server.start()
        return False

    def _build(self, path: Path, recipe: Recipe | None) -> set[Path]:
        """Write to `path` a data directory with the prepared database, or an empty one, and go on with it.

        Returns:
            The project's files that were read for it.
        """
        reads: set[Path] = set()
        try:
            self._server.start(economical=True)
            if recipe is None:
                self._product.create(self.maintenance, _OWN_NAME)
            else:
                with noted_reads(recipe.root) as reads:
                    self._fill(recipe)
            forget_connections(_OWN_NAME)
            self._server.freeze(path)
            self._server.resume()
            self._running = True
        finally:
            if not self._running:
                self._server.stop()
                self._server = PrivateServer(self._program, self._place, self._user)
                self.template = None
        return reads

    def _fill(self, recipe: Recipe) -> None:
        self._product.create(self.maintenance, _OWN_NAME)
        recipe.fill(self.url)
        self._keep()

    def _keep(self) -> None:
        if self._product.is_used(self.maintenance, _OWN_NAME):
            forget_connections(_OWN_NAME)
        self._product.copy(self.maintenance, _OWN_NAME, _TEMPLATE_NAME)
        self.template = self.url.renamed(_TEMPLATE_NAME)

    def renew(self, recipe: Recipe) -> None:
        """Put a copy of the template in its place."""
        forget_connections(_OWN_NAME)
        self._clones.replace(_OWN_NAME)

    def expect(self) -> None:
        """Have a copy of the template made meanwhile."""
        self._clones.expect()

    def ended(self, within: float) -> str:
        """Return how the server ended by itself, or an empty text."""
        return self._server.ended(within=within)

    def close(self) -> None:
        """Stop the server."""
        self._clones.close()
        self._server.stop()


class BorrowedServer:
    """A database of our own on somebody else's server.

    The database that the URL names is never written to. A new one is created beside it, called
    `NAME_paceline_TOKEN` with the xdist worker's name behind it, and dropped at the end of the session. It is
    empty when the project prepares its databases (`tool.paceline.database`), else a copy of the named
    one, so that what an earlier step put there is seen.

    An open connection to it shows that it is in use. What a killed run has left behind is dropped by the next
    run on the same server: same name, same owner, an old token, and nobody connected.
    """

    is_ours = False

    def __init__(self, product: ServerProduct, server: SharedServer, worker: str, *, copy: bool) -> None:
        """Choose a name beside the database of `server`; `copy` that one, or begin with an empty one."""
        self.source = server.source
        self._product = product
        self._server = server
        self._copy = copy
        self._stem = server.url.name.encode()[:_LONGEST_BASE].decode(errors="ignore") + "_paceline_"
        token = f"{int(CLOCK.now()):08x}{secrets.token_hex(3)}"
        self.url = server.url.renamed(self._stem + "_".join(filter(None, (token, worker))))
        self.maintenance = server.url
        self.template: DatabaseUrl | None = None
        self._exists = False
        self._in_use: Connection | None = None
        self._owner = os.getpid()

    def open(self, recipe: Recipe) -> None:
        """Create the database and fill it."""
        self._product.drop_unused(self._server.url, self._stem, self._is_old)
        self._product.create(self._server.url, self.url.name, copy=self._copy)
        self._exists = True
        self._in_use = self._product.connect(self.url)
        recipe.fill(self.url)

    def renew(self, recipe: Recipe) -> None:
        """Create and fill it once more."""
        forget_connections(self.url.name)
        if self._in_use is not None:
            self._in_use.close()
        self._product.drop(self._server.url, self.url.name)
        self._product.create(self._server.url, self.url.name, copy=self._copy)
        self._in_use = self._product.connect(self.url)
        # A second copy of what may be large would cost every run more than this costs the rare one.
        recipe.fill(self.url)

    def expect(self) -> None:
        """Do nothing: other people's servers have no room for what may not be needed."""

    def _is_old(self, name: str) -> bool:
        """Tell whether `name` is one of ours, so old that its run has connected by now or is dead."""
        token = re.fullmatch(r"([0-9a-f]{8})[0-9a-f]{6}(_\w+)?", name.removeprefix(self._stem))
        return token is not None and int(token[1], 16) < CLOCK.now() - _ABANDONED_AFTER

    def ended(self, within: float) -> str:
        """Return nothing: it is not ours to watch."""
        return ""

    def close(self) -> None:
        """Drop the database."""
        if self._exists and self._owner == os.getpid():
            self._exists = False
            if self._in_use is not None:
                self._in_use.close()
            self._product.drop(self._server.url, self.url.name)
