"""Which of a project's files Python code reads, for as long as somebody wants to know."""

from __future__ import annotations

import builtins
import io
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from paceline.isolation import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def noted_reads(root: Path) -> Generator[set[Path], None, None]:
    """Yield a set that gets the files below `root` that are opened for reading meanwhile.

    Seen is what `open` opens, also by way of pathlib; not what libraries in C do, nor other processes.
    """
    opened: set[Path] = set()
    found: set[Path] = set()
    own: Callable[..., Any] = io.open

    def noting(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(file, (str, os.PathLike)) and not set(mode) & set("wax+"):
            # Now, as a relative one means something else in the next folder.
            opened.add(Path(os.fsdecode(cast("str", file))).absolute())
        return own(file, mode, *args, **options)

    io.open = builtins.open = cast("Any", noting)
    try:
        yield found
    finally:
        io.open = builtins.open = own
        # `root` isn't freed of links either, so that only the ".." may go.
        paths = (Path(os.path.normpath(path)) for path in opened)
        found |= {path for path in paths if path.is_relative_to(root) and sources.is_source(path)}
