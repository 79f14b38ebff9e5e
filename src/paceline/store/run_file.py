"""The run file: JSON Lines, appended while pytest runs, gzipped when it has ended.

The first line is the header; then one line per finished test, span and event, in the order in which they
happened; the last one says how pytest ended. A file that was cut anywhere is read up to its last whole line.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from paceline.descriptors import out_of_the_way
from paceline.errors import UnreadableFileError
from paceline.model.cost import Costs, ModuleMemory, ProcessState, SessionPart, SharedFixture
from paceline.model.run import (
    SCHEMA_VERSION,
    CollectionError,
    MetricOff,
    Run,
    RunEnd,
    RunHeader,
    SessionSpan,
    TestRecord,
)
from paceline.store.codec import ShapeError, decode, decode_any, encode
from paceline.store.values import restore

SUFFIX = ".jsonl"
_PIECE = 4096  # bytes
#: The first and the last second of the calendar, since the epoch.
_MOMENTS = (-62_135_596_800.0, 253_402_300_799.0)
#: A run of 100,000 tests has about 100 MiB.
_MOST_BYTES = 1024 * 2**20
_APPEND = os.O_WRONLY | os.O_APPEND


def line(kind: str, record: object) -> str:
    """Return `record` as one line of a run file, without the line break."""
    return json.dumps({"kind": kind, **encode(record)}, separators=(",", ":"))


class RunFile:
    """A run file that is being written; each line is on disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            OSError: it exists, or can't be created.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        # A test may change the directory, and close every file.
        self._path = path.absolute()
        self._descriptor = out_of_the_way(os.open(path, _APPEND | os.O_CREAT | os.O_EXCL, 0o644))

    def append(self, text: str) -> None:
        """Write one or more lines at once.

        Raises:
            OSError: the file system refuses.
        """
        data = f"{text}\n".encode()
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            self._descriptor = out_of_the_way(os.open(self._path, _APPEND))
            written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes could be written")

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            with suppress(OSError):  # a test has closed it
                os.close(self._descriptor)
            self._descriptor = -1


def seal(path: Path, end: RunEnd | None = None) -> Path:
    """Gzip the run file at `path`, with `end` as its last word if given, and return the new path.

    Raises:
        OSError: the file can't be read, or the gzipped one can't be written.
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if end is not None:
        whole += f"{line('end', end)}\n".encode()
    target = path.with_name(path.name + ".gz")
    partial = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        partial.write_bytes(compressed(whole))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    path.unlink()
    return target


def compressed(content: bytes) -> bytes:
    """Return the lines of a run file as they are kept; the same lines give the same bytes."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def read_run(path: Path) -> Run:
    """Read a run file, gzipped or not.

    Raises:
        UnreadableFileError: missing, not a run file, or written by a newer version.
    """
    return parse_run(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """Return the lines of a run file, gzipped or not.

    Raises:
        UnreadableFileError: it is missing.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"the run file {path} can't be read: {error.strerror}") from error
    return _unzipped(content, str(path))


def parse_run(content: bytes, name: str) -> Run:
    """Return the run that the lines of `content` describe; `name` is used in messages.

    Raises:
        UnreadableFileError: it holds something else than a run.
    """
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    if not lines:
        raise UnreadableFileError(f"the run file {name} is empty", hint="Its run ended before it began.")
    try:
        records = [_object(text) for text in lines]
        return _assembled(records)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{name} is not a run file: {error}") from error


def progress(path: Path, offset: int) -> tuple[int, list[dict[str, Any]]]:
    """Return the records written since byte `offset`, and the offset to go on from."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return offset, []
    whole = content[: content.rfind(b"\n") + 1]
    return offset + len(whole), [_object(text) for text in whole.splitlines()]


def _object(text: bytes) -> dict[str, Any]:
    value: object = json.loads(text)
    if not isinstance(value, dict):
        raise ShapeError("a line isn't an object")
    return cast("dict[str, Any]", value)


def _assembled(records: list[dict[str, Any]]) -> Run:
    header, *rest = records
    if header.get("kind") != "header":
        raise ShapeError("its first line isn't a header")
    version = header.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ShapeError(f"schema version {version!r} is newer than {SCHEMA_VERSION}, update Paceline")
    run = Run(header=decode(RunHeader, header))
    if not _MOMENTS[0] <= run.header.started_at <= _MOMENTS[1]:
        raise ShapeError(f"it started at {run.header.started_at!r}, which is no time of a calendar")
    off = tuple(decode(MetricOff, record) for record in _of(rest, "metric_off"))
    restore(rest, run.header.metrics, off)
    collected = [_member(record, "nodeids", tuple[str, ...]) for record in _of(rest, "collected")]
    ends = [decode(RunEnd, record) for record in _of(rest, "end")]
    return replace(
        run,
        collected=collected[0] if collected else None,
        # Each worker of pytest-xdist says the same.
        deselected=max((_member(record, "count", int) for record in _of(rest, "deselected")), default=0),
        collection_errors=tuple(decode(CollectionError, record) for record in _of(rest, "collection_error")),
        tests=tuple(decode(TestRecord, record) for record in _of(rest, "test")),
        spans=tuple(decode(SessionSpan, record) for record in _of(rest, "span")),
        costs=Costs(
            fixtures=tuple(decode(SharedFixture, record) for record in _of(rest, "fixture")),
            parts=tuple(decode(SessionPart, record) for record in _of(rest, "part")),
            memory=tuple(decode(ModuleMemory, record) for record in _of(rest, "memory")),
            processes=tuple(decode(ProcessState, record) for record in _of(rest, "process")),
        ),
        metrics_off=off,
        services={
            _member(record, "name", str): _member(record, "version", str) for record in _of(rest, "service")
        },
        end=ends[-1] if ends else None,
    )


def _member(record: dict[str, Any], name: str, annotation: Any) -> Any:
    if name not in record:
        raise ShapeError(f"a line of kind {record.get('kind')!r} has no {name!r}")
    return decode_any(annotation, record[name], name)


def _of(records: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record.get("kind") == kind]


def _unzipped(content: bytes, name: str) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    # A gzip file that was cut still gives what comes before the cut.
    reader = zlib.decompressobj(wbits=31)
    whole = bytearray()
    with suppress(zlib.error):  # what came before the damage is kept
        for at in range(0, len(content), _PIECE):
            whole += reader.decompress(content[at : at + _PIECE])
            if len(whole) > _MOST_BYTES:
                raise UnreadableFileError(
                    f"the run file {name} is larger than {_MOST_BYTES // 2**20} MiB when it is unpacked",
                    hint="No run of tests comes near that: it was made to fill the memory.",
                )
    return bytes(whole)
