"""Every error that Paceline raises on purpose, and the exit codes of its command.

An error names what is wrong and where (`message`), what to do about it (`hint`), and a `slug` that is its
anchor in the reference page `docs/reference/errors.md`.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `paceline` command; pytest's own codes are never passed through."""

    FINE = 0
    TESTS_FAILED = 1
    USAGE = 2
    NOT_MEASURED = 3
    UNREADABLE = 4
    REGRESSED = 10
    NOT_COMPARABLE = 11
    INTERRUPTED = 130


class PacelineError(Exception):
    """Root of all errors raised on purpose.

    Args:
        message: what is wrong and where, one sentence without a full stop.
        hint: what the reader can do about it.
    """

    slug = "internal"
    exit_code = Exit.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what is wrong, and what can be done."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.message}. {self.hint}" if self.hint else self.message


class ConfigError(PacelineError):
    """`[tool.paceline]` holds something that Paceline doesn't understand."""

    slug = "config"
    run_status = "provisioning_error"


class UnknownSuiteError(PacelineError):
    """A suite was named that the configuration doesn't declare."""

    slug = "unknown-suite"


class MissingDependencyError(PacelineError):
    """An optional library is needed for what was asked."""

    slug = "missing-dependency"
    run_status = "provisioning_error"


class UnknownTargetError(PacelineError):
    """Something was to be explained that no recorded run knows."""

    slug = "unknown-target"


class AmbiguousTargetError(PacelineError):
    """What was to be explained can mean more than one thing."""

    slug = "ambiguous-target"


class UnknownRunError(PacelineError):
    """A run was named that isn't there."""

    slug = "unknown-run"


class UnknownFigureError(PacelineError):
    """Something was to be listed by a figure that it doesn't have."""

    slug = "unknown-figure"


class NoRunsError(PacelineError):
    """Nothing has been recorded yet."""

    slug = "no-runs"


class UnreadableFileError(PacelineError):
    """An input file is missing, corrupt, foreign, or written by a newer Paceline."""

    slug = "unreadable-file"
    exit_code = Exit.UNREADABLE


class UnwritableFileError(PacelineError):
    """A result could not be stored where it was asked for."""

    slug = "unwritable-file"


class RevisionError(PacelineError):
    """A revision of the project was named that can't be had."""

    slug = "revision"


class BaseSetupError(PacelineError):
    """The command that installs what the base revision needs has failed."""

    slug = "base-setup"
    exit_code = Exit.NOT_COMPARABLE


class NotComparableError(PacelineError):
    """Two sides have nothing in common that could be compared."""

    slug = "not-comparable"
    exit_code = Exit.NOT_COMPARABLE


class JustificationError(PacelineError):
    """A justification doesn't say what it has to, or nothing like its target is known."""

    slug = "justification"


class NotMeasuredError(PacelineError):
    """A suite that has to be measured gave no figures."""

    slug = "not-measured"
    exit_code = Exit.NOT_MEASURED


class NotProvisionedError(PacelineError):
    """What a suite requires, such as a database server, can't be had on this machine."""

    slug = "not-provisioned"
    exit_code = Exit.NOT_MEASURED
    #: Read by the recorder: a set-up that ends with this exception decides the status of the run.
    run_status = "not_provisioned"


class ProvisioningError(PacelineError):
    """What a suite requires is there, but preparing it raised."""

    slug = "provisioning"
    exit_code = Exit.NOT_MEASURED
    run_status = "provisioning_error"


class UnsafeDatabaseError(PacelineError):
    """A database was named that doesn't look like one for tests."""

    slug = "unsafe-database"
    exit_code = Exit.NOT_MEASURED
    run_status = "provisioning_error"


class IsolationError(PacelineError):
    """A test did something that can't be undone at its end."""

    slug = "isolation"


class LeakError(IsolationError):
    """A test that was isolated has changed the database for good."""

    slug = "leak"


class SharedTransactionError(IsolationError):
    """A test did something that one shared, rolled-back transaction can't carry out as production would."""

    slug = "shared-transaction"


class HistoryError(PacelineError):
    """The run files of the past can't be had or kept."""

    slug = "history"
    exit_code = Exit.UNREADABLE


class GitHubError(PacelineError):
    """GitHub can't be asked, or refuses."""

    slug = "github"
    exit_code = Exit.UNREADABLE
