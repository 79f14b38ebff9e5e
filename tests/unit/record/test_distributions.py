"""Name and version of what is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

import pytest

from paceline.record.distributions import name_and_version


@dataclass
class Made:
    """A distribution with that metadata, as pluggy hands it on."""

    text: str | None
    project_name: str = "slow"
    version: str = "0"

    def read_text(self, name: str) -> str | None:
        """Return the file called `name`."""
        return self.text if name == "METADATA" else None


@pytest.mark.parametrize("distribution", list(distributions()), ids=lambda one: str(one.metadata["Name"]))
def test_it_is_what_the_library_of_python_says(distribution: Distribution) -> None:
    """Of everything that is installed here."""
    assert name_and_version(distribution) == (distribution.metadata["Name"], distribution.version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Metadata-Version: 2.1\nName: a\nVersion: 1\n\nName: b\n", ("a", "1")),
        ("Metadata-Version: 2.1\nVersion: 1\nName: a\n", ("a", "1")),
        ("License: long\n   text\nName: a\nVersion: 1\n", ("slow", "0")),
        ("", ("slow", "0")),
        (None, ("slow", "0")),
    ],
)
def test_what_is_written_otherwise_is_left_to_the_library(
    text: str | None, expected: tuple[str, str]
) -> None:
    """Eggs have no such file."""
    assert name_and_version(Made(text)) == expected
