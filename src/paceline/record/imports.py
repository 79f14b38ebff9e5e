"""Times every import of a process, by taking the place of the function that all of them go through.

`import` statements and `importlib.import_module` both end in `_find_and_load` of Python's own import system,
but only for modules that aren't loaded yet; the option `-X importtime` of Python measures at the same place.
Compiling is timed where Python's loaders and pytest's rewriter do it. Nothing else is touched: no finder, no
loader, no order. Our functions carry the file name of those that they
call, so that Python leaves them out of tracebacks and out of the stack levels of warnings.
"""

from __future__ import annotations

import sys
from functools import partial
from threading import get_ident
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paceline.record.stretches import Stretch, Timeline


class ImportTimer:
    """Puts the imports of the thread that installs it on a timeline.

    Other threads import unmeasured: what they take passes beside the time of this one.
    """

    def __init__(self, timeline: Timeline) -> None:
        """Note imports on `timeline`."""
        self._timeline = timeline
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        """Begin; does nothing where Python imports in another way."""
        self._timeline.thread = get_ident()
        external = sys.modules.get("_frozen_importlib_external")
        loaders = getattr(external, "SourceLoader", None)
        rewriter = sys.modules.get("_pytest.assertion.rewrite")
        self._replace(sys.modules.get("_frozen_importlib"), "_find_and_load", partial(_timed, self._timeline))
        self._replace(external, "_compile_bytecode", partial(_noted, self._timeline))
        self._replace(loaders, "source_to_code", partial(_compiling, self._timeline))
        self._replace(rewriter, "_rewrite_test", partial(_compiling, self._timeline))

    def uninstall(self) -> None:
        """Stop; a second call does nothing."""
        self._timeline.thread = None
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: object, name: str, wrapped: Callable[[Any], FunctionType]) -> None:
        original = getattr(owner, name, None)
        if not isinstance(original, FunctionType):
            return
        ours = wrapped(original)
        ours.__code__ = ours.__code__.replace(co_filename=original.__code__.co_filename)
        setattr(owner, name, ours)
        self._undo.append(partial(_restore, owner, name, ours, original))


def complete(stretches: Iterable[Stretch]) -> None:
    """Say of every import that has ended whether Python compiled the source of the module.

    Unknown stay those without source or bytecode of their own, and those that failed.
    """
    from importlib.machinery import SourceFileLoader

    imports = [stretch for stretch in stretches if stretch.kind == "import"]
    known = {stretch.name: stretch.compiled for stretch in imports if stretch.compiled is not None}
    for stretch in imports:
        if stretch.name not in known and isinstance(_loader(stretch.name), SourceFileLoader):
            # It has told nobody that it read bytecode. The rewriter of pytest is another kind of loader.
            known[stretch.name] = True
        stretch.compiled = known.get(stretch.name)


def _loader(name: str) -> object:
    try:
        # Not by attributes: some modules import others when they are asked for one.
        return vars(sys.modules[name])["__spec__"].loader
    except (KeyError, TypeError, AttributeError):
        return None


def _timed(timeline: Timeline, original: Callable[[str, Any], Any]) -> Any:
    def _find_and_load(name: str, import_: Any) -> Any:
        if get_ident() != timeline.thread:
            return original(name, import_)
        stretch = timeline.begin("import", name)
        try:
            return original(name, import_)
        finally:
            timeline.end(stretch)

    return _find_and_load


def _noted(timeline: Timeline, original: Callable[..., Any]) -> Any:
    """Return what notes that a module is loaded from its cached bytecode."""

    def _compile_bytecode(data: Any, name: Any = None, *arguments: Any, **further: Any) -> Any:
        stretch = timeline.current
        # Programs may ask for the code of a module without importing it.
        if stretch is not None and stretch.name == name and get_ident() == timeline.thread:
            stretch.compiled = False
        return original(data, name, *arguments, **further)

    return _compile_bytecode


def _compiling(timeline: Timeline, original: Callable[..., Any]) -> Any:
    """Return what times how a module is compiled."""

    def source_to_code(*arguments: Any, **further: Any) -> Any:
        stretch = timeline.current
        if stretch is None or get_ident() != timeline.thread:
            return original(*arguments, **further)
        began = timeline.counter()
        try:
            return original(*arguments, **further)
        finally:
            stretch.compiling += timeline.counter() - began

    return source_to_code


def _restore(owner: Any, name: str, ours: object, original: object) -> None:
    # Whoever has put something in front of ours keeps it, and goes on calling it.
    if getattr(owner, name, None) is ours:
        setattr(owner, name, original)
