"""Finds what somebody means by a few words: a test, a fixture, a file, a suite."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from paceline.errors import AmbiguousTargetError, UnknownTargetError
from paceline.explain.subject import is_of
from paceline.model.account import Subject
from paceline.model.run import Run

_SHOWN = 5


def named(run: Run, target: str) -> Subject | None:
    """Return what is called `target` in `run`; None if nothing.

    An empty target is the run; a node id goes before a file, and that before a fixture.
    """
    if target in ("", run.header.suite, run.header.run_id):
        return Subject(kind="run", name=run.header.suite or run.header.run_id)
    return next((subject for subject in _subjects(run) if subject.name == target), None)


def meant(run: Run, target: str) -> Subject | None:
    """Return what `target` is a part of the name of in `run`; None if nothing.

    Raises:
        AmbiguousTargetError: it is a part of more than one name.
    """
    subjects = list(_subjects(run))
    for matches in (_ends_with, _contains):
        found = [subject for subject in subjects if matches(subject.name, target)]
        if found and (whole := _whole(found)) is not None:
            return whole
        if found:
            shown = ", ".join(subject.name for subject in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise AmbiguousTargetError(
                f"{target!r} can mean {len(found)} things", hint=f"Name one of {shown}{more}."
            )
    return None


def unknown(runs: Sequence[Run], target: str) -> UnknownTargetError:
    """Return the error that says that no run knows `target`."""
    names = {subject.name for run in runs for subject in _subjects(run)}
    by_short = {name.rpartition("::")[2]: name for name in names} | {name: name for name in names}
    near = difflib.get_close_matches(target, by_short, n=3, cutoff=0.5)
    hint = (
        f"The nearest are {', '.join(dict.fromkeys(by_short[name] for name in near))}."
        if near
        else "Name a test, a fixture, a file or a suite of the run; `paceline top` lists some."
    )
    return UnknownTargetError(f"no recorded test, fixture, file or suite is called {target!r}", hint=hint)


def _whole(found: Sequence[Subject]) -> Subject | None:
    """Return the one that all others are in, such as the file, or the test with any parameters."""
    shortest = min(found, key=lambda subject: len(subject.name))
    return shortest if all(is_of(subject.name, shortest.name) for subject in found) else None


def _subjects(run: Run) -> Iterator[Subject]:
    for nodeid in dict.fromkeys(test.nodeid for test in run.tests):
        yield Subject(kind="test", name=nodeid)
    for name in dict.fromkeys(name for test in run.tests for name in _outer(test.nodeid)):
        yield Subject(kind="test", name=name)
    files = [test.path for test in run.tests]
    files += [part.name for part in run.costs.parts if part.part in ("conftest", "module")]
    for path in dict.fromkeys(files):
        yield Subject(kind="file", name=path)
    names = [event.argname for event in run.costs.fixtures]
    names += [use.argname for test in run.tests for phase in test.phases for use in phase.fixtures]
    for name in dict.fromkeys(names):
        yield Subject(kind="fixture", name=name)


def _outer(nodeid: str) -> Iterator[str]:
    """Yield the test without its parameters, and the classes around it."""
    name, bracket, _ = nodeid.partition("[")
    if bracket:
        yield name
    while name.count("::") > 1:
        name = name.rpartition("::")[0]
        yield name


def _ends_with(name: str, target: str) -> bool:
    """Tell whether `target` is a whole last piece of `name`, such as the test's own name."""
    return name.endswith((f"/{target}", f"::{target}"))


def _contains(name: str, target: str) -> bool:
    return target in name
