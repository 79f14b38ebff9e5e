"""The transaction around a test, under every engine that points at the tests' database."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.channel import Channel
from paceline.isolation.shared.engines import (
    ENGINES,
    SharedPool,
    check_assumptions,
    driver_of,
    loop_world,
)
from paceline.isolation.shared.junction import Junction
from paceline.isolation.shared.marks import CLONE, marked, name_marker
from paceline.isolation.shared.outer import Outer
from paceline.isolation.shared.worlds import BlockingWorld

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from paceline.isolation.shared.words import Words

#: Asked twice for every test, and answered by reading a URL.
_TAKEN: weakref.WeakKeyDictionary[Engine, dict[type[Words], bool]] = weakref.WeakKeyDictionary()


class SharedTransaction:
    """Puts engines into one transaction for a test, and gives them back as they were.

    Attributes:
        words: what is said to the kind of database that the tests have.
    """

    def __init__(self, words: Words, *, timeout: float) -> None:
        """Touch nothing yet.

        Args:
            words: what is said to the kind of database that the tests have.
            timeout: seconds that a transaction of the application waits for another.
        """
        self.words = words
        self._timeout = timeout
        self._engines = ENGINES
        self._apart = _Sessions()
        self._bridged = _Sessions()
        self._lines = self._apart
        self._reference: Engine | None = None
        self._joins: weakref.WeakKeyDictionary[Engine, bool] = weakref.WeakKeyDictionary()
        self._used: tuple[str, str] | None = None

    @staticmethod
    def takes(engine: Engine, words: Words) -> bool:
        """Tell whether `engine` is of a kind that can share its transaction."""
        answers = _TAKEN.setdefault(engine, {})
        taken = answers.get(type(words))
        if taken is None:
            taken = driver_of(engine) in words.drivers and words.target(engine.url) is not None
            answers[type(words)] = taken
        return taken

    def begin(self, engine: Engine, *, bridge: bool = False, marker: str = "schema") -> None:
        """Join all engines that point where `engine` does, also those that are made from now on.

        Args:
            engine: leads to the tests' database.
            bridge: put engines of different drivers into one session, instead of refusing a second one.
            marker: the one that says how the test is isolated.

        Raises:
            SharedTransactionError: this version of SQLAlchemy is unknown, or there can be no bridge.
        """
        name_marker(marker)
        if self._reference is None:
            check_assumptions()
        if self._reference is not engine:
            self._reference = engine
            self._joins.clear()
        self._used = None
        self._engines.on_new = self._join
        self._engines.watch()
        self._lines = self._bridged if bridge else self._apart
        if bridge and not self._lines.outers:
            self._lines.outers.append(self._new_bridge(engine))
        for outer in self._lines.outers:
            self._prepare(outer)
        for each in self._engines:
            self._join(each)
        if self.words.early:
            for each, pool in list(self._lines.pools.items()):
                if each.pool is pool and pool.is_certain:
                    pool.ensure()

    def connect(self) -> None:
        """Make the physical connection for the engine that `begin` was called with, if it isn't there."""
        pool = self._reference.pool if self._reference is not None else None
        if isinstance(pool, SharedPool):
            pool.ensure()

    def finish(self) -> None:
        """Take note that the test itself is over."""
        for outer in self._lines.outers:
            outer.finish()

    def end(self, question: str = "") -> tuple[str | None, ...] | None:
        """Undo what the test did, and give the engines their own pools back.

        Args:
            question: SQL, to be asked when everything has been undone.

        Returns:
            The row that answers it; None: it couldn't be asked.

        Raises:
            SharedTransactionError: something of it may have stayed.
        """
        self._engines.on_new = None
        for engine, pool in list(self._lines.pools.items()):
            if engine.pool is pool:
                engine.pool = pool.own
        answer: tuple[str | None, ...] | None = None
        errors: list[SharedTransactionError] = []
        for outer in self._lines.outers:
            try:
                answer = outer.end(question) or answer
            except SharedTransactionError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return answer

    def close(self) -> None:
        """Close the physical connections and leave SQLAlchemy as it was."""
        self._engines.unwatch()
        for lines in (self._apart, self._bridged):
            lines.channels.clear()
            lines.pools.clear()
            while lines.outers:
                lines.outers.pop().close()

    def _join(self, engine: Engine) -> None:
        joins = self._joins.get(engine)
        if joins is None:
            joins = self._joins[engine] = self._is_ours(engine)
        if joins and not isinstance(engine.pool, SharedPool):
            engine.pool = self._pool(engine)

    def _is_ours(self, engine: Engine) -> bool:
        """Tell whether `engine` leads to the tests' database, or may do so."""
        reference = self._reference
        if reference is None or driver_of(engine) not in self.words.drivers:
            return False
        mine, wanted = self.words.target(engine.url), self.words.target(reference.url)
        return mine is None or wanted is None or mine[1] == wanted[1]

    def _pool(self, engine: Engine) -> SharedPool:
        pools = self._lines.pools
        pool = pools.get(engine)
        if pool is None or pool.own is not engine.pool:
            reference = self._reference or engine
            # One database may be addressed in many ways, and a `creator` may open any.
            certain = self.words.target(engine.url) == self.words.target(reference.url)
            doubt = None if certain else self._channel(driver_of(reference)).identify
            channel = self._channel(driver_of(engine))
            pool = pools[engine] = SharedPool(engine.pool, engine, channel, doubt)
        return pool

    def _channel(self, driver: str) -> Channel:
        lines = self._lines
        channel = lines.channels.get(driver)
        if channel is None:
            if lines is self._apart:
                world = loop_world() if driver in self.words.asyncio else BlockingWorld()
                lines.outers.append(Outer(self.words, world))
                self._prepare(lines.outers[-1])
            channel = lines.channels[driver] = Channel(driver, lines.outers[-1])
        return channel

    def _prepare(self, outer: Outer) -> None:
        outer.prepare(self._first_use, timeout=self._timeout)

    def _first_use(self, used: str, place: str) -> None:
        if self._used is not None and self._used[0] != used:
            driver, first = self._used
            raise SharedTransactionError(
                f"the test uses the database through {used} ({place}) and through {driver} "
                f"({first}); each has a connection of its own, so neither would see what the other does",
                hint=f"Bridge them with {marked('bridge=True')}, or for all tests with "
                "bridge = true in [tool.paceline.database]."
                if self.words.bridge is not None
                else f"Use one driver for both, or mark the test {marked(CLONE)}.",
            )
        self._used = (used, place)

    def _new_bridge(self, engine: Engine) -> Outer:
        """Return the transaction around a test for engines of all drivers to the server of `engine`."""
        bridge = self.words.bridge
        if bridge is None:
            raise SharedTransactionError(
                f"a bridge between drivers needs PostgreSQL; {engine.url!r} leads to another database",
                hint="Take bridge out of [tool.paceline.database] or the test's marker.",
            )
        address = bridge.address(engine.url)
        if address is None:
            raise SharedTransactionError(
                f"the URL {engine.url!r} doesn't tell which server a bridge between drivers would lead to",
                hint="Write one host into it.",
            )
        return Outer(self.words, loop_world(), Junction(address))


class _Sessions:
    """The sessions of the tests that bridge their drivers, or of those that don't."""

    def __init__(self) -> None:
        self.outers: list[Outer] = []
        self.channels: dict[str, Channel] = {}
        self.pools: weakref.WeakKeyDictionary[Engine, SharedPool] = weakref.WeakKeyDictionary()
