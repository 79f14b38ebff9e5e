"""How a project and what its tests need are installed: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from paceline.ci.sources import Sources

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_FOR_TESTS = ("test_all", "test-all", "test", "tests", "testing", "dev", "develop", "development")
_REQUIREMENTS = re.compile(
    r"^(?:requirements/)?(?:(?:test|tests|testing|dev)[-_.]?requirements|requirements[-_.](?:test|tests|testing|dev)"
    r"|(?:test|tests|testing|dev))\.txt$"
)
_CLASSIFIER = re.compile(r"Programming Language :: Python :: 3\.(\d+)")
#: The newest Python that most projects' dependencies have wheels for, and the oldest that Paceline runs on.
_USUAL, _OLDEST = 13, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """How to install.

    Attributes:
        manager: "uv", "poetry", "pdm" or "pip".
        install: shell commands that install the project with its tests' dependencies; `{paceline}` stands for
            Paceline's own requirement.
        dependencies: normalised names of all declared distributions.
        python: version for the job, such as "3.13".
    """

    manager: str
    install: tuple[str, ...]
    dependencies: frozenset[str]
    python: str


def read_packages(sources: Sources, document: Mapping[str, Any]) -> Packages:
    """Return how the project is installed, judged by its lock file and its tables of dependencies."""
    requirements = [name for name in sources.names if _REQUIREMENTS.match(name)]
    manager, commands = _commands(sources, document, requirements)
    return Packages(
        manager=manager,
        install=commands,
        dependencies=frozenset(_normalised(name) for name in _dependencies(sources, document)),
        python=_python(document, sources),
    )


def _commands(
    sources: Sources, document: Mapping[str, Any], requirements: list[str]
) -> tuple[str, tuple[str, ...]]:
    extra, group = _first(_extras(document, sources)), _first(_table(document, "dependency-groups"))
    # The commands of the environment come first on the path, for this step and those after it.
    activate = 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"'
    if "uv.lock" in sources.names:
        chosen = f" --extra {extra}" if extra else ""
        grouped = f" --group {group}" if group else ""
        return "uv", (
            "python -m pip install --quiet uv",
            f"uv sync --locked{chosen}{grouped}",
            "uv pip install {paceline}",
            activate,
        )
    if "poetry.lock" in sources.names:
        groups = _first(_table(_table(_table(document, "tool"), "poetry"), "group"))
        chosen = (f" --extras {extra}" if extra else "") + (f" --with {groups}" if groups else "")
        return "poetry", (
            "python -m pip install --quiet poetry",
            "python -m poetry config virtualenvs.in-project true --local",
            f"python -m poetry install --no-interaction{chosen}",
            ".venv/bin/python -m pip install --quiet {paceline}",
            activate,
        )
    if "pdm.lock" in sources.names:
        return "pdm", (
            "python -m pip install --quiet pdm",
            f"pdm install{f' --group {extra or group}' if extra or group else ''}",
            "pdm run python -m ensurepip",
            "pdm run python -m pip install --quiet {paceline}",
            activate,
        )
    return "pip", (_pip(sources, extra, group, requirements),)


def _pip(sources: Sources, extra: str, group: str, requirements: list[str]) -> str:
    installable = {"pyproject.toml", "setup.py", "setup.cfg"} & {*sources.names}
    words = ["python -m pip install --quiet"]
    if installable:
        words.append(f'--editable ".[{extra}]"' if extra else "--editable .")
    if group and not extra:
        words.append(f"--group {group}")
    if not extra and not group:
        words.extend(f"--requirement {name}" for name in requirements[:1])
    return " ".join([*words, "{paceline}"])


def _first(table: Mapping[str, Any]) -> str:
    return next((name for name in _FOR_TESTS if name in table), "")


def _extras(document: Mapping[str, Any], sources: Sources) -> Mapping[str, Any]:
    found = _table(_table(document, "project"), "optional-dependencies")
    found = found or _table(_table(_table(document, "tool"), "poetry"), "extras")
    if found:
        return found
    setup = sources.texts.get("setup.py", "") + sources.texts.get("setup.cfg", "")
    listed = setup.partition("extras_require")[2]
    return {
        name: () for name in _FOR_TESTS if re.search(rf"""["']?\b{re.escape(name)}\b["']?\s*[:=]""", listed)
    }


def _dependencies(sources: Sources, document: Mapping[str, Any]) -> Iterator[str]:
    project, tool = _table(document, "project"), _table(document, "tool")
    yield from _names(project.get("dependencies"))
    for members in (
        *_table(project, "optional-dependencies").values(),
        *_table(document, "dependency-groups").values(),
    ):
        yield from _names(members)
    poetry = _table(tool, "poetry")
    groups = [poetry, *(cast("dict[str, Any]", one) for one in _table(poetry, "group").values())]
    for group in groups:
        yield from _table(group, "dependencies")
        yield from _table(group, "dev-dependencies")
    for name, text in sources.texts.items():
        if name.endswith(".txt"):
            yield from _names(text.splitlines())
    setup = sources.texts.get("setup.py", "") + sources.texts.get("setup.cfg", "")
    yield from re.findall(
        r"""(?:^\s*|["'])([A-Za-z][A-Za-z0-9._-]+)\s*(?:\[[\w,]+\])?\s*(?:[><=!~]=?|["']\s*,|$)""",
        setup,
        re.MULTILINE,
    )


def _names(members: object) -> Iterator[str]:
    for member in cast("list[object]", members) if isinstance(members, list) else []:
        found = _NAME.match(member) if isinstance(member, str) else None
        if found:
            yield found[1]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _python(document: Mapping[str, Any], sources: Sources) -> str:
    text = " ".join(_strings(_table(document, "project").get("classifiers")))
    text += sources.texts.get("setup.py", "") + sources.texts.get("setup.cfg", "")
    minors = [int(minor) for minor in _CLASSIFIER.findall(text)]
    return f"3.{max(min(max(minors, default=_USUAL), _USUAL), _OLDEST)}"


def _strings(members: object) -> list[str]:
    return [str(member) for member in cast("list[object]", members)] if isinstance(members, list) else []


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
