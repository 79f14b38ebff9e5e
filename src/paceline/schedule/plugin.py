"""Leaves a pytest run the tests of one shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paceline.errors import UnreadableFileError
from paceline.model.shard import Shard, parse_shard
from paceline.schedule.shards import modules_of
from paceline.store.baseline_file import read_baseline

if TYPE_CHECKING:
    from pathlib import Path

    from paceline.config import Config


def register(config: pytest.Config, settings: Config) -> None:
    """Run only the part of the suite that the option names.

    Raises:
        pytest.UsageError: it names no part.
    """
    try:
        shard = parse_shard(str(config.getoption("--paceline-shard")))
    except ValueError as error:
        raise pytest.UsageError(f"--paceline-shard: {error}") from None
    suite: str | None = config.getoption("--paceline-suite")
    config.pluginmanager.register(
        ShardSelection(shard, _known(config.rootpath / settings.output, suite)), "paceline-shard"
    )


class ShardSelection:
    """Hooks that deselect what other shards run."""

    def __init__(self, shard: Shard, seconds: dict[str, float]) -> None:
        """Divide by `seconds`, the times of the tests that are known."""
        self._shard = shard
        self._seconds = seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the modules of this shard, once markers have had their say."""
        own = modules_of(self._shard, [item.nodeid for item in items], self._seconds)
        others = [item for item in items if item.nodeid.partition("::")[0] not in own]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item.nodeid.partition("::")[0] in own]


def _known(path: Path, suite: str | None) -> dict[str, float]:
    """Return how long tests took, from the committed figures: all shards have the same."""
    try:
        baseline = read_baseline(path)
    except UnreadableFileError:
        return {}  # `paceline profile` says so
    stored = baseline.suites.get(suite or "") if baseline is not None else None
    return (
        {test.nodeid: test.seconds("duration") for test in stored.profile.tests} if stored is not None else {}
    )
