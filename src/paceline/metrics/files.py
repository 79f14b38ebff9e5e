"""Files that are opened; only their number."""

from __future__ import annotations

from typing import Any

from paceline.metrics import audit
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.model.metric import Metric

#: What an import opens depends on what was imported before, and on what is cached.
_OF_IMPORTS = (".py", ".pyc", ".pyo", ".so", ".pth")
_OPENED = COUNTS.places(1)


def _open(arguments: tuple[Any, ...]) -> None:
    path = arguments[0]
    if isinstance(path, str):
        if not path.endswith(_OF_IMPORTS):
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
            description="Files and directories that Python code opened, those of imports left out.",
        ),
    ),
    place=_OPENED,
    install=_install,
    uninstall=_uninstall,
)
