"""The innermost line of the project is found, and found again faster."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paceline.metrics.callers import Callers

_PROJECT = "def call(library, work):\n    return library(work)\n"
_LIBRARY = "def run(work):\n    return work()\n"


def _compiled(content: str, path: Path, name: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(content, str(path), "exec"), names)
    found: Callable[..., Any] = names[name]
    return found


def _library(folder: Path) -> Callable[..., Any]:
    return _compiled(_LIBRARY, folder / ".venv" / "lib" / "site-packages" / "orm.py", "run")


def test_a_library_is_looked_through(tmp_path: Path) -> None:
    """What calls a library in the project's own environment is the project, the first time and later."""
    callers = Callers(tmp_path)
    project = _compiled(_PROJECT, tmp_path / "shop" / "orders.py", "call")
    found = [project(_library(tmp_path), lambda: callers.where("SELECT ?")) for _ in range(3)]
    assert found == ["shop/orders.py:2"] * 3


def test_another_way_to_the_same_statement_is_seen(tmp_path: Path) -> None:
    """What was learned of one way isn't taken for another that is longer or shorter."""
    callers = Callers(tmp_path)
    library = _library(tmp_path)

    def where() -> str | None:
        return callers.where("SELECT ?")

    inner = _compiled(_PROJECT, tmp_path / "inner.py", "call")
    outer = _compiled(_PROJECT, tmp_path / "outer.py", "call")
    for _ in range(2):
        assert library(lambda: inner(library, _through(where, tmp_path))) == "inner.py:2"
        assert outer(library, _through(where, tmp_path, 3)) == "outer.py:2"


def test_the_standard_library_is_none_of_the_project(tmp_path: Path) -> None:
    """Only what is neither installed nor Python's own is the project's."""
    callers = Callers(tmp_path)
    relative = callers._relative
    assert relative(str(tmp_path / "a.py")) == "a.py"
    assert relative(str(tmp_path / ".venv" / "lib" / "site-packages" / "b.py")) is None
    assert relative(str(Path(sysconfig.get_path("stdlib")) / "json" / "decoder.py")) is None
    assert relative(sys.modules["paceline"].__file__ or "") is None
    assert relative("<string>") is None


def _through(work: Callable[[], object], folder: Path, times: int = 1) -> Callable[[], object]:
    """Return `work`, called through so many frames of a library."""
    for _ in range(times):
        work = _wrapped(_library(folder), work)
    return work


def _wrapped(library: Callable[..., Any], work: Callable[[], object]) -> Callable[[], object]:
    content = "def wrap(library, work):\n    return lambda: library(work)\n"
    folder = Path(library.__code__.co_filename).parent
    wrapped: Callable[[], object] = _compiled(content, folder / "wrap.py", "wrap")(library, work)
    return wrapped
