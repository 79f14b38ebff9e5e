"""The marker of the test that runs, for errors that tell what to write into it."""

from __future__ import annotations

CLONE = 'isolation="clone"'

#: A process runs one test at a time, and an error may come up in any thread of it.
_running = ["schema"]


def name_marker(name: str) -> None:
    """Take note of the marker by which the test that begins says how it's isolated."""
    _running[0] = name


def marked(argument: str) -> str:
    """Return the marker of the running test with `argument`, as it stands above the test."""
    return f"@pytest.mark.{_running[0]}({argument})"


def mark_for_clone() -> str:
    """Return the advice to give the test a database of its own."""
    return f"Mark the test {marked(CLONE)}."
