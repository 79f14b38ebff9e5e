"""Keep the database of a test that failed, where that is asked for and the product can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paceline.isolation.modes import MODE

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from paceline.isolation.product import Kept
    from paceline.isolation.provisioning import Provisioning

KEPT: pytest.StashKey[Kept] = pytest.StashKey()


class Keeping:
    """Hooks that choose what to keep; `paceline_audit` does it when everything else has been torn down."""

    def __init__(self, provisioning: Provisioning, folder: Path) -> None:
        """Keep the databases of `provisioning`, those of a server that ends in `folder`."""
        self._provisioning = provisioning
        self._folder = folder

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell in the report of a failed test where its database will be."""
        report = yield
        failed = report.when == "call" and report.failed and item.stash.get(MODE, "") == "clone"
        if failed and "paceline_audit" in getattr(item, "fixturenames", ()):
            product = self._provisioning.product
            kept = product.keep(self._provisioning.place, self._folder, item.nodeid)
            if kept is not None:
                item.stash[KEPT] = kept
            told = kept.told() if kept is not None else f"not kept: a database of {product.TITLE} can't be"
            report.sections.append(("database", told))
        return report
