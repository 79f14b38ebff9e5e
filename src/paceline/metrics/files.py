"""Files that are opened; only their number."""

from __future__ import annotations

from typing import Any

from paceline.metrics import audit
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.isolation_time import STOPWATCH
from paceline.model.metric import Metric

#: What an import opens depends on what was imported before, and on what is cached.
_OF_IMPORTS = (".py", ".pyc", ".pyo", ".so", ".pth")
#: Bytecode that is being written has a name of its own until it is complete.
_UNFINISHED = ".pyc."
_OPENED = COUNTS.places(1)


def _open(arguments: tuple[Any, ...]) -> None:
    # How many files a server is started or copied with depends on what an earlier run has kept.
    if STOPWATCH.is_running:
        return
    path = arguments[0]
    if isinstance(path, str):
        if not path.endswith(_OF_IMPORTS) and _UNFINISHED not in path:
            COUNTS.numbers[_OPENED] += 1
    elif not isinstance(path, int):  # what is open already
        COUNTS.numbers[_OPENED] += 1


def _install() -> None:
    audit.listen("open", _open)


def _uninstall() -> None:
    audit.ignore("open")


PROBE = Probe(
    metrics=(
        Metric(
            name="files_opened",
            unit="1",
            noise="counted",
            sparse=True,
            description="Files and directories that Python code opened, but for imports and isolation.",
        ),
    ),
    place=_OPENED,
    install=_install,
    uninstall=_uninstall,
)
