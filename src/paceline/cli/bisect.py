"""`paceline bisect`: find the commit that made a test slower."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from filelock import FileLock
from rich.console import Console

from paceline.cli.formats import Format, plain_format_option, say
from paceline.cli.gate_progress import PlainWatcher
from paceline.compare.rules import Rules
from paceline.config import Config, Suite, load_config
from paceline.errors import Exit, UnknownSuiteError
from paceline.model.comparison import Delta
from paceline.paired.bisection import Answer, first_slow, steps
from paceline.paired.preparation import base_side
from paceline.paired.question import ask
from paceline.paired.request import GateRequest
from paceline.paired.sample import Bench
from paceline.paired.tree import between, checked_out, described
from paceline.report.comparison_document import sentence
from paceline.report.records import BisectRecord
from paceline.report.words import count
from paceline.store.state_folder import state_folder


@click.command()
@click.argument("target", metavar="NODEID")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--good", required=True, metavar="REVISION", help="A commit in which the test was fast.")
@click.option(
    "--bad", default="HEAD", show_default=True, metavar="REVISION", help="A commit in which it's slow."
)
@click.option("--suite", metavar="SUITE", help="The suite of the test; needed where there are several.")
@click.option("--time-limit", type=click.FloatRange(min=0.1), metavar="MINUTES", help="For each commit.")
@plain_format_option
def bisect(
    target: str,
    directory: Path,
    good: str,
    bad: str,
    suite: str | None,
    time_limit: float | None,
    format_: Format,
) -> int:
    """Find the commit that made a test slower.

    Halves the commits between GOOD and BAD (along the first parents), and runs the test NODEID in turns with
    GOOD until it's sure on which side of the change each one is. Commits that can't be run are passed over.
    Your working tree is not touched.

    \b
    paceline bisect tests/test_orders.py::test_list --good v2.1
    """
    root = directory.resolve()
    config = load_config(root)
    search = _Search(root, config, _suite(config, suite), target, good, time_limit or config.gate.time_limit)
    record = search.record(between(root, good, bad), bad)
    if format_ == "json":
        say(record)
    elif record.answer == "found":
        _tell(record)
    return _EXITS[record.answer]


_EXITS = {"found": Exit.FINE, "not_slower": Exit.NOT_COMPARABLE, "no_commits": Exit.USAGE}


class _Search:
    """Asks about one commit after another, and tells what it hears."""

    def __init__(
        self, root: Path, config: Config, suite: Suite, nodeid: str, good: str, minutes: float
    ) -> None:
        self._root = root
        self._config = config
        self._suite = suite
        self._nodeid = nodeid
        self._good = good
        self._minutes = minutes
        self._known: Delta | None = None
        self._console = Console(stderr=True)
        self._watcher = PlainWatcher(self._console)

    def say(self, text: str) -> None:
        self._watcher.said(text)

    def record(self, commits: tuple[str, ...], bad: str) -> BisectRecord:
        """Search `commits`, which end with `bad`, and return where that ended."""
        ended = partial(BisectRecord, target=self._nodeid, good=self._good, bad=bad)
        if not commits:
            self.say(f"there is no commit after {self._good} up to {bad}")
            return ended(answer="no_commits")
        with FileLock(state_folder(self._root) / "profile.lock"):
            if self.answer(commits[-1]) != "slow":
                self.say(f"{self._nodeid} isn't slower in {bad} than in {self._good}")
                return ended(answer="not_slower")
            self.say(f"{count(len(commits), 'commit')}, about {steps(len(commits))} to run")
            found = first_slow(commits, self.answer)
        names = tuple(described(self._root, commit) for commit in found.commits)
        return ended(answer="found", commits=names, asked=found.asked, delta=self._known)

    def answer(self, commit: str) -> Answer:
        """Run the test at `commit` and at the good revision."""
        root, settings = self._root, self._config.gate
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        with checked_out(root, self._good) as good, checked_out(root, commit) as tree:
            request = GateRequest(
                bench=Bench(
                    folder=state_folder(root, "gate", stamp),
                    stall_timeout=self._config.stall_timeout,
                    advanced=self._watcher.advanced,
                ),
                base=base_side(good, root, settings),
                head=base_side(tree, root, settings, name="head"),
                rules=Rules(),
                budgets={},
                controls=settings.controls,
                deadline=time.monotonic() + 60 * self._minutes,
                labels=(self._good, commit[:10]),
            )
            answer, delta = ask(request, self._suite, self._nodeid, self._watcher, self._known)
        if answer == "slow":
            self._known = delta
        self.say(f"{answer}: {described(root, commit)}")
        return answer


def _tell(record: BisectRecord) -> None:
    if len(record.commits) > 1:
        click.echo("one of these, which could not be run apart:")
    for commit in record.commits:
        click.echo(commit)
    if record.delta is not None:
        click.echo(sentence(record.delta))


def _suite(config: Config, name: str | None) -> Suite:
    if name is not None:
        return config.suite(name)
    if len(config.suites) == 1:
        return config.suites[0]
    raise UnknownSuiteError(
        "there are several suites",
        hint=f"Say which one the test is in: --suite {' or '.join(suite.name for suite in config.suites)}.",
    )
