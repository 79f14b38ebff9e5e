"""SQL of every library that has an instrument: statements, time, rows, transactions, connections."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.callers import CALLERS, OWN
from paceline.metrics.imports import ARRIVALS
from paceline.metrics.ledger import LEDGER
from paceline.metrics.sql_text import normalise
from paceline.model.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_TEXTS = 4096
#: The module that has what every back end is made of.
_DJANGO = "django.db.backends.base.base"
#: Distinct texts are normalised once each: a dictionary costs 0.05 µs, the normalising 50.
_TEXTS: dict[str, str] = {}


class Totals:
    """What there was of SQL since the process began.

    `+=` on an attribute can't be interrupted by another thread: it calls nothing that is written in Python.
    """

    __slots__ = ("connecting", "connections", "failure", "rows", "seconds", "statements", "transactions")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.statements = 0
        self.seconds = 0.0
        self.rows = 0
        self.transactions = 0
        self.connections = 0
        #: Who opens connections now; what a library asks of a new one isn't the application's.
        self.connecting: set[Hashable] = set()
        self.failure: Exception | None = None


TOTALS = Totals()


def note_statement(sql: Any, cursor: Any, began: float, least: int = 0) -> None:
    """Note a statement that was sent at `began` and has just been answered; never raises.

    To be called by what replaces a library's function. What Paceline's isolation does isn't noted.

    Args:
        cursor: what sent it; its row count is believed if it is a number.
        least: a lower number isn't.
    """
    seconds = CLOCK.counter() - began
    totals = TOTALS
    try:
        if totals.connecting and at_work() in totals.connecting:
            return
        where = CALLERS.where(sql, 3)
        if where == OWN:
            return
        what = _TEXTS.get(sql)
        if what is None:
            what = _learn(sql)
        rows = getattr(cursor, "rowcount", -1)
        if type(rows) is int and rows >= least:
            totals.rows += rows
        else:
            rows = -1
        totals.statements += 1
        totals.seconds += seconds
        LEDGER.enter(("sql", what, where, seconds, rows))
    except Exception as error:  # noqa: BLE001  a failure of ours never changes what the application does
        totals.failure = error


def note_begin() -> None:
    """Note that a transaction begins; never raises."""
    if TOTALS.connecting and at_work() in TOTALS.connecting:
        return
    try:
        if CALLERS.where("BEGIN", 3) != OWN:
            TOTALS.transactions += 1
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        TOTALS.failure = error


def note_ending(what: str, began: float) -> None:
    """Note a COMMIT or ROLLBACK that was sent at `began`; never raises."""
    seconds = CLOCK.counter() - began
    totals = TOTALS
    if totals.connecting and at_work() in totals.connecting:
        return
    try:
        where = CALLERS.where(what, 3)
        if where != OWN:
            totals.seconds += seconds
            LEDGER.enter(("sql", what, where, seconds, -1))
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        totals.failure = error


def note_connection(database: str, began: float) -> None:
    """Note a connection that has just been opened, with all that its library asked of it; never raises.

    Args:
        database: name of the kind of database.
    """
    seconds = CLOCK.counter() - began
    try:
        where = CALLERS.where(None, 3)
        if where != OWN:
            TOTALS.connections += 1
            TOTALS.seconds += seconds
            LEDGER.enter(("sql", f"CONNECT {database}", where, seconds, -1))
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        TOTALS.failure = error


def at_work() -> Hashable:
    """Return what stands for the thread, or the greenlet, that is running."""
    greenlet: Any = sys.modules.get("greenlet")
    if greenlet is not None:
        return id(greenlet.getcurrent())
    import threading

    return threading.get_ident()


def _learn(sql: str) -> str:
    if len(_TEXTS) >= _MOST_TEXTS:
        _TEXTS.clear()
    what = _TEXTS[sql] = normalise(sql)
    return what


def _read() -> tuple[float, ...]:
    totals = TOTALS
    if totals.failure is not None:
        raise totals.failure
    return totals.statements, totals.seconds, totals.rows, totals.transactions, totals.connections


def _guarded(work: Callable[..., None], *arguments: object) -> None:
    try:
        work(*arguments)
    except Exception as error:  # noqa: BLE001  it's the suite's import that we are in
        TOTALS.failure = error


def _with_sqlalchemy(engines_exist: bool) -> None:
    from paceline.metrics import sql_sqlalchemy

    sql_sqlalchemy.install(engines_exist=engines_exist)


def _with_django() -> None:
    from paceline.metrics import sql_django

    sql_django.install()


def _install() -> None:
    there = "sqlalchemy" in sys.modules
    ARRIVALS.when_imported("sqlalchemy", partial(_guarded, _with_sqlalchemy, there))
    ARRIVALS.when_imported(_DJANGO, partial(_guarded, _with_django))


def _uninstall() -> None:
    ARRIVALS.forget("sqlalchemy")
    ARRIVALS.forget(_DJANGO)
    for name in ("sql_sqlalchemy", "sql_django"):
        instrument: Any = sys.modules.get(f"paceline.metrics.{name}")
        if instrument is not None:
            instrument.uninstall()


PROBE = Probe(
    metrics=(
        Metric(
            name="sql_statements",
            unit="1",
            noise="counted",
            sparse=True,
            description="SQL statements that were sent; BEGIN, COMMIT and ROLLBACK are none.",
        ),
        Metric(
            name="sql_time",
            unit="s",
            sparse=True,
            description="Waiting for statements, commits, rollbacks and new connections of a database.",
        ),
        Metric(
            name="sql_rows",
            unit="1",
            noise="counted",
            sparse=True,
            description="Rows that were fetched or changed, as far as drivers say so unasked.",
        ),
        Metric(
            name="sql_transactions",
            unit="1",
            noise="counted",
            sparse=True,
            description="Transactions that were begun.",
        ),
        Metric(
            name="db_connections",
            unit="1",
            noise="counted",
            sparse=True,
            description="Connections that were opened to databases.",
        ),
    ),
    read=_read,
    install=_install,
    uninstall=_uninstall,
)
