"""The files that a project's code consists of, without importing it."""

from __future__ import annotations

import hashlib
import re
import sys
import sysconfig
from configparser import ConfigParser, Error
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import|import[ \t]+([^#\n]+))", re.MULTILINE)
_SKIPPED = frozenset({"__pycache__", ".git", ".venv", "node_modules"})


def of_modules(modules: Iterable[str], scripts: Iterable[Path], first: Sequence[Path] = ()) -> set[Path]:
    """Return the files of the top-level packages of `modules`, and of all that they and `scripts` import.

    Installed packages and the standard library are left out: `installed` stands for them.

    Args:
        modules: their names.
        scripts: Python files.
        first: where modules are looked for before Python's own path.

    Raises:
        LookupError: one of `modules` is not found.
    """
    wanted = {module.partition(".")[0] for module in modules}
    for name in wanted:
        if _places(name, first) is None:
            raise LookupError(name)
    for script in scripts:
        wanted |= imports(script)
    found: set[Path] = set()
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        seen.add(name)
        if name in sys.stdlib_module_names:
            continue
        for place in _places(name, first) or ():
            for path in _files(place):
                if path not in found:
                    found.add(path)
                    if path.suffix == ".py":
                        wanted |= imports(path) - seen
    return found


def imports(path: Path) -> set[str]:
    """Return the top-level modules that the Python file at `path` imports absolutely."""
    names: set[str] = set()
    for module, several in _IMPORT.findall(path.read_text(encoding="utf-8", errors="replace")):
        for part in [module] if module else several.split(","):
            names |= set(re.findall(r"^\s*(\w+)", part))
    return names


def of_alembic(ini: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of the migrations that `ini` configures, and where it has Python look for modules.

    Raises:
        LookupError: their place is not told in a way that is understood here.
        OSError: the file can't be read.
    """
    parser = ConfigParser(defaults={"here": str(ini.parent)})
    try:
        parser.read_string(ini.read_text(encoding="utf-8"))
        # One by one: a URL that nobody uses may have a percent sign too many.
        location, several, path = (
            parser.get("alembic", name, fallback="")
            for name in ("script_location", "version_locations", "prepend_sys_path")
        )
    except Error as error:
        raise LookupError(str(ini)) from error
    if not location or ":" in location or several:
        raise LookupError(str(ini))
    folders = [ini.parent / folder for folder in re.split(r"[\s,:;]+", path) if folder]
    return [ini, *_files(ini.parent / location)], folders


def is_source(path: Path) -> bool:
    """Tell whether `path` is a file that somebody wrote."""
    return path.is_file() and not _SKIPPED & set(path.parts)


def installed() -> list[tuple[str, int]]:
    """Return when something was last installed, by place."""
    places = {Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    return sorted((str(place), place.stat().st_mtime_ns) for place in places if place.is_dir())


def digests(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Return path and hash of each file.

    Raises:
        OSError: one can't be read.
    """
    return [(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in sorted(set(files))]


def _places(name: str, first: Sequence[Path]) -> list[Path] | None:
    """Return where the top-level module `name` is; nothing when it was installed, None when there is none."""
    try:
        spec = PathFinder.find_spec(name, [str(folder) for folder in first]) or find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if not places and spec.origin and spec.has_location:
        places = [Path(spec.origin)]
    foreign = {Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [
        place
        for place in places
        if not foreign & set(place.parents) and not {"site-packages", "dist-packages"} & set(place.parts)
    ]


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for entry in sorted(place.iterdir()):
        if entry.is_dir():
            if entry.name not in _SKIPPED:
                yield from _files(entry)
        elif entry.suffix != ".pyc":
            yield entry
