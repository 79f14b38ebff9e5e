"""The transaction around a test, under every engine that points at the tests' database."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.engines import (
    Engines,
    SharedPool,
    check_assumptions,
    driver_of,
    new_channel,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from paceline.isolation.shared.channel import Channel
    from paceline.isolation.shared.words import Words


class SharedTransaction:
    """Puts engines into one transaction for a test, and gives them back as they were."""

    def __init__(self, words: Words, *, timeout: float) -> None:
        """Touch nothing yet.

        Args:
            words: what is said to the kind of database that the tests have.
            timeout: seconds that a transaction of the application waits for another.
        """
        self._words = words
        self._timeout = timeout
        self._engines = Engines()
        self._channels: dict[str, Channel] = {}
        self._pools: weakref.WeakKeyDictionary[Engine, SharedPool] = weakref.WeakKeyDictionary()
        self._reference: Engine | None = None
        self._joins: weakref.WeakKeyDictionary[Engine, bool] = weakref.WeakKeyDictionary()
        self._used: tuple[str, str] | None = None

    @staticmethod
    def takes(engine: Engine, words: Words) -> bool:
        """Tell whether `engine` is of a kind that can share its transaction."""
        return driver_of(engine) in words.drivers and words.target(engine.url) is not None

    def begin(self, engine: Engine) -> None:
        """Join all engines that point where `engine` does, also those that are made from now on.

        Raises:
            SharedTransactionError: this version of SQLAlchemy is unknown.
        """
        if self._reference is None:
            check_assumptions()
        if self._reference is not engine:
            self._reference = engine
            self._joins.clear()
        self._used = None
        self._engines.on_new = self._join
        self._engines.watch()
        for channel in self._channels.values():
            self._prepare(channel)
        for each in self._engines:
            self._join(each)
        if self._words.early:
            for engine, pool in list(self._pools.items()):
                if engine.pool is pool and pool.is_certain:
                    pool.ensure()

    def finish(self) -> None:
        """Take note that the test itself is over."""
        for channel in self._channels.values():
            channel.finish()

    def end(self) -> None:
        """Undo what the test did, and give the engines their own pools back.

        Raises:
            SharedTransactionError: something of it may have stayed.
        """
        self._engines.on_new = None
        for engine, pool in list(self._pools.items()):
            if engine.pool is pool:
                engine.pool = pool.own
        errors: list[SharedTransactionError] = []
        for channel in self._channels.values():
            try:
                channel.end()
            except SharedTransactionError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Close the physical connections and leave SQLAlchemy as it was."""
        self._engines.unwatch()
        while self._channels:
            self._channels.popitem()[1].close()

    def _join(self, engine: Engine) -> None:
        joins = self._joins.get(engine)
        if joins is None:
            joins = self._joins[engine] = self._is_ours(engine)
        if joins and not isinstance(engine.pool, SharedPool):
            engine.pool = self._pool(engine)

    def _is_ours(self, engine: Engine) -> bool:
        """Tell whether `engine` leads to the tests' database, or may do so."""
        reference = self._reference
        if reference is None or driver_of(engine) not in self._words.drivers:
            return False
        mine, wanted = self._words.target(engine.url), self._words.target(reference.url)
        return mine is None or wanted is None or mine[1] == wanted[1]

    def _pool(self, engine: Engine) -> SharedPool:
        pool = self._pools.get(engine)
        if pool is None or pool.own is not engine.pool:
            reference = self._reference or engine
            # One database may be addressed in many ways, and a `creator` may open any.
            certain = self._words.target(engine.url) == self._words.target(reference.url)
            doubt = None if certain else self._channel(driver_of(reference)).identify
            channel = self._channel(driver_of(engine))
            pool = self._pools[engine] = SharedPool(engine.pool, engine, channel, doubt)
        return pool

    def _channel(self, driver: str) -> Channel:
        channel = self._channels.get(driver)
        if channel is None:
            channel = self._channels[driver] = new_channel(self._words, driver)
            self._prepare(channel)
        return channel

    def _prepare(self, channel: Channel) -> None:
        channel.prepare(lambda place: self._first_use(channel, place), timeout=self._timeout)

    def _first_use(self, channel: Channel, place: str) -> None:
        if self._used is not None and self._used[0] != channel.driver:
            driver, first = self._used
            raise SharedTransactionError(
                f"the test uses the database through {channel.driver} ({place}) and through {driver} "
                f"({first}); each has a connection of its own, so neither would see what the other does",
                hint='Use one driver for both, or mark the test @pytest.mark.schema(isolation="clone").',
            )
        self._used = (channel.driver, place)
