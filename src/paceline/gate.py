"""Opt-in suites inside pytest: their flags, their markers, and the gate in front of their tests."""

from __future__ import annotations

import importlib
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING

import pytest

from paceline import hooks
from paceline.config import load_config
from paceline.errors import ConfigError
from paceline.selection import BUDGET, granted, problem_with, suites_of

if TYPE_CHECKING:
    from paceline.config import Config, Suite
    from paceline.model.facts import FlagFact, FlagOwner


def activate(config: pytest.Config, loaded_at: tuple[float, float], *, recording: bool) -> None:
    """Register Paceline's options, flags and hooks for this run.

    Args:
        loaded_at: counter and CPU seconds at which pytest had loaded its plugins so far.
        recording: whether the arguments ask for it; the options can't be read yet.

    Raises:
        pytest.UsageError: the project's `[tool.paceline]` is wrong.
    """
    # Bound before any conftest runs: one may freeze the clocks when it is imported.
    importlib.import_module("paceline.clock")
    try:
        settings = load_config(config.rootpath)
        for suite in settings.suites:
            _check(suite)
    except ConfigError as error:
        raise pytest.UsageError(f"paceline: {error}") from error
    config.pluginmanager.add_hookspecs(hooks)
    # By now no plugin has added its own.
    gate = Gate(settings, declared=tuple(config.getini("markers")))
    config.pluginmanager.register(gate, "paceline-gate")
    config.pluginmanager.register(Features(gate, loaded_at), "paceline-features")
    if recording:
        from paceline.record import startup

        startup.begin(config)


class Gate:
    """Hooks that declare the suites to pytest and skip the tests of those that aren't switched on."""

    def __init__(self, settings: Config, declared: tuple[str, ...]) -> None:
        """Serve the suites of `settings`.

        Args:
            declared: markers as the project's configuration file declares them.
        """
        self.settings = settings
        self.declared = declared
        #: Option name in `config.option` by suite, and the suites whose flag the project defines itself.
        self._options: dict[str, str] = {}
        self._owned_by_project: set[str] = set()

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Add the options that don't depend on the project."""
        group = parser.getgroup("paceline", "heavy suites (paceline)")
        group.addoption(
            "--paceline",
            action="store_true",
            help="Record this run under .paceline/runs",
        )
        group.addoption("--paceline-out", metavar="FILE", help="Record this run in FILE")
        group.addoption("--paceline-suite", metavar="NAME", help="Name of the suite that is recorded")
        group.addoption("--paceline-round", metavar="N", type=int, default=1, help="Round that is recorded")
        group.addoption(
            "--paceline-shard", metavar="K/N", help="Run only this part of the tests, whole modules"
        )
        group.addoption("--paceline-facts", metavar="FILE", help="Write to FILE what `paceline doctor` reads")
        group.addoption(
            "--paceline-facts-start",
            action="store_true",
            help="Bring up the tests' database for the facts",
        )
        group.addoption(
            "--paceline-metrics",
            metavar="NAMES",
            help="Metrics to record: NAME,… only these; +NAME,-NAME besides or without; all; none",
        )
        group.addoption(
            "--paceline-database-url",
            metavar="URL",
            help="Test database to use, as an SQLAlchemy URL",
        )
        group.addoption(
            "--paceline-keep-databases",
            action="store_true",
            help="Keep the database of each failed test that has one of its own",
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_load_initial_conftests(self, parser: pytest.Parser) -> Generator[None, object, object]:
        """Add the suites' flags, except those that the project's own conftest has defined by now."""
        result = yield
        defined = _options(parser)
        group = parser.getgroup("paceline")
        for suite in self.settings.suites:
            if not suite.flag:
                continue
            if suite.flag in defined:
                self._options[suite.name] = defined[suite.flag]
                self._owned_by_project.add(suite.name)
                continue
            option = self._options[suite.name] = f"paceline_flag_{suite.flag}"
            sharing = [other for other in self.settings.suites if other.flag == suite.flag]
            if suite is sharing[0]:
                group.addoption(suite.flag, action="store_true", dest=option, help=_help(sharing))
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers, and switch on the flags of implied suites for whoever asks for them."""
        for suite in self.settings.suites:
            # A marker expression can name several markers; only a plain name is ours to declare.
            if suite.marker.isidentifier():
                config.addinivalue_line(
                    "markers", f"{suite.marker}: opt-in suite {suite.name!r} ({suite.flag or 'always on'})"
                )
        config.addinivalue_line("markers", f'{BUDGET}(time): how long the test may take, such as "2s"')
        for suite in self.enabled(config):
            option = self._options.get(suite.name)
            # A project's own option may hold something else than a switch.
            if option is not None and config.getoption(option, default=None) is False:
                setattr(config.option, option, True)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Skip the tests of suites that aren't switched on."""
        enabled = {suite.name for suite in self.enabled(config)}
        gated = [
            suite
            for suite in self.settings.suites
            if suite.name not in enabled and suite.name not in self._owned_by_project
        ]
        for item in items:
            _check_budget(item)
            closed = suites_of(item, gated)
            if closed:
                item.add_marker(pytest.mark.skip(reason=_reason(closed)))

    def flags(self, config: pytest.Config) -> tuple[FlagFact, ...]:
        """Return who has defined the flag of each suite, and whether it is a switch."""
        from paceline.model.facts import FlagFact

        facts: list[FlagFact] = []
        for suite in self.settings.suites:
            option = self._options.get(suite.name)
            if option is None:
                facts.append(FlagFact(suite=suite.name, owner="nobody", switch=None))
                continue
            owner: FlagOwner = "project" if suite.name in self._owned_by_project else "paceline"
            # Whatever the option holds now came from its default or from the command line.
            switch = isinstance(config.getoption(option, default=None), bool)
            facts.append(FlagFact(suite=suite.name, owner=owner, switch=switch))
        return tuple(facts)

    def enabled(self, config: pytest.Config) -> tuple[Suite, ...]:
        """Return the suites that are switched on: by their flag, by another suite's, or ungated."""
        names: set[str] = set()
        waiting = [
            suite for suite in self.settings.suites if not suite.flag or self._asked_for(suite, config)
        ]
        while waiting:
            suite = waiting.pop()
            if suite.name not in names:
                names.add(suite.name)
                waiting.extend(self.settings.suite(name) for name in suite.implies)
        return tuple(suite for suite in self.settings.suites if suite.name in names)

    def _asked_for(self, suite: Suite, config: pytest.Config) -> bool:
        # A conftest that raises leaves the flags undefined, and `pytest --help` goes on.
        option = self._options.get(suite.name)
        return option is not None and bool(config.getoption(option, default=False))


class Features:
    """Loads what this run needs, once every other plugin has been configured."""

    def __init__(self, gate: Gate, loaded_at: tuple[float, float]) -> None:
        """Serve the suites that `gate` lets through."""
        self._gate = gate
        self._loaded_at = loaded_at

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Register isolation, and recording if it was asked for."""
        from paceline.isolation import plugin as isolation

        isolation.register(config, self._gate.settings, self._gate.enabled(config))
        if config.getoption("--paceline-shard"):
            from paceline.schedule import plugin as shards

            shards.register(config, self._gate.settings)
        if config.getoption("--paceline-facts"):
            from paceline.facts import plugin as facts

            facts.register(config, self._gate.settings, self._gate.flags(config), self._gate.declared)
        if config.getoption("--paceline") or config.getoption("--paceline-out"):
            isolation.time(config)
            from paceline.record import plugin as record

            record.register(config, self._loaded_at, self._metrics(config))

    def _metrics(self, config: pytest.Config) -> tuple[str, ...]:
        given: str | None = config.getoption("--paceline-metrics")
        if given is None:
            return self._gate.settings.metrics
        return tuple(word.strip() for word in given.split(",") if word.strip())


def _check(suite: Suite) -> None:
    where = f"tool.paceline.suite.{suite.name}"
    if suite.flag == "--paceline" or suite.flag.startswith("--paceline-"):
        raise ConfigError(f"{where}.flag is {suite.flag!r}, which is Paceline's own", hint="Name another.")
    problem = problem_with(suite.marker)
    if problem:
        raise ConfigError(
            f"{where}.marker is {suite.marker!r}: {problem}", hint="Write it as for `pytest -m`."
        )


def _check_budget(item: pytest.Item) -> None:
    try:
        granted(item)
    except ValueError as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{BUDGET}: {error}") from None


def _help(suites: Sequence[Suite]) -> str:
    names = " and ".join(repr(suite.name) for suite in suites)
    implied = sorted({name for suite in suites for name in suite.implies})
    more = f" and what it implies ({', '.join(implied)})" if implied else ""
    return f"Run the opt-in suite {names}{more}"


def _reason(closed: Iterable[Suite]) -> str:
    flags = " ".join(dict.fromkeys(suite.flag for suite in closed))
    return f"opt-in suite, run it with: pytest {flags}"


def _options(parser: pytest.Parser) -> dict[str, str]:
    """Return the attribute in `config.option` of every option that is registered so far."""
    # pytest has no public way to ask; both attributes have been there since its first plugins.
    groups = [*getattr(parser, "_groups"), getattr(parser, "_anonymous")]  # noqa: B009
    return {name: option.dest for group in groups for option in group.options for name in option.names()}
