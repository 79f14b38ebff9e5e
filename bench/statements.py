"""What an instrument costs per SQL statement, beside nothing and beside an empty event listener.

One process, three engines on SQLite in memory, the same statement on each in turns of a few milliseconds, in
random order. CPU time is compared with the bare engine's of the same round, so that what the machine does
meanwhile falls on all of them.

    python bench/statements.py [--rounds 300] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
from overhead_page import statement_lines
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from paceline.metrics import sql, sql_sqlalchemy
from paceline.metrics.callers import CALLERS
from paceline.metrics.ledger import LEDGER

_TURN = 50  # statements
_SELECT = text("SELECT id, name FROM item WHERE id = :id")


class _Base(DeclarativeBase):
    """Tables of the measurement."""


class _Item(_Base):
    """A row to select."""

    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def _engine() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(_Item(id=1, name="one"))
        session.commit()
    return engine


def _ignore(*_: object) -> None:
    """Listen, and do nothing."""


def _engines() -> dict[str, Engine]:
    """Return the engines to compare; only one of them is recorded."""
    bare, again, listened, recorded = (_engine() for _ in range(4))
    event.listen(listened, "before_cursor_execute", _ignore)
    event.listen(listened, "after_cursor_execute", _ignore)
    sql_sqlalchemy.install()
    for engine in (bare, again, listened):
        sql_sqlalchemy.leave(engine.dialect)
    return {"bare": bare, "bare again (noise)": again, "empty listeners": listened, "recorded": recorded}


def _core(engine: Engine) -> float:
    with engine.connect() as connection:
        connection.execute(_SELECT, {"id": 1})
        began = time.thread_time()
        for _ in range(_TURN):
            connection.execute(_SELECT, {"id": 1})
        return (time.thread_time() - began) / _TURN


def _orm(engine: Engine) -> float:
    with Session(engine) as session:
        session.get(_Item, 1)
        began = time.thread_time()
        for _ in range(_TURN):
            session.expunge_all()
            session.get(_Item, 1)
        return (time.thread_time() - began) / _TURN


def measure(
    turn: Callable[[Engine], float], engines: dict[str, Engine], rounds: int
) -> dict[str, list[float]]:
    """Return CPU seconds per statement of each engine, for every round."""
    found: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in random.sample(list(engines.items()), len(engines)):
            found[name].append(turn(engine))
            for _ in LEDGER.take():
                pass
    return found


def _row(kind: str, name: str, bare: list[float], own: list[float]) -> dict[str, Any]:
    differences = sorted((mine - its) * 1e6 for its, mine in zip(bare, own, strict=True))
    low, high = (differences[int(len(differences) * share)] for share in (0.25, 0.75))
    return {
        "statement": kind,
        "configuration": name,
        "added_us": round(statistics.median(differences), 2),
        "quartiles_us": (round(low, 2), round(high, 2)),
        "ratio": round(statistics.median(own) / statistics.median(bare), 3),
        "bare_us": round(statistics.median(bare) * 1e6, 1),
    }


def measured(rounds: int) -> list[dict[str, Any]]:
    """Return a row for every kind of statement and every engine but the bare one."""
    CALLERS.move(Path(__file__).parent)
    engines = _engines()
    rows: list[dict[str, Any]] = []
    for kind, turn in (("Core", _core), ("ORM get", _orm)):
        found = measure(turn, engines, rounds)
        rows += [_row(kind, name, found["bare"], own) for name, own in found.items() if name != "bare"]
    sql.PROBE.uninstall()
    return rows


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measured(options.rounds)
    print(
        f"CPython {platform.python_version()}, SQLAlchemy {sqlalchemy.__version__}, {options.rounds} rounds"
    )
    print("\n".join(statement_lines(rows)))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
