"""The `paceline` command: one module per subcommand, and the one place where errors become text."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import click

from paceline import __version__
from paceline.cli.baseline import baseline
from paceline.cli.bisect import bisect
from paceline.cli.calibrate import calibrate
from paceline.cli.comment import comment
from paceline.cli.compare import compare
from paceline.cli.doctor import doctor
from paceline.cli.explain import explain
from paceline.cli.export import export
from paceline.cli.formats import say, wants_json
from paceline.cli.gate import gate
from paceline.cli.history import history
from paceline.cli.init import init
from paceline.cli.justify import justify
from paceline.cli.merge import merge
from paceline.cli.profile import profile
from paceline.cli.report import report
from paceline.cli.top import top
from paceline.cli.verdict import verdict
from paceline.errors import Exit, PacelineError
from paceline.report.records import Problem, ProblemRecord


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 a test failed, 2 usage or configuration, 3 a suite could not be measured, "
    "4 an input file can't be read, 10 regressed without justification, 11 not comparable, 130 interrupted.",
)
@click.version_option(__version__, prog_name="paceline")
def cli() -> None:
    """Keep a team's heavy pytest suites fast.

    \b
    paceline init               set a project up, its CI included
    paceline profile            profile every suite and store the figures
    paceline profile schema     only one of them
    paceline compare            what changed since the committed figures
    paceline explain            what the last run spent its time on
    paceline top --by cpu_time  its tests by any figure
    paceline report             all of it as one HTML page for others
    paceline export --format ctrf  the last run, for other programs
    paceline doctor             why a suite doesn't run, and which marks do nothing
    """


cli.add_command(init)
cli.add_command(profile)
cli.add_command(merge)
cli.add_command(compare)
cli.add_command(verdict)
cli.add_command(comment)
cli.add_command(history)
cli.add_command(gate)
cli.add_command(bisect)
cli.add_command(calibrate)
cli.add_command(explain)
cli.add_command(top)
cli.add_command(report)
cli.add_command(export)
cli.add_command(doctor)
cli.add_command(justify)
cli.add_command(baseline)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what an old terminal can't show is escaped
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return int(cli.main(args=given, prog_name="paceline", standalone_mode=False) or Exit.FINE)
    except PacelineError as error:
        problem = Problem(
            slug=error.slug, message=error.message, hint=error.hint, exit_code=int(error.exit_code)
        )
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        usage = f"Try '{context.command_path} --help'." if context is not None else ""
        problem = Problem(slug="usage", message=error.format_message(), hint=usage, exit_code=Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        problem = Problem(slug="interrupted", message="interrupted", hint="", exit_code=Exit.INTERRUPTED)
    _complain(problem)
    if wants_json(given):
        say(ProblemRecord(error=problem))
    return problem.exit_code


def _complain(problem: Problem) -> None:
    told = "interrupted" if problem.slug == "interrupted" else f"error: {problem.message} ({problem.slug})"
    sys.stderr.write(f"paceline: {told}\n")
    if problem.hint:
        sys.stderr.write(f"  {problem.hint}\n")
