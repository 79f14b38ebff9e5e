"""`paceline calibrate`: run the project against itself, to know its noise."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import click
from filelock import FileLock
from rich.console import Console

from paceline.cli.formats import Format, format_option, show, size_option
from paceline.cli.gating import interrupt, new_bench, watching
from paceline.compare.rules import Rules
from paceline.config import Config, Suite, load_config
from paceline.errors import Exit
from paceline.model.calibration import SuiteCalibration
from paceline.paired.against_itself import measure
from paceline.paired.figures import all_series
from paceline.paired.habits import calibrated
from paceline.paired.preparation import head_side
from paceline.paired.request import GateRequest, Watcher
from paceline.paired.sample import Bench
from paceline.profile.plan import chosen
from paceline.report.calibration_document import calibration_document
from paceline.report.records import CalibrateRecord
from paceline.store.calibration_file import NAME, write_calibration
from paceline.store.state_folder import state_folder


@click.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--pairs",
    type=click.IntRange(3, 100),
    default=10,
    show_default=True,
    help="Pairs of runs; the gate takes up to 20.",
)
@format_option
@size_option
def calibrate(suites: tuple[str, ...], directory: Path, pairs: int, format_: Format, max_size: int) -> int:
    """Find out how much the figures vary when nothing has changed.

    Runs each SUITE (all of them by default) in turns with itself, and judges every test as `paceline gate`
    would. What it finds is stored beside the baseline: how much tests vary, which slowdown the gate can see,
    and how often chance looks like one. The gate asks for more where chance has come near.

    \b
    paceline calibrate schema       ten pairs of the suite schema
    """
    root = directory.resolve()
    config = load_config(root)
    selected = chosen(config, suites, None)
    signal.signal(signal.SIGTERM, interrupt)
    console = Console(stderr=True)
    path = (root / config.output).with_name(NAME)
    found: dict[str, SuiteCalibration] = {}
    with FileLock(state_folder(root) / "profile.lock"), watching(console) as watcher:
        bench = new_bench(root, config, watcher, float("inf"))
        for suite in selected:
            found[suite.name] = _calibrate(root, config, bench, suite, pairs, watcher)
            write_calibration(path, suite.name, found[suite.name])
    stored = str(path.relative_to(root))
    record = CalibrateRecord(suites=found, path=stored)
    show(calibration_document(found, stored), record, format_, Console(), max_size)
    return Exit.FINE


def _calibrate(
    root: Path, config: Config, bench: Bench, suite: Suite, pairs: int, watcher: Watcher
) -> SuiteCalibration:
    request = GateRequest(
        bench=bench,
        base=head_side(root, name="base"),
        head=head_side(root),
        rules=Rules(),
        budgets={},
        controls=config.gate.controls,
        deadline=float("inf"),
        labels=("working tree", "working tree"),
    )
    measured, environment = measure(request, suite, pairs, watcher)
    return calibrated(
        all_series(measured),
        pairs=pairs,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        cpu=environment.cpu_model,
        python=environment.python.rpartition(".")[0],
    )
