"""The committed baseline file: read, merged by suite, written atomically.

Its layout is for people who review diffs: keys in a fixed order, one test per line, numbers rounded to what
is significant. The text of suites that are not being written is kept byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from paceline.errors import UnreadableFileError
from paceline.model.baseline import BASELINE_VERSION, Baseline, SuiteBaseline
from paceline.model.justification import Justification
from paceline.model.profile import MEASURED_STATUSES, Attempt
from paceline.store.atomic import write_atomically
from paceline.store.baseline_entry import entry_from_json, entry_to_text
from paceline.store.codec import ShapeError, decode_any, encode
from paceline.store.json_text import compact, members

_HINT = "Nothing was overwritten. Restore the file from version control, or name another with --output."


def read_baseline(path: Path) -> Baseline | None:
    """Read the baseline at `path`; None if there is no such file.

    Raises:
        UnreadableFileError: it is a folder, corrupt, foreign, or written by a newer version.
    """
    text = _read(path)
    return None if text is None else parse_baseline(text, str(path))


def parse_baseline(text: str, name: str) -> Baseline:
    """Return the baseline that `text` holds; `name` is used in messages.

    Raises:
        UnreadableFileError: see `read_baseline`.
    """
    try:
        return _baseline(json.loads(text))
    except ValueError as error:  # of json, and ShapeError
        reason = f"{name} is not a baseline file: {error}" if text.strip() else f"{name} is empty"
        raise UnreadableFileError(reason, hint=_HINT) from error


def _baseline(document: object) -> Baseline:
    content = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    entries = content.get("profiles")
    if not isinstance(entries, dict):
        raise ShapeError("it has no object 'profiles'")
    version = content.get("schema_version", 0)
    if not isinstance(version, int) or version > BASELINE_VERSION:
        raise ShapeError(f"its schema version {version!r} is newer than {BASELINE_VERSION}, update Paceline")
    generated_at = content.get("generated_at")
    return Baseline(
        generated_at=generated_at if isinstance(generated_at, str) else None,
        suites={
            name: entry_from_json(name, entry) for name, entry in cast("dict[str, Any]", entries).items()
        },
        justifications=decode_any(
            tuple[Justification, ...], content.get("justifications", []), "justifications"
        ),
    )


def write_suites(path: Path, suites: Mapping[str, SuiteBaseline], generated_at: str) -> None:
    """Put `suites` into the baseline at `path`, beside the others that it holds.

    Raises:
        UnreadableFileError: there is a file that can't be read as a baseline; it is left alone.
        UnwritableFileError: the file system refuses.
    """
    old = _read(path)
    before = parse_baseline(old, str(path)) if old is not None else None
    kept = members(old, "profiles") if old is not None else {}
    entries = kept | {name: entry_to_text(suite) for name, suite in suites.items()}
    _write(path, generated_at, before.justifications if before is not None else (), entries)


def write_justifications(path: Path, justifications: Sequence[Justification]) -> None:
    """Put `justifications` in the place of those of the baseline at `path`; its figures stay byte for byte.

    Raises:
        UnreadableFileError: there is no file, or one that can't be read as a baseline.
        UnwritableFileError: the file system refuses.
    """
    old = _read(path)
    if old is None:
        raise UnreadableFileError(
            f"there is no baseline {path}", hint="Make one with 'paceline profile', or name another file."
        )
    before = parse_baseline(old, str(path))
    _write(path, before.generated_at, justifications, members(old, "profiles"))


def _write(
    path: Path, generated_at: str | None, justifications: Sequence[Justification], entries: Mapping[str, str]
) -> None:
    lines = [f"    {compact(encode(item))}" for item in sorted(justifications, key=lambda item: item.target)]
    accepted = f'  "justifications": [\n{_joined(lines)}\n  ],\n' if lines else ""
    body = _joined([f"    {json.dumps(name)}: {entries[name]}" for name in sorted(entries)])
    text = (
        f'{{\n  "schema_version": {BASELINE_VERSION},\n  "generated_at": {json.dumps(generated_at)},\n'
        f'{accepted}  "profiles": {{\n{body}\n  }}\n}}\n'
    )
    parse_baseline(text, str(path))
    write_atomically(path, text)


def _joined(lines: Sequence[str]) -> str:
    return ",\n".join(lines)


def merged(old: SuiteBaseline | None, new: SuiteBaseline) -> SuiteBaseline:
    """Return what is stored for a suite after an attempt that gave `new`.

    Figures are only replaced by figures; an attempt without any is noted beside the ones that stay.
    """
    profile = new.profile
    if profile.status in MEASURED_STATUSES or old is None or not old.profile.has_figures:
        return new
    attempt = Attempt(status=profile.status, reason=profile.reason, at=profile.recorded_at or "")
    return replace(old, last_attempt=attempt)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise UnreadableFileError(f"{path} is a folder", hint="Name a file with --output.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} can't be read: {error}", hint=_HINT) from error
