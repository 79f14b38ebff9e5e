"""Who opened the connections that no shared transaction knows of: file and line, for when one has leaked."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from paceline.isolation.shared.callers import outside_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: Module, class in it, and function through which each of a driver's connections is made. A driver that
#: doesn't have it is left alone, and nothing is known of its connections.
_WAYS = (
    ("psycopg", "psycopg._connection_base", "BaseConnection", "_connect_gen"),
    ("psycopg2", "psycopg2", "", "_connect"),
    ("asyncpg", "asyncpg.connect_utils", "", "_connect"),
)
_DRIVERS = ("psycopg", "psycopg2", "asyncpg", "psycopg_pool")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """A connection that somebody opened.

    Attributes:
        driver: such as "psycopg".
        place: file and line.
    """

    driver: str
    place: str

    def __str__(self) -> str:
        """Return it for a sentence."""
        return f"{self.place} ({self.driver})"


class Origins:
    """The connections that this process opened by calling a driver, other than through the tests' engines."""

    def __init__(self) -> None:
        """Know of none, and watch nothing yet."""
        self._earlier: list[Origin] = []
        self._now: list[Origin] = []
        self._database = ""
        self._undo: dict[str, Callable[[], None]] = {}

    def begin(self, database: str) -> None:
        """Begin a test in `database`: watch the drivers that have been imported by now."""
        self._database = database
        self._earlier += self._now
        self._now = []
        for driver, module, owner, name in _WAYS:
            if driver not in self._undo and module in sys.modules:
                self._undo[driver] = self._watch(driver, module, owner, name)

    def end(self) -> None:
        """Leave the drivers as they were."""
        while self._undo:
            self._undo.popitem()[1]()

    def told(self) -> str:
        """Return who may have done what the current test did outside of its transaction."""
        if self._now:
            return f"in the test connections were opened at {_listed(self._now)}"
        if self._earlier:
            return f"earlier connections were opened at {_listed(self._earlier)}; or it was another process"
        watched = ", ".join(sorted(self._undo))
        return (
            f"no connection of this process by {watched} can have done it: another process" if watched else ""
        )

    def _watch(self, driver: str, module: str, owner: str, name: str) -> Callable[[], None]:
        holder: Any = sys.modules[module]
        if owner:
            holder = getattr(holder, owner, None)
        members = cast("dict[str, Any]", vars(holder)) if holder is not None else {}
        own = members.get(name)
        if own is None:
            return _nothing
        is_method = hasattr(own, "__func__")
        function: Callable[..., Any] = own.__func__ if is_method else own

        def connect(*args: Any, **options: Any) -> Any:
            if _may_lead_to(self._database, args, options):
                self._note(driver, sys._getframe(1))  # pyright: ignore[reportPrivateUsage]
            return function(*args, **options)

        setattr(holder, name, classmethod(connect) if is_method else connect)
        return lambda: setattr(holder, name, own)

    def _note(self, driver: str, frame: FrameType | None) -> None:
        """Remember the first place outside of drivers, unless it is ours: then a transaction knows of it."""
        if place := outside_of(_DRIVERS, frame):
            self._now.append(Origin(driver, place))


def _may_lead_to(database: str, args: tuple[object, ...], options: dict[str, object]) -> bool:
    """Tell whether a connection may be to `database`: one that doesn't say is told by the environment."""
    said = [value for value in (*args, options.get("dsn")) if isinstance(value, str)]
    named = options.get("database")
    if isinstance(named, str):
        return named == database
    text = " ".join(said)
    return database in text or not re.search(r"://|dbname=", text)


def _listed(origins: list[Origin]) -> str:
    found = list(dict.fromkeys(map(str, origins)))
    more = f" and {len(found) - _SHOWN} other places" if len(found) > _SHOWN else ""
    return ", ".join(found[-_SHOWN:]) + more


def _nothing() -> None:
    """Undo nothing."""
