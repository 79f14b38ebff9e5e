"""What there is to know about a project before anything is written into it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paceline.ci.databases import DatabaseUse, read_database_use
from paceline.ci.markers import TestCode, read_test_code
from paceline.ci.packages import Packages, read_packages
from paceline.ci.settings import PytestSettings, pyproject, pytest_settings
from paceline.ci.sources import Sources
from paceline.ci.switches import Switch, read_switches

Provider = Literal["github", "gitlab", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as its files describe it.

    Attributes:
        provider: of CI, by its configuration or else by where the repository lives.
        configured: whether `[tool.paceline]` is there.
    """

    sources: Sources
    settings: PytestSettings
    code: TestCode
    database: DatabaseUse
    packages: Packages
    switches: tuple[Switch, ...]
    provider: Provider
    configured: bool


def read_project(sources: Sources) -> Project:
    """Return what the files of a project say.

    Raises:
        ConfigError: pyproject.toml isn't valid TOML.
    """
    document = pyproject(sources)
    packages = read_packages(sources, document)
    return Project(
        sources=sources,
        settings=pytest_settings(sources, document),
        code=read_test_code(sources),
        database=read_database_use(sources, packages.dependencies),
        packages=packages,
        switches=read_switches(sources),
        provider=_provider(sources),
        configured="paceline" in document.get("tool", {}),
    )


def workflows(sources: Sources) -> tuple[str, ...]:
    """Return the files with workflows of GitHub."""
    return tuple(name for name in sources.texts if name.startswith(".github/workflows/"))


def _provider(sources: Sources) -> Provider:
    if workflows(sources):
        return "github"
    if ".gitlab-ci.yml" in sources.names or "gitlab" in sources.remote:
        return "gitlab"
    return "github"
