"""A run, whoever has recorded it: the format is told by the content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from paceline.errors import UnreadableFileError
from paceline.model.run import Run
from paceline.store.junit import parse_junit
from paceline.store.reportlog import parse_reportlog
from paceline.store.run_file import read_run

RunFormat = Literal["run file", "junit", "reportlog"]
_LOOKED_AT = 4096  # bytes


def run_format(path: Path) -> RunFormat | None:
    """Return what the file at `path` looks like; None for one that holds no run.

    Raises:
        UnreadableFileError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise UnreadableFileError(f"the run file {path} can't be read: {error.strerror}") from error
    first = start.partition(b"\n")[0]
    if start.startswith(b"\x1f\x8b") or (first.startswith(b"{") and b'"kind"' in first):
        return "run file"
    if start.startswith(b"<") and (b"<testsuite" in start or b"<!" in start):
        return "junit"
    if first.startswith(b"{") and b'"$report_type"' in first:
        return "reportlog"
    return None


def read_any_run(path: Path) -> Run:
    """Read a run file, JUnit XML or the file of pytest-reportlog.

    Raises:
        UnreadableFileError: missing, or none of these.
    """
    format_ = run_format(path)
    if format_ not in ("junit", "reportlog"):
        return read_run(path)
    parse = parse_junit if format_ == "junit" else parse_reportlog
    return parse(path.read_bytes(), str(path), path.stat().st_mtime)
