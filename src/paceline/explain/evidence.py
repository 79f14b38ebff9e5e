"""Everything that is known about a run, worked out once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from paceline.explain.shares import Share
from paceline.explain.stretches import FixtureName, Stretch
from paceline.explain.timeline import Timeline
from paceline.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run and how its time was divided.

    Attributes:
        shares: of every stretch of the run.
        setups: the stretches in which each fixture was set up.
        lines: of functions, by file and name, as far as their files could be read.
    """

    run: Run
    timeline: Timeline
    shares: tuple[Share, ...]
    setups: Mapping[FixtureName, tuple[Stretch, ...]]
    lines: Mapping[tuple[str, str], int]

    def place(self, fixture: FixtureName) -> str | None:
        """Return the file and line where `fixture` is defined, as far as they are known."""
        return fixture.place(self.lines)


def setups_of(stretches: tuple[Stretch, ...]) -> dict[FixtureName, tuple[Stretch, ...]]:
    """Return the stretches in which each fixture was set up, in the order of the run."""
    found: dict[FixtureName, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        if stretch.fixture is not None and not stretch.teardown:
            found[stretch.fixture].append(stretch)
    return {name: tuple(builds) for name, builds in found.items()}
