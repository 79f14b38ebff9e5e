"""Reads of a run file only how long each test took, many times faster than all of it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from paceline.errors import UnreadableFileError
from paceline.model.metric import ISOLATION_TIME
from paceline.store.run_file import content_of

#: Bytes of a header.
_LONGEST = 1 << 20
_TEST = b'{"kind":"test"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long the tests of a run took.

    Attributes:
        path: of the run file.
        round: 1 for the first of a profile.
        started_at: seconds since the epoch.
        tests: node id to wall seconds of all phases of its last attempt, without what isolation took.
    """

    path: Path
    run_id: str
    suite: str | None
    round: int
    started_at: float
    tests: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """Whose run a file holds.

    Attributes:
        started_at: seconds since the epoch.
    """

    suite: str | None
    started_at: float


def read_heading(path: Path) -> Heading:
    """Return what the first line of the run file at `path` says; the rest isn't read.

    Raises:
        UnreadableFileError: missing, or not a run file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = json.loads(file.readline(_LONGEST))
        return Heading(suite=header["suite"], started_at=float(header["started_at"]))
    except OSError as error:
        raise UnreadableFileError(f"the run file {path} can't be read: {error}") from error
    except (ValueError, KeyError, TypeError, EOFError, zlib.error, RecursionError) as error:
        raise UnreadableFileError(f"{path} is not a run file: {error}") from error


def read_durations(path: Path) -> Durations:
    """Return how long each test of the run file at `path` took.

    Raises:
        UnreadableFileError: missing, or not a run file.
    """
    content = content_of(path)
    first, *rest = content[: content.rfind(b"\n") + 1].splitlines() or [b""]
    try:
        header = json.loads(first)
        found = Durations(
            path=path,
            run_id=str(header["run_id"]),
            suite=header["suite"],
            round=int(header["round"]),
            started_at=float(header["started_at"]),
            tests=dict(_test(json.loads(line)) for line in rest if line.startswith(_TEST)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(f"{path} is not a run file: {error}") from error
    return found


def _test(record: dict[str, Any]) -> tuple[str, float]:
    phases = cast("list[dict[str, Any]]", record["phases"])
    return str(record["nodeid"]), sum(_own(one["values"]) for one in phases)


def _own(values: dict[str, float]) -> float:
    """Return a duration as a reader restores it: as written, it still has what isolation took in it."""
    return max(0.0, float(values.get("duration", 0.0)) - float(values.get(ISOLATION_TIME, 0.0)))
