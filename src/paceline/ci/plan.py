"""Everything that `paceline init` would write: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.ci.edits import Edit, appended
from paceline.ci.github import github_edits
from paceline.ci.gitlab import gitlab_edits
from paceline.ci.project import Project, Provider
from paceline.ci.pyproject_edit import pyproject_edit
from paceline.ci.suites import Proposal

_IGNORED = (".paceline/",)


def plan(
    project: Project,
    suites: Sequence[Proposal],
    provider: Provider,
    shards: int = 1,
    workflow: str | None = None,
) -> tuple[Edit, ...]:
    """Return the edits that are still to be made, in the order in which they are made.

    Raises:
        ConfigError: see `pyproject_edit`.
    """
    return tuple(_edits(project, suites, provider, shards, workflow))


def _edits(
    project: Project, suites: Sequence[Proposal], provider: Provider, shards: int, workflow: str | None
) -> Iterator[Edit]:
    table = pyproject_edit(project, suites)
    if table is not None:
        yield table
    match provider:
        case "github":
            yield from github_edits(project, suites, shards, workflow)
        case "gitlab":
            yield from gitlab_edits(project, suites, shards)
        case "none":
            pass
    yield from _ignored(project)


def _ignored(project: Project) -> Iterator[Edit]:
    before = project.sources.texts.get(".gitignore")
    present = {line.strip().strip("/") for line in (before or "").splitlines()}
    missing = [line for line in _IGNORED if line.strip("/") not in present]
    if missing:
        addition = "".join(f"{line}\n" for line in ["# what Paceline records", *missing])
        after = appended(before, addition)
        yield Edit(path=".gitignore", before=before, after=after, what="what Paceline records")
