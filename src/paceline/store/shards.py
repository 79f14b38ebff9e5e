"""Makes one run file of the run files of all shards: pure, on lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from paceline.errors import UnreadableFileError
from paceline.model.run import RunEnd
from paceline.store.codec import ShapeError, decode
from paceline.store.run_file import line

#: pytest's exit codes.
_OK, _TESTS_FAILED, _NO_TESTS = 0, 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What a job left of one run.

    Attributes:
        shard: the part of the suite, 1 for the first.
        shards: number of parts.
        content: the lines of the run file.
    """

    name: str
    run_id: str
    suite: str | None
    round: int
    shard: int
    shards: int
    content: bytes


def parse_leg(content: bytes, name: str) -> Leg:
    """Return what the header of a run file says about its part in a suite.

    Raises:
        UnreadableFileError: it isn't a run file.
    """
    try:
        header = _object(content.partition(b"\n")[0])
        shard, _, shards = str(header.get("shard") or "1/1").partition("/")
        return Leg(
            name=name,
            run_id=str(header["run_id"]),
            suite=header.get("suite"),
            round=int(header["round"]),
            shard=int(shard),
            shards=int(shards),
            content=content,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{name} is not a run file: {error}") from error


def united(legs: Sequence[Leg]) -> bytes:
    """Return the lines of one run that is made of all shards of it, in their order.

    Its processes are called `WORKER.SHARD`. It took as long as its longest shard, and the CPU time of all.

    Raises:
        UnreadableFileError: a file holds something else than the lines of a run.
    """
    parts = [_records(leg) for leg in sorted(legs, key=lambda leg: leg.shard)]
    first = parts[0][0]
    processes = sum(max(1, int(part[0].get("workers") or 0)) for part in parts)
    header = {**first, "shard": None, "workers": processes, "dist": first.get("dist") or "shard"}
    lines = [json.dumps(header, separators=(",", ":"))]
    if all(_of(part, "collected") for part in parts):
        nodeids = [
            nodeid for part in parts for record in _of(part, "collected") for nodeid in record["nodeids"]
        ]
        lines.append(line("collected", {"nodeids": nodeids}))
    for number, part in enumerate(parts, start=1):
        lines.extend(
            _renamed(record, number) for record in part[1:] if record["kind"] not in ("collected", "end")
        )
    ends = [_of(part, "end") for part in parts]
    if all(ends):
        lines.append(line("end", _joined([decode(RunEnd, records[-1]) for records in ends])))
    return "".join(f"{text}\n" for text in lines).encode()


def _joined(ends: Sequence[RunEnd]) -> RunEnd:
    worst = max(ends, key=_badness)
    walls = [end.duration for end in ends if end.duration is not None]
    cpus = [end.cpu_time for end in ends if end.cpu_time is not None]
    moments = [end.ended_at for end in ends if end.ended_at is not None]
    return RunEnd(
        exit_code=worst.exit_code,
        signal=worst.signal,
        stalled=worst.stalled,
        duration=max(walls) if len(walls) == len(ends) else None,
        cpu_time=sum(cpus) if len(cpus) == len(ends) else None,
        ended_at=max(moments, default=None),
    )


def _badness(end: RunEnd) -> int:
    if end.stalled or end.signal is not None:
        return 4
    # A shard may be left without tests: there are fewer modules than shards.
    return {_NO_TESTS: 0, _OK: 1, _TESTS_FAILED: 2}.get(end.exit_code if end.exit_code is not None else -1, 3)


def _renamed(record: dict[str, Any], shard: int) -> str:
    if isinstance(record.get("worker"), str):
        record = {**record, "worker": f"{record['worker']}.{shard}"}
    return json.dumps(record, separators=(",", ":"))


def _records(leg: Leg) -> list[dict[str, Any]]:
    whole = leg.content[: leg.content.rfind(b"\n") + 1]
    try:
        return [_object(text) for text in whole.splitlines()]
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{leg.name} is not a run file: {error}") from error


def _object(text: bytes) -> dict[str, Any]:
    value: object = json.loads(text)
    record = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if not isinstance(record.get("kind"), str):
        raise ShapeError("a line isn't an object with a kind")
    return record


def _of(records: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]
