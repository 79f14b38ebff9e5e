"""Which of a project's tests are heavy, and how they are switched on: pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from paceline.ci.databases import DatabaseUse
from paceline.ci.markers import Flag, MarkerUse
from paceline.ci.project import Project
from paceline.ci.sources import is_test_file
from paceline.config import Suite

#: Words in the names of markers and folders of tests that people keep out of their ordinary runs.
_WORDS = (
    r"(?:acceptance|browser|contract|db|database|docker|e2e|end_?to_?end|functional|heavy|integration|large|"
    r"live|mariadb|mysql|network|oracle|performance|pgvector|postgres(?:ql)?|psycopg\w*|asyncpg|redis|schema|selenium|"
    r"slow|sqlalchemy|sqlserver|mssql|system)"
)
_HEAVY = re.compile(rf"(?:^|_){_WORDS}(?:_?tests?)?(?:$|_)")
_FOLDER = re.compile(rf"(?:tests?_)?{_WORDS}(?:_?tests?)?")
_STORES = re.compile(
    r"(?:^|_)(?:db|database|integration|schema|pgvector|postgres(?:ql)?|psycopg\w*|asyncpg|sqlalchemy|mysql|"
    r"mariadb|sqlite)(?:$|_)"
)
#: Which databases Paceline provides, the usual first, with what in a suite's name is about that one alone.
_PROVIDED = {
    "postgresql": re.compile(r"postgres|psycopg|asyncpg|pgvector"),
    "mariadb": re.compile(r"mysql|mariadb"),
    "sqlite": re.compile(r"sqlite"),
}
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
#: More suites than this are no suites any more, but products of a matrix.
_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A suite that a project could have.

    Attributes:
        why: what speaks for it, in words.
    """

    name: str
    why: str
    marker: str = ""
    flag: str = ""
    paths: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    workers: int = 2


def proposals(project: Project) -> tuple[Proposal, ...]:
    """Return the heavy suites: by marker, or else by folder, or else all tests as one."""
    found = list(_by_marker(project)) or list(_by_folder(project)) or [_all_tests(project)]
    return tuple(replace(suite, workers=_workers(project, suite)) for suite in found[:_MOST])


def _workers(project: Project, suite: Proposal) -> int:
    """Return how many workers the suite's tests can surely bear.

    Tests that use a database of their own may all write to the same one; where nobody runs them at the same
    time yet, they begin without workers. A server that Paceline starts is one for each worker.
    """
    known = "pytest-xdist" in project.packages.dependencies or "-n" in project.settings.addopts
    database = bool(project.database.products or project.database.library)
    return 2 if known or suite.requires or not database else 0


def _by_marker(project: Project) -> Iterator[Proposal]:
    flags = {_key(flag.subject): flag for flag in project.code.flags}
    for use in sorted(project.code.markers, key=lambda use: (-use.uses, use.name)):
        if not any(_holds_tests(file) for file in use.files):
            continue
        flag = flags.get(_key(use.name))
        why = _why(project, use, flag)
        if why:
            yield Proposal(
                name=_suite_name(use.name),
                why=why,
                marker=use.name,
                flag=flag.option if flag is not None else "",
                paths=_needed_paths(project, flag),
                requires=_requires(use.name, project.database),
            )


def _why(project: Project, use: MarkerUse, flag: Flag | None) -> str:
    used = f"{use.uses} uses of @pytest.mark.{use.name} in {len(use.files)} files"
    if flag is not None:
        return f"{used}, switched on by {flag.option} ({flag.where})"
    if use.name in project.settings.deselected:
        return f"{used}, left out of an ordinary run by {project.settings.file}"
    return f"{used}, which sounds heavy" if _HEAVY.search(use.name.lower()) else ""


def _needed_paths(project: Project, flag: Flag | None) -> tuple[str, ...]:
    """Return the folder that has to be named so that pytest finds the flag's conftest at its start."""
    folder = str(PurePosixPath(flag.where.rpartition(":")[0]).parent) if flag is not None else "."
    found = {".", "test", "tests", *project.settings.testpaths}
    return () if folder in found else (folder,)


def _by_folder(project: Project) -> Iterator[Proposal]:
    folders: Counter[str] = Counter()
    for name, _ in project.sources.tests():
        if not _holds_tests(name):
            continue
        parts = PurePosixPath(name).parts[:-1]
        heavy = next((at for at, part in enumerate(parts) if _FOLDER.fullmatch(part.lower())), None)
        if heavy is not None and is_test_file("/".join(parts[:heavy]) + "/tests/x.py"):
            folders["/".join(parts[: heavy + 1])] += 1
    for folder, number in sorted(folders.items()):
        name = _suite_name(PurePosixPath(folder).name)
        yield Proposal(
            name=name,
            why=f"{number} files of tests in {folder}/, which sounds heavy",
            paths=(folder,),
            requires=_requires(name, project.database),
        )


def _all_tests(project: Project) -> Proposal:
    folders = Counter(
        PurePosixPath(name).parts[0] for name, _ in project.sources.tests() if _holds_tests(name)
    )
    paths = project.settings.testpaths or tuple(name for name, _ in folders.most_common(1))
    suite = Proposal(
        name="tests",
        why="no marker, flag or folder tells heavy tests from others, so all of them are one suite",
        paths=paths or (".",),
    )
    return replace(suite, requires=_requires("database", project.database))


def _holds_tests(name: str) -> bool:
    path = PurePosixPath(name)
    return is_test_file(name) and path.name != "conftest.py"


def _requires(name: str, database: DatabaseUse) -> tuple[str, ...]:
    """Return the database that the tests use, if Paceline provides it and a variable can tell its address."""
    if not _STORES.search(name.lower()):
        return ()
    named = [product for product, words in _PROVIDED.items() if words.search(name.lower())]
    for product in named or _PROVIDED:
        if product in database.products and database.addresses(product):
            return (
                (product, "pgvector")
                if product == "postgresql" and _needs_vectors(name, database)
                else (product,)
            )
    return ()


def _needs_vectors(name: str, database: DatabaseUse) -> bool:
    return "pgvector" in name.lower() or any("pgvector" in image for image, _ in database.services)


def _key(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower().removesuffix("s")


def _suite_name(name: str) -> str:
    usable = _NAME.sub("-", name).strip("-_0123456789")
    return usable or "tests"


def declared(suites: Sequence[Suite]) -> tuple[Proposal, ...]:
    """Return the suites that a project has described already."""
    return tuple(
        Proposal(
            name=suite.name,
            why="described in [tool.paceline]",
            marker=suite.marker,
            flag=suite.flag,
            paths=suite.paths,
            requires=suite.requires,
            workers=suite.workers,
        )
        for suite in suites
    )
