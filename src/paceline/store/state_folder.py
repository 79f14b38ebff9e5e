"""The project's `.paceline` folder: run files, logs and caches, none of them for version control."""

from __future__ import annotations

from pathlib import Path

NAME = ".paceline"
#: The branch that holds the run files of the main branch.
HISTORY_BRANCH = "paceline-history"


def state_folder(root: Path, *parts: str) -> Path:
    """Return a folder inside of `.paceline` below `root`, made if it wasn't there.

    Raises:
        OSError: the file system refuses.
    """
    folder = root / NAME
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    wanted = folder.joinpath(*parts)
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def keep_newest(folder: Path, pattern: str, number: int) -> None:
    """Remove all but the `number` newest of the files that match; their names begin with their time."""
    for path in sorted(folder.glob(pattern))[:-number]:
        path.unlink(missing_ok=True)
