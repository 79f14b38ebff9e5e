"""Reads the files of a project that say how it is tested; everything else here works on what this returns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

#: Folders whose files are somebody else's, or made.
_FOREIGN = frozenset({"build", "dist", "node_modules", "site-packages", "venv", "env", "__pycache__"})
#: Folders whose code shows something to readers.
_FOR_READERS = frozenset({"doc", "docs", "docs_src", "examples"})
_OWN_HIDDEN = frozenset({".github"})
#: Files whose text says something; of the others only the name counts.
_TELLING = (
    "*.py",
    "pyproject.toml",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "*requirements*.txt",
    "requirements/*.txt",
    ".gitignore",
    ".gitlab-ci.yml",
    "*compose*.yml",
    "*compose*.yaml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
)
_MOST_FILES = 20_000
_LONGEST = 1_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files of a project.

    Attributes:
        names: of all files, relative to the project, with forward slashes.
        texts: what is in those that say something, with the line breaks that they have.
        remote: address of the repository's `origin`; empty if there is none.
        branch: its default branch as far as the clone knows.
    """

    names: tuple[str, ...]
    texts: Mapping[str, str]
    remote: str = ""
    branch: str = "main"

    def python(self) -> Iterator[tuple[str, str]]:
        """Yield path and text of every Python file of the project's own code."""
        return (
            (name, text)
            for name, text in self.texts.items()
            if name.endswith(".py") and name.partition("/")[0] not in _FOR_READERS
        )

    def tests(self) -> Iterator[tuple[str, str]]:
        """Yield path and text of every Python file that belongs to the tests."""
        return ((name, text) for name, text in self.python() if is_test_file(name))


def is_test_file(name: str) -> bool:
    """Tell whether a file holds tests, or lies beside some."""
    path = PurePosixPath(name)
    return (
        path.name == "conftest.py"
        or path.match("test_*.py")
        or path.match("*_test.py")
        or any(part in ("test", "tests", "testing") for part in path.parts[:-1])
    )


def read_sources(root: Path) -> Sources:
    """Return the files of the project in `root`; those that can't be read are left out.

    Raises:
        OSError: pyproject.toml is there and can't be read.
        UnicodeDecodeError: pyproject.toml isn't UTF-8.
    """
    names = tuple(sorted(_names(root)))
    texts: dict[str, str] = {}
    for name in names:
        if not any(
            fnmatch(name, pattern) or fnmatch(PurePosixPath(name).name, pattern) for pattern in _TELLING
        ):
            continue
        text = _text(root / name)
        if text is None and name == "pyproject.toml":
            text = (root / name).read_bytes().decode()
        if text is not None:
            texts[name] = text
    return Sources(names=names, texts=texts, remote=_remote(root), branch=_branch(root))


def _names(root: Path) -> Iterator[str]:
    found = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_foreign(Path(folder, name)))
        for name in files:
            found += 1
            if found > _MOST_FILES:
                return
            yield Path(folder, name).relative_to(root).as_posix()


def _is_foreign(folder: Path) -> bool:
    hidden = folder.name.startswith(".") and folder.name not in _OWN_HIDDEN
    return hidden or folder.name in _FOREIGN or (folder / "pyvenv.cfg").exists()


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode() if path.stat().st_size <= _LONGEST else None
    except (OSError, UnicodeDecodeError):
        return None


def _remote(root: Path) -> str:
    try:
        lines = (root / ".git" / "config").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    section = ""
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section == '[remote "origin"]' and text.startswith("url"):
            return text.partition("=")[2].strip()
    return ""


def _branch(root: Path) -> str:
    """Return the branch that `origin` has checked out, or else the one that is checked out here."""
    for name, prefix in (
        ("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/"),
        ("HEAD", "ref: refs/heads/"),
    ):
        try:
            text = (root / ".git" / name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if text.startswith(prefix):
            return text.removeprefix(prefix)
    return "main"
