"""Times what comes before the first test: imports, plugins, conftests, and the collection of each module."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from paceline.clock import CLOCK
from paceline.record.distributions import installed
from paceline.record.imports import ImportTimer, complete
from paceline.record.stretches import Timeline, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from paceline.model.cost import SessionPart
    from paceline.record.stretches import Stretch

#: Our own imports are one plugin, with whatever loads them.
_OURS = "pytest-paceline"
STARTUP: pytest.StashKey[Startup] = pytest.StashKey()


def begin(config: pytest.Config) -> None:
    """Begin to time imports and conftests, long before anybody can be told."""
    startup = config.stash[STARTUP] = Startup(config)
    startup.install()
    config.add_cleanup(startup.uninstall)


def register(
    config: pytest.Config,
    worker: str,
    note: Callable[[str, SessionPart], None],
    warn: Callable[[str], None],
) -> None:
    """Time the collection too, and hand every part to `note` when it has ended.

    Args:
        warn: called when something of ours fails.
    """
    startup = config.stash.get(STARTUP, None)
    if startup is not None:
        hooks = Collection(config, startup, worker, note, warn)
        config.pluginmanager.register(hooks, "paceline-startup")


class Startup:
    """The timeline of one session until its tests begin, and what feeds it."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve `config`."""
        self.timeline = Timeline(CLOCK.counter)
        self._config = config
        self._imports = ImportTimer(self.timeline)
        self._import_conftest: Callable[..., Any] | None = None

    def install(self) -> None:
        """Begin."""
        self._imports.install()
        # What pytest says of each module that it rewrites or has rewritten before; `--debug` prints it.
        self._config.trace.root.setprocessor(("assertion",), self._heard)
        manager = self._config.pluginmanager
        original: Callable[..., ModuleType] | None = getattr(manager, "_importconftest", None)
        if original is not None:
            self._import_conftest = partial(self._timed_conftest, original)
            vars(manager)["_importconftest"] = self._import_conftest

    def uninstall(self) -> None:
        """Stop; a second call does nothing."""
        self._imports.uninstall()
        self._config.trace.root.setprocessor(("assertion",), _ignore)
        attributes = vars(self._config.pluginmanager)
        if attributes.get("_importconftest") is self._import_conftest:
            attributes.pop("_importconftest", None)

    def name_of(self, path: Any) -> str:
        """Return how a file is called in records."""
        try:
            return str(path.relative_to(self._config.rootpath).as_posix())
        except ValueError:
            return str(path)

    def parts(self, worker: str) -> list[SessionPart]:
        """Return what was found so far."""
        stretches = self.timeline.stretches
        complete(stretches)
        ours = {stretch.name: _OURS for stretch in stretches if stretch.name.startswith("paceline.")}
        return parts(stretches, worker, _distributions(self._config) | ours)

    def _timed_conftest(
        self, original: Callable[..., ModuleType], conftestpath: Any, *arguments: Any, **further: Any
    ) -> ModuleType:
        manager = self._config.pluginmanager
        if manager.has_plugin(str(conftestpath)):  # it is asked for again for every file beside it
            return original(conftestpath, *arguments, **further)
        stretch = self.timeline.begin("conftest", self.name_of(conftestpath))
        try:
            return original(conftestpath, *arguments, **further)
        finally:
            self.timeline.end(stretch)

    def _heard(self, _tags: object, words: Sequence[object]) -> None:
        stretch, message = self.timeline.current, str(words[0])
        if stretch is None:
            return
        if message.startswith("found cached rewritten pyc"):
            stretch.compiled = False
        elif message.startswith("rewriting "):
            stretch.compiled = True


class Collection:
    """Hooks around the collection, after which nothing of this is left in the process."""

    def __init__(
        self,
        config: pytest.Config,
        startup: Startup,
        worker: str,
        note: Callable[[str, SessionPart], None],
        warn: Callable[[str], None],
    ) -> None:
        """Go on with the timeline of `startup`."""
        self._config = config
        self._startup = startup
        self._worker = worker
        self._note = note
        self._warn = warn
        self._collecting: Stretch | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Begin with a file, or with what is in it."""
        self._end()
        for node in reversed(collector.listchain()):
            if isinstance(node, pytest.File):
                name = self._startup.name_of(node.path)
                self._collecting = self._startup.timeline.begin("module", name)
                return

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, object, object]:
        """End it, whether it went well or not."""
        try:
            return (yield)
        finally:
            self._end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Stop measuring, and note what was found."""
        try:
            return (yield)
        finally:
            self._finish()

    def _end(self) -> None:
        if self._collecting is not None:
            self._startup.timeline.end(self._collecting)
            self._collecting = None

    def _finish(self) -> None:
        try:
            self._end()
            self._startup.uninstall()
            for part in self._startup.parts(self._worker):
                self._note("part", part)
            self._config.pluginmanager.unregister(self)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a suite's outcome
            self._warn(f"what came before the tests is not recorded: {type(error).__name__}: {error}")


def _distributions(config: pytest.Config) -> dict[str, str]:
    """Return the name of each plugin by its module: that of its distribution, or else the module's own."""
    plugins = config.pluginmanager.get_plugins()
    modules = {plugin.__name__: plugin.__name__ for plugin in plugins if isinstance(plugin, ModuleType)}
    return modules | {
        plugin.__name__: name for plugin, name, _ in installed(config) if isinstance(plugin, ModuleType)
    }


def _ignore(_tags: object, _words: object) -> None:
    pass
