"""What was found in a project, in words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.ci.project import Project, Provider, workflows
from paceline.ci.suites import Proposal

_PLUGINS = ("pytest-xdist", "pytest-asyncio", "anyio", "pytest-django", "pytest-randomly", "pytest-cov")
#: Of images; a matrix can have many.
_MOST = 3


def findings(project: Project, suites: Sequence[Proposal], provider: Provider) -> Iterator[tuple[str, str]]:
    """Yield what was looked for, and what is there."""
    settings, code, database = project.settings, project.code, project.database
    yield "pytest's settings", settings.file or "none"
    registered = tuple(dict.fromkeys([*settings.markers, *code.registered]))
    yield "Markers registered", ", ".join(registered) or "none"
    yield "Markers used", ", ".join(f"{use.name} ({use.uses})" for use in code.markers) or "none"
    flags = ", ".join(f"{flag.option} ({flag.where})" for flag in code.flags)
    yield "Flags in conftest", flags or "none"
    switches = ", ".join(f"{switch.name} ({switch.where})" for switch in project.switches)
    yield "Switched on by variables", switches or "none"
    yield "Left out by default", ", ".join(settings.deselected) or "none"
    yield "Plugins", ", ".join(name for name in _PLUGINS if name in project.packages.dependencies) or "none"
    parts = [", ".join(database.products) or "none named by the tests"]
    parts += [f"through {database.library}"] if database.library else []
    parts += [f"started as {image} by {file}" for image, file in database.services[:_MOST]]
    parts += [f"address in {', '.join(database.variables)}"] if database.variables else []
    yield "Database", "; ".join(parts)
    yield "Migrations", database.migrations or "none"
    yield "Installed with", f"{project.packages.manager}, Python {project.packages.python}"
    yield "CI", _ci(project, provider)
    for suite in suites:
        yield f"Suite {suite.name}", suite.why


def _ci(project: Project, provider: Provider) -> str:
    match provider:
        case "github":
            return f"GitHub, {', '.join(workflows(project.sources)) or 'no workflow yet'}"
        case "gitlab":
            return (
                "GitLab, .gitlab-ci.yml"
                if ".gitlab-ci.yml" in project.sources.names
                else "GitLab, nothing yet"
            )
        case "none":
            return "not wanted"
