"""The verdict as a small JSON file; it may come from a stranger, so nothing in it is taken on trust."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any, cast

from paceline.errors import UnreadableFileError
from paceline.model.verdict import VERDICT_VERSION, SuiteFinding, SuiteVerdict, Verdict
from paceline.store.codec import ShapeError, decode, encode

#: Far more than a verdict needs.
MOST_BYTES = 512 * 1024
_MOST_SUITES, _MOST_FINDINGS, _MOST_NOTES = 100, 50, 50
_LONGEST = 2000  # characters of a text
_DEPTH = 8
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def verdict_text(verdict: Verdict) -> str:
    """Return `verdict` as JSON."""
    return json.dumps(encode(verdict), ensure_ascii=False, indent=1) + "\n"


def parse_verdict(content: bytes) -> Verdict:
    """Return the verdict that `content` holds.

    Raises:
        UnreadableFileError: it is too large, no verdict, or holds anything besides.
    """
    try:
        if len(content) > MOST_BYTES:
            raise ShapeError(f"it has {len(content)} bytes, and {MOST_BYTES} are allowed")
        value: object = json.loads(content.decode(), parse_constant=_refused)
        _check_depth(value, _DEPTH)
        _check_keys(value)
        verdict = decode(Verdict, value)
        _check(verdict)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"this is no verdict of Paceline: {error}") from error
    return verdict


def _refused(name: str) -> object:
    raise ShapeError(f"{name} is no number")


def _check_depth(value: object, left: int) -> None:
    if left == 0:
        raise ShapeError("it is nested too deeply")
    if isinstance(value, dict):
        for item in cast("dict[str, object]", value).values():
            _check_depth(item, left - 1)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _check_depth(item, left - 1)


def _check_keys(value: object) -> None:
    """Refuse what a verdict doesn't have; the decoder would pass over it."""
    _only(value, Verdict)
    for suite in _list(value, "suites"):
        _only(suite, SuiteVerdict)
        for finding in _list(suite, "findings"):
            _only(finding, SuiteFinding)


def _only(value: object, kind: type) -> None:
    if not isinstance(value, dict):
        raise ShapeError(f"a {kind.__name__} is no object")
    unknown = {*cast("dict[str, Any]", value)} - {item.name for item in fields(kind)}
    if unknown:
        raise ShapeError(f"a {kind.__name__} has unknown members, such as {min(unknown)[:40]!r}")


def _list(value: object, name: str) -> list[object]:
    found = cast("dict[str, Any]", value).get(name, [])
    return cast("list[object]", found) if isinstance(found, list) else []


def _check(verdict: Verdict) -> None:
    if verdict.schema_version != VERDICT_VERSION:
        raise ShapeError(f"its version is {verdict.schema_version}, expected {VERDICT_VERSION}")
    if verdict.commit is not None and not _COMMIT.fullmatch(verdict.commit):
        raise ShapeError("its commit is no hash")
    if len(verdict.suites) > _MOST_SUITES:
        raise ShapeError("it has too many suites")
    for suite in verdict.suites:
        if len(suite.findings) > _MOST_FINDINGS or len(suite.notes) > _MOST_NOTES:
            raise ShapeError("a suite has too many findings or notes")
        if not all(0 <= number < 10**9 for number in (suite.tests, suite.failed, suite.more)):
            raise ShapeError("a number of tests is out of range")
        if suite.wall is not None and not 0 <= suite.wall < 10**9:
            raise ShapeError("a time is out of range")
        texts = [suite.suite, suite.sentence, suite.base, *suite.notes]
        for one in suite.findings:
            texts += [one.word, one.what, one.before, one.after, one.change, one.why, one.where or ""]
        if any(len(text) > _LONGEST for text in texts):
            raise ShapeError("a text is too long")
