"""The kinds of time that a run's seconds are sorted into, and what they are called wherever they are told."""

from __future__ import annotations

from typing import Literal

TimeKind = Literal[
    "startup",
    "collection",
    "fixtures",
    "setup",
    "call",
    "teardown",
    "isolation",
    "database",
    "waiting",
    "other",
]
#: In the order in which they are told. `database` and `waiting` are taken out of the others.
TIME_NAMES: dict[TimeKind, str] = {
    "startup": "start-up",
    "collection": "collection",
    "fixtures": "fixtures",
    "setup": "set-up",
    "call": "call",
    "teardown": "tear-down",
    "isolation": "isolation",
    "database": "database",
    "waiting": "waiting",
    "other": "rest",
}
