"""SQL of every library that has an instrument: statements, time, rows, transactions, connections."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.callers import CALLERS, OWN
from paceline.metrics.counts import COUNTS
from paceline.metrics.imports import ARRIVALS
from paceline.metrics.isolation_time import STOPWATCH
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


#: Where the metrics are counted, in the order of their declarations.
_STATEMENTS = COUNTS.places(5)
_SECONDS, _ROWS, _TRANSACTIONS, _CONNECTIONS = range(_STATEMENTS + 1, _STATEMENTS + 5)
#: Who opens connections now; what a library asks of a new one isn't the application's.
CONNECTING: set[Hashable] = set()


def note_statement(sql: Any, cursor: Any, began: float, least: int = 0) -> None:
    """Note a statement that was sent at `began` and has just been answered; never raises.

    To be called by what replaces a library's function. What Paceline's isolation does isn't noted. What it
    has the project do, such as its migrations, is entered and not counted: it depends on what was kept.

    Args:
        cursor: what sent it; its row count is believed if it is a number.
        least: a lower number isn't.
    """
    seconds = CLOCK.counter() - began
    numbers = COUNTS.numbers
    try:
        if CONNECTING and at_work() in CONNECTING:
            return
        where = CALLERS.where(sql, 3)
        if where == OWN:
            return
        what = _TEXTS.get(sql)
        if what is None:
            what = _learn(sql)
        rows = getattr(cursor, "rowcount", -1)
        if type(rows) is not int or rows < least:
            rows = -1
        if not STOPWATCH.is_running:
            numbers[_STATEMENTS] += 1
            numbers[_SECONDS] += seconds
            numbers[_ROWS] += max(0, rows)
        LEDGER.enter(("sql", what, where, seconds, rows))
    except Exception as error:  # noqa: BLE001  a failure of ours never changes what the application does
        COUNTS.failures[_STATEMENTS] = error


def note_begin() -> None:
    """Note that a transaction begins; never raises."""
    if CONNECTING and at_work() in CONNECTING:
        return
    try:
        if not STOPWATCH.is_running and CALLERS.where("BEGIN", 3) != OWN:
            COUNTS.numbers[_TRANSACTIONS] += 1
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        COUNTS.failures[_STATEMENTS] = error


def note_ending(what: str, began: float) -> None:
    """Note a COMMIT or ROLLBACK that was sent at `began`; never raises."""
    seconds = CLOCK.counter() - began
    if CONNECTING and at_work() in CONNECTING:
        return
    try:
        where = CALLERS.where(what, 3)
        if where != OWN:
            COUNTS.numbers[_SECONDS] += 0.0 if STOPWATCH.is_running else seconds
            LEDGER.enter(("sql", what, where, seconds, -1))
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        COUNTS.failures[_STATEMENTS] = error


def note_connection(database: str, began: float) -> None:
    """Note a connection that has just been opened, with all that its library asked of it; never raises.

    Args:
        database: name of the kind of database.
    """
    seconds = CLOCK.counter() - began
    try:
        where = CALLERS.where(None, 3)
        if where != OWN:
            if not STOPWATCH.is_running:
                COUNTS.numbers[_CONNECTIONS] += 1
                COUNTS.numbers[_SECONDS] += seconds
            LEDGER.enter(("sql", f"CONNECT {database}", where, seconds, -1))
    except Exception as error:  # noqa: BLE001  ours never changes a test's outcome
        COUNTS.failures[_STATEMENTS] = error


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


def _guarded(work: Callable[..., None], *arguments: object) -> None:
    try:
        work(*arguments)
    except Exception as error:  # noqa: BLE001  it's the suite's import that we are in
        COUNTS.failures[_STATEMENTS] = error


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
    place=_STATEMENTS,
    install=_install,
    uninstall=_uninstall,
)
