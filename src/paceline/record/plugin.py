"""Switches recording on for one pytest process."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from paceline.clock import CLOCK
from paceline.errors import ConfigError
from paceline.masking import masked, masked_words
from paceline.metrics.callers import CALLERS
from paceline.metrics.chosen import chosen, declared, known_metrics
from paceline.model.run import SCHEMA_VERSION, Arguments, RunEnd, RunHeader
from paceline.record import startup
from paceline.record.closing import Closing
from paceline.record.environment import environment
from paceline.record.machine import Machine
from paceline.record.measure import Measure
from paceline.record.reports import Reports
from paceline.record.revision import revision
from paceline.record.spans import Spans
from paceline.record.workers import ControllerSide, WorkerSide, layout, naming, worker_name
from paceline.record.writer import Writer, warn
from paceline.store.run_file import SUFFIX, RunFile, seal
from paceline.store.state_folder import state_folder

#: Options of plugins that shuffle the tests, and hold the seed.
_SEED_OPTIONS = ("randomly_seed", "random_order_seed")
#: Options with which pytest runs no test.
_NOTHING_RUNS = (
    "help",
    "version",
    "markers",
    "collectonly",
    "showfixtures",
    "show_fixtures_per_test",
    "cacheshow",
    "setuponly",
    "setupplan",
)


def register(config: pytest.Config, loaded_at: tuple[float, float], metrics: Sequence[str] = ()) -> None:
    """Record this run: in a worker only measure, elsewhere also write the run file.

    A session that runs no test isn't recorded.

    Args:
        loaded_at: counter and CPU seconds at which the span `startup` ended.
        metrics: which to record, in the words of `--paceline-metrics`; empty: the default ones.

    Raises:
        pytest.UsageError: there is no such metric.
    """
    if any(config.getoption(name, default=None) for name in _NOTHING_RUNS):
        return
    try:
        _register(config, loaded_at, metrics)
    except ConfigError as error:
        raise pytest.UsageError(f"paceline: {error}") from error
    except Exception as error:  # noqa: BLE001  a failure of ours never changes a suite's outcome
        warn(config, f"this run is not recorded: {type(error).__name__}: {error}")


def _register(config: pytest.Config, loaded_at: tuple[float, float], words: Sequence[str]) -> None:
    worker = worker_name(config)
    named = naming(config)
    known = known_metrics(partial(warn, config) if worker is None else _silent)
    probes = chosen(words, known)
    CALLERS.move(config.rootpath)
    if worker is not None:
        inside = Measure(worker, partial(warn, config), probes, named)
        config.pluginmanager.register(WorkerSide(config, inside), "paceline-worker")
        spans = Spans(worker, loaded_at, inside.note)
        config.pluginmanager.register(spans, "paceline-spans")
        for name, plugin in inside.plugins.items():
            config.pluginmanager.register(plugin, name)
        startup.register(config, worker, inside.note, partial(warn, config))
        return
    header = replace(_header(config), metrics=declared(probes, known.derived))
    try:
        path = _target(config, header)
        file = RunFile(path)
    except OSError as error:
        warn(config, f"this run is not recorded, {error.filename} can't be created: {error.strerror}")
        return
    writer = Writer(config, file)
    reports = Reports(writer, named)
    writer.note("header", header)
    # With workers, tests run there.
    measure = None if header.workers else Measure("main", partial(warn, config), probes, named, writer)
    spans = Spans("main", loaded_at, writer.note)
    recorder = Recorder(
        config, writer, reports, measure, spans, path, to_seal=not config.getoption("--paceline-out")
    )
    plugins: dict[str, object] = {
        "paceline-writer": writer,
        "paceline-spans": spans,
        "paceline-recorder": recorder,
        **(measure.plugins if measure else {"paceline-controller": ControllerSide(writer, reports, named)}),
    }
    # Who has named the file reads it, such as `paceline profile`.
    if not config.getoption("--paceline-out"):
        plugins["paceline-closing"] = Closing(path)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, name)
    if measure is None:
        reports.register(config.pluginmanager)
    else:
        reports.register_after_fork(config.pluginmanager)
    startup.register(config, "main", writer.note, partial(warn, config))


def _silent(_: str) -> None:
    """Say nothing: the controller has said it."""


class Recorder:
    """Notes what was collected and how the session ended."""

    def __init__(
        self,
        config: pytest.Config,
        writer: Writer,
        reports: Reports,
        measure: Measure | None,
        spans: Spans,
        path: Path,
        *,
        to_seal: bool,
    ) -> None:
        """Write through `writer`; afterwards gzip the file at `path` if it is `to_seal`."""
        self._config = config
        self._writer = writer
        self._reports = reports
        self._measure = measure
        self._spans = spans
        self._path = path
        self._to_seal = to_seal
        self._machine = Machine("main")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the tests that were selected; a controller of pytest-xdist collects none."""
        if not layout(self._config)[0]:
            self._writer.note("collected", {"nodeids": [item.nodeid for item in session.items]})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Note pytest's exit code after every other plugin has had its say."""
        try:
            return (yield)
        finally:
            self._writer.summary_shown()
            self._spans.finish()
            if self._measure is not None:
                self._measure.finish()
            self._reports.finish()
            self._writer.note("process", self._machine.state())
            end = RunEnd(exit_code=int(session.exitstatus), ended_at=round(CLOCK.now(), 6))
            if self._writer.finish(end) and self._to_seal:
                self._seal()

    def _seal(self) -> None:
        try:
            seal(self._path)
        except OSError as error:
            warn(self._config, f"the run file {self._path} could not be gzipped: {error.strerror}", late=True)


def _target(config: pytest.Config, header: RunHeader) -> Path:
    out: str | None = config.getoption("--paceline-out")
    if out:
        return Path(out)
    return state_folder(config.rootpath, "runs") / f"{header.run_id}{SUFFIX}"


def _header(config: pytest.Config) -> RunHeader:
    from paceline import __version__

    now = CLOCK.now()
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    workers, dist = layout(config)
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run_id=f"{stamp}Z-{os.urandom(4).hex()}",
        suite=config.getoption("--paceline-suite"),
        round=config.getoption("--paceline-round") or 1,
        started_at=round(now, 6),
        paceline=__version__,
        arguments=Arguments(
            command_line=masked_words(map(str, config.invocation_params.args)),
            addopts=masked_words(config.getini("addopts")),
            environment=masked(os.environ.get("PYTEST_ADDOPTS", "")),
            marker_expression=config.getoption("markexpr", default="") or "",
            paths=tuple(config.args),
        ),
        workers=workers,
        dist=dist,
        seed=_seed(config),
        hash_seed=os.environ.get("PYTHONHASHSEED"),
        test_patterns=tuple(config.getini("python_files")),
        test_paths=tuple(config.getini("testpaths")),
        environment=environment(config),
        revision=revision(config.rootpath),
        metrics=(),
        shard=config.getoption("--paceline-shard"),
    )


def _seed(config: pytest.Config) -> str | None:
    for option in _SEED_OPTIONS:
        seed = config.getoption(option, default=None)
        if seed is not None:
            return str(seed)
    return None
