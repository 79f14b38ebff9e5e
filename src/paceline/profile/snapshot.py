"""Reads the files of a project that have a say in which tests a suite has."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from paceline.profile.files import CONFIGURATION, decisive

_SKIPPED = {"__pycache__", "node_modules", "build", "dist", "venv"}


def snapshot(root: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    """Return the digest of what is decisive in each Python and configuration file below `root`.

    Args:
        patterns: pytest's `python_files`.
    """
    digests: dict[str, str] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_walked(Path(folder, name)))
        for name in sorted(names):
            if name.endswith(".py") or name in CONFIGURATION:
                path = Path(folder, name)
                relative = path.relative_to(root).as_posix()
                part = _decisive(path, relative, patterns)
                if part:
                    digests[relative] = hashlib.blake2b(part, digest_size=12).hexdigest()
    return digests


def _is_walked(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _SKIPPED or folder.name.endswith(".egg-info")
    return not hidden and not (folder / "pyvenv.cfg").exists()


def _decisive(path: Path, relative: str, patterns: tuple[str, ...]) -> bytes:
    try:
        return decisive(relative, path.read_bytes(), patterns)
    except OSError:
        return b""
