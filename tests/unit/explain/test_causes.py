"""The causes as a set."""

from __future__ import annotations

from pathlib import Path

from paceline.explain import causes as package
from paceline.explain.causes import causes


def test_every_file_is_a_cause() -> None:
    """Whoever adds one adds a file and nothing else."""
    folder = Path(next(iter(package.__path__)))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert len(causes()) == len(files)


def test_causes_have_names_and_ranks_of_their_own() -> None:
    """Otherwise who is asked first would be left to chance."""
    found = causes()

    assert len({cause.name for cause in found}) == len({cause.rank for cause in found}) == len(found)


def test_what_is_left_is_asked_for_last() -> None:
    """Python's own work is what no other cause explains."""
    assert causes()[-1].name == "python"
