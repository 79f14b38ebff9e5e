"""Writing a file so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from paceline.errors import UnwritableFileError


def write_atomically(path: Path, text: str) -> None:
    """Write `text` in UTF-8, see `write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write `content` to a temporary file beside `path` and rename it.

    Raises:
        UnwritableFileError: the file system refuses; `path` is as it was.
    """
    try:
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "the file is read-only")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A temporary file is private; a committed one has the usual rights.
            temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableFileError(
            f"{path} can't be written: {error.strerror}", hint="Name another file with --output."
        ) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
