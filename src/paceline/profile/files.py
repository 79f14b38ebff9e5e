"""Decides which files pytest must collect to find every test of a suite: pure.

What was learned holds as long as nothing else could have changed the selection. A test file that is new or
changed is collected along with those that hold the suite's tests. A change in anything else that can mark a
test (a conftest, a base class, the configuration) means that everything is collected again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath

from paceline.model.known_files import KnownSuite

#: Files whose whole content decides what pytest collects.
CONFIGURATION = ("pyproject.toml", "pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg")
_MENTIONS_PYTEST = re.compile(rb"pytest|\bmark\b")


def needed(
    known: KnownSuite | None,
    present: Mapping[str, str],
    selected_by: tuple[str, ...],
    within: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return the files to collect; empty means all.

    Args:
        known: what an earlier profile has taught, if any.
        present: the files that have a say now, with their digests.
        selected_by: the arguments that select the suite's tests.
        within: files and folders that the suite is limited to; empty: all.
    """
    if known is None or not known.holding or known.selected_by != selected_by:
        return ()
    changed = {path for path in {*known.digests, *present} if known.digests.get(path) != present.get(path)}
    if not all(is_test_file(path, known.patterns) for path in changed):
        return ()
    wanted = {*known.holding} | {path for path in changed if _is_within(path, within)}
    return tuple(sorted(wanted & {*present}))


def _is_within(path: str, within: tuple[str, ...]) -> bool:
    return not within or any(PurePosixPath(path).is_relative_to(folder) for folder in within)


def is_test_file(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether pytest collects tests from `path` by its name, see `python_files` in its reference."""
    name = PurePosixPath(path).name
    return (
        name.endswith(".py")
        and name != "conftest.py"
        and any(fnmatch(path if "/" in pattern else name, pattern) for pattern in patterns)
    )


def decisive(path: str, content: bytes, patterns: tuple[str, ...]) -> bytes:
    """Return the part of a file that can decide whether a test belongs to a suite.

    All of a test file, a conftest and a configuration file. In any other Python file, such as the
    application's own, only the lines that speak of pytest or its marks.
    """
    name = PurePosixPath(path).name
    if name in CONFIGURATION or name == "conftest.py" or is_test_file(path, patterns):
        return content
    return b"\n".join(line for line in content.splitlines() if _MENTIONS_PYTEST.search(line))
