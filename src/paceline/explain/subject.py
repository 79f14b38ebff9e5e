"""Which stretches of a run belong to what is to be explained."""

from __future__ import annotations

from paceline.explain.stretches import Stretch
from paceline.model.account import Subject


def contains(subject: Subject, stretch: Stretch) -> bool:
    """Tell whether a stretch is part of `subject`; a shared fixture is, of the test that needed it first."""
    match subject.kind:
        case "run":
            return True
        case "test":
            return stretch.nodeid is not None and is_of(stretch.nodeid, subject.name)
        case "fixture":
            return stretch.fixture is not None and stretch.fixture.argname == subject.name
        case "file":
            defined = stretch.fixture.path if stretch.fixture is not None else None
            is_conftest = subject.name.rpartition("/")[2] == "conftest.py"
            return stretch.path == subject.name or (is_conftest and defined == subject.name)


def is_of(nodeid: str, name: str) -> bool:
    """Tell whether a test is called `name`, or is in the class of that name, or has it with parameters."""
    return nodeid == name or nodeid.startswith((f"{name}[", f"{name}::"))
