"""Which line of the project is at work: the innermost frame that belongs to no library."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FrameType

_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120 - compared as text
_ISOLATION = os.path.join(_OURS, "isolation") + os.sep  # noqa: PTH118 - as above
_MOST_KEYS = 4096

Lines = dict[int, str]
#: What `where` says of what isn't the project's doing at all: Paceline isolates a test.
OWN = ""
_OWN_LINES: Lines = {}


class Callers:
    """Finds the caller's `file:line`, relative to the root directory of the project.

    A frame costs 0.1 µs to look at and an ORM has 20 of them between the project and the driver. So for each
    key, such as the text of a statement, it's kept how far away the project was the last time and by which
    function of the library it was left; where that is the same function again, so is everything in between.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Take what isn't a library for the project at `root`."""
        self._root = ""
        self._libraries: tuple[str, ...] = ()
        #: File to its lines that were seen, each as it is recorded; None: of a library.
        self._files: dict[str, Lines | None] = {}
        self._names: dict[str, str] = {}
        self._known: dict[str, tuple[int, CodeType]] = {}
        self.move(root)

    def move(self, root: str | os.PathLike[str]) -> None:
        """Make paths relative to `root` from now on."""
        self._root = os.path.realpath(root) + os.sep
        paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        prefixes = [os.path.realpath(prefix) for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}]
        # A system's Python has /usr for its prefix, and projects may be below that.
        prefixes = [prefix for prefix in prefixes if not self._root.startswith(prefix + os.sep)]
        self._libraries = tuple(os.path.realpath(path) + os.sep for path in (*paths, *prefixes))
        self._files.clear()
        self._names.clear()
        self._known.clear()

    def where(self, key: str | None = None, skip: int = 1) -> str | None:
        """Return `file:line` of the project's innermost frame; None if no frame is the project's, or `OWN`.

        Args:
            key: what is being done; the way from the project to here is usually the same for it.
            skip: how many frames of our own are on top, that of this call not included.
        """
        if key is not None:
            known = self._known.get(key)
            if known is not None:
                try:
                    entry = sys._getframe(known[0] + skip)  # pyright: ignore[reportPrivateUsage]
                except ValueError:
                    entry = None
                if entry is not None and entry.f_code is known[1] and (frame := entry.f_back) is not None:
                    lines = self._files.get(frame.f_code.co_filename)
                    if lines is not None and lines is not _OWN_LINES:
                        return lines.get(frame.f_lineno) or self._named(frame, lines)
        return self._walk(key, sys._getframe(skip))  # pyright: ignore[reportPrivateUsage]

    def _walk(self, key: str | None, innermost: FrameType) -> str | None:
        files = self._files
        entry, depth = innermost, 0
        while (frame := entry.f_back) is not None:
            name = frame.f_code.co_filename
            try:
                lines = files[name]
            except KeyError:
                lines = self._learn(name)
            if lines is not None:
                if lines is _OWN_LINES:
                    return OWN
                if key is not None:
                    if len(self._known) >= _MOST_KEYS:
                        self._known.clear()
                    self._known[key] = depth, entry.f_code
                return lines.get(frame.f_lineno) or self._named(frame, lines)
            entry, depth = frame, depth + 1
        return self._beyond_greenlet()

    def _beyond_greenlet(self) -> str | None:
        # SQLAlchemy's asyncio half runs in greenlets; the coroutine that awaits is in the parent.
        greenlet: Any = sys.modules.get("greenlet")
        parent: Any = greenlet.getcurrent().parent if greenlet is not None else None
        while parent is not None:
            frame: FrameType | None = parent.gr_frame
            while frame is not None:
                lines = self._lines(frame.f_code.co_filename)
                if lines is _OWN_LINES:
                    return OWN
                if lines is not None:
                    return lines.get(frame.f_lineno) or self._named(frame, lines)
                frame = frame.f_back
            parent = parent.parent
        return None

    def _lines(self, filename: str) -> Lines | None:
        try:
            return self._files[filename]
        except KeyError:
            return self._learn(filename)

    def _named(self, frame: FrameType, lines: Lines) -> str:
        number = frame.f_lineno
        text = lines[number] = f"{self._names[frame.f_code.co_filename]}:{number}"
        return text

    def _learn(self, filename: str) -> Lines | None:
        name = self._relative(filename)
        lines: Lines | None = _OWN_LINES if filename.startswith(_ISOLATION) else None
        if name is not None:
            lines = {}
            self._names[filename] = name
        self._files[filename] = lines
        return lines

    def _relative(self, filename: str) -> str | None:
        """Return the path of a file of the project; None for one of a library, and for what is no file."""
        if filename.startswith("<") or any(part in filename for part in _PACKAGES):
            return None
        path = os.path.realpath(filename)
        if path.startswith((_OURS, *self._libraries)) or any(part in path for part in _PACKAGES):
            return None
        try:
            return os.path.relpath(path, self._root).replace(os.sep, "/")
        except ValueError:  # on another drive
            return None


CALLERS = Callers(os.curdir)
