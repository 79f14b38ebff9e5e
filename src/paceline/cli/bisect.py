"""`paceline bisect`: find the commit that made something slower."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from filelock import FileLock
from rich.console import Console

from paceline.cli.bisecting import good_revision, target_of
from paceline.cli.formats import Format, plain_format_option, say
from paceline.cli.gate_progress import PlainWatcher
from paceline.cli.gating import interrupt
from paceline.compare.rules import Rules
from paceline.config import Config, Suite, load_config
from paceline.errors import Exit
from paceline.model.account import Subject
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
@click.argument("target")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--good",
    metavar="REVISION",
    help="A commit in which it was fast, instead of the baseline's or of where BAD left the main branch.",
)
@click.option(
    "--bad", default="HEAD", show_default=True, metavar="REVISION", help="A commit in which it's slow."
)
@click.option("--suite", metavar="SUITE", help="The suite that it is in, where the last runs don't tell.")
@click.option("--time-limit", type=click.FloatRange(min=0.1), metavar="MINUTES", help="For each commit.")
@plain_format_option
def bisect(
    target: str,
    directory: Path,
    good: str | None,
    bad: str,
    suite: str | None,
    time_limit: float | None,
    format_: Format,
) -> int:
    """Find the commit that made something slower.

    TARGET is a test, a shared fixture, a file or a suite, or an unambiguous part of its name. Halves the
    commits between GOOD and BAD (along the first parents), and runs TARGET in turns with GOOD until it's sure
    on which side of the change each one is. Commits that can't be run are passed over. Your working tree is
    not touched.

    \b
    paceline bisect test_list                     since the commit of the baseline
    paceline bisect migrated_db --good v2.1       a shared fixture, since a tag
    paceline bisect tests/test_orders.py::test_list --good HEAD~20
    """
    root = directory.resolve()
    config = load_config(root)
    signal.signal(signal.SIGTERM, interrupt)
    chosen, subject = target_of(root, config, target, suite)
    since = good or good_revision(root, config, chosen.name, bad)
    search = _Search(root, config, chosen, subject, since, time_limit or config.gate.time_limit)
    record = search.record(between(root, since, bad), bad)
    if format_ == "json":
        say(record)
    elif record.answer == "found":
        _tell(record)
    return _EXITS[record.answer]


_EXITS = {"found": Exit.FINE, "not_slower": Exit.NOT_COMPARABLE, "no_commits": Exit.USAGE}


class _Search:
    """Asks about one commit after another, and tells what it hears."""

    def __init__(
        self, root: Path, config: Config, suite: Suite, subject: Subject, good: str, minutes: float
    ) -> None:
        self._root = root
        self._config = config
        self._suite = suite
        self._subject = subject
        self._good = good
        self._minutes = minutes
        self._known: Delta | None = None
        self._console = Console(stderr=True)
        self._watcher = PlainWatcher(self._console)

    def say(self, text: str) -> None:
        self._watcher.said(text)

    def record(self, commits: tuple[str, ...], bad: str) -> BisectRecord:
        """Search `commits`, which end with `bad`, and return where that ended."""
        ended = partial(BisectRecord, target=self._subject.name, good=self._good, bad=bad)
        if not commits:
            self.say(f"there is no commit after {self._good} up to {bad}")
            return ended(answer="no_commits")
        with FileLock(state_folder(self._root) / "profile.lock"):
            if self.answer(commits[-1]) != "slow":
                self.say(f"{self._subject.name} isn't slower in {bad} than in {self._good}")
                return ended(answer="not_slower")
            self.say(
                f"{count(len(commits), 'commit')} since {self._good}, about {steps(len(commits))} to run"
            )
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
                loops=settings.loops,
                deadline=time.monotonic() + 60 * self._minutes,
                labels=(self._good, commit[:10]),
            )
            answer, delta = ask(request, self._suite, self._subject, self._watcher, self._known)
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
