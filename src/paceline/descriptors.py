"""File descriptors that live beside a test's own."""

from __future__ import annotations

import os

#: A test that closes every file it knows of gets low numbers again for what it opens next.
_HIGH = 500


def out_of_the_way(descriptor: int) -> int:
    """Move `descriptor` to a number that no test reaches by opening files; return where it is now.

    A test may close all descriptors. Then ours fails to be used, which is noticed, instead of standing for a
    file of the test's.
    """
    try:
        import fcntl

        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    except (ImportError, OSError):  # Windows, or a limit on open files
        return descriptor
    os.close(descriptor)
    return moved
