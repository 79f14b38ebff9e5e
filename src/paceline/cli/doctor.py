"""`paceline doctor`: say what would run, on what, and what can't work."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from paceline.cli.formats import Format, format_option, show, size_option
from paceline.config import load_config
from paceline.doctor.diagnose import diagnose
from paceline.doctor.session import Request, examine
from paceline.errors import Exit
from paceline.profile.plan import chosen
from paceline.report.doctor_document import doctor_document


@click.command()
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Look only at this suite; repeatable.")
@click.option("--start", is_flag=True, help="Bring up the tests' database and prepare it, as a run would.")
@format_option
@size_option
def doctor(directory: Path, suites: tuple[str, ...], start: bool, format_: Format, max_size: int) -> int:
    """Say what would run, on which database, and what can't work.

    Has pytest collect the tests, runs none of them, and shows for every suite whether it can be measured as
    things stand; which database its tests would get and why; which SQLAlchemy engines take part in the
    transaction around a test; and every mark that does nothing. Starts no server without --start.

    \b
    paceline doctor                           everything
    paceline doctor --suite schema --start    one suite, with its database
    paceline doctor --format json             for a program

    Exit codes: 0 every suite can be measured, 2 the configuration is wrong, 3 some suite can't be measured,
    130 interrupted.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    root = directory.resolve()
    config = load_config(root)
    request = Request(root=root, config=config, suites=chosen(config, suites, None), start=start)
    diagnosis = diagnose(examine(request))
    show(doctor_document(diagnosis), diagnosis, format_, Console(), max_size)
    return Exit.FINE if all(suite.ready for suite in diagnosis.suites) else Exit.NOT_MEASURED


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A cancelled CI job ends like Ctrl-C: in good order."""
    raise KeyboardInterrupt
