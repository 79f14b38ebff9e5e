"""An instrument comes with its library: nothing is imported that the suite doesn't import itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Arrivals:
    """Calls back when a module has been imported.

    It stands first among the finders of the import system and finds nothing itself. For a module that is
    awaited it asks the others, and has that one loader say when the module is there; module, spec and loader
    stay those of the import system.
    """

    def __init__(self) -> None:
        """Wait for nothing."""
        self._awaited: dict[str, Callable[[], None]] = {}
        self._asking: set[str] = set()

    def when_imported(self, name: str, then: Callable[[], None]) -> None:
        """Call `then` once, when the module `name` has been imported: at once if it is there."""
        module = sys.modules.get(name)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            then()
            return
        self._awaited[name] = then
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def forget(self, name: str) -> None:
        """Wait for the module `name` no longer."""
        self._awaited.pop(name, None)
        if not self._awaited and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nothing, unless somebody waits for it."""
        if fullname not in self._awaited or fullname in self._asking:
            return None
        self._asking.add(fullname)
        try:
            for finder in sys.meta_path:
                find: Any = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
                if spec is not None:
                    self._listen(spec.loader, fullname)
                    return spec
        finally:
            self._asking.discard(fullname)
        return None

    def _listen(self, loader: Any, name: str) -> None:
        execute = getattr(loader, "exec_module", None)
        if execute is None or not hasattr(loader, "__dict__"):
            self.forget(name)  # it can't tell; nothing of this library is recorded
            return

        own = cast("dict[str, Any]", vars(loader))

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name and name in self._awaited:
                if own.get("exec_module") is exec_module:
                    del loader.exec_module
                then = self._awaited[name]
                self.forget(name)
                then()

        loader.exec_module = exec_module


ARRIVALS = Arrivals()
