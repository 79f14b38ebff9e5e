"""What a project's configuration files tell pytest: pure."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from paceline.ci.sources import Sources
from paceline.errors import ConfigError

_INI = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
_DESELECTED = re.compile(r"\bnot\s+\(?\s*([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestSettings:
    """pytest's own settings.

    Attributes:
        file: where they stand; empty if nowhere.
        markers: names that are registered.
        deselected: markers that the project's own options leave out of an ordinary run.
    """

    file: str = ""
    markers: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    testpaths: tuple[str, ...] = ()
    addopts: tuple[str, ...] = ()


def pyproject(sources: Sources) -> dict[str, Any]:
    """Return what is in pyproject.toml; empty without one.

    Raises:
        ConfigError: it isn't valid TOML.
    """
    try:
        return tomllib.loads(sources.texts.get("pyproject.toml", "").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"pyproject.toml is not valid TOML: {error}",
            hint="Nothing was written. Mend the file, then run 'paceline init' again.",
        ) from error


def pytest_settings(sources: Sources, document: Mapping[str, Any]) -> PytestSettings:
    """Return pytest's settings from the file that pytest itself would read."""
    found = _ini(sources, ("pytest.ini", ".pytest.ini"))
    if found is not None:
        return found
    tool = _table(_table(document, "tool"), "pytest")
    options = _table(tool, "ini_options") or {
        key: value for key, value in tool.items() if key != "ini_options"
    }
    if options:
        return _settings("pyproject.toml", options)
    return _ini(sources, ("tox.ini", "setup.cfg")) or PytestSettings()


def _ini(sources: Sources, files: tuple[str, ...]) -> PytestSettings | None:
    for file, section in _INI:
        if file not in files or file not in sources.texts:
            continue
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(sources.texts[file])
        except configparser.Error:
            continue
        if parser.has_section(section):
            return _settings(file, dict(parser[section]))
    return None


def _settings(file: str, options: Mapping[str, Any]) -> PytestSettings:
    addopts = _words(options.get("addopts", ""))
    expressions = [
        value
        for at, word in enumerate(addopts)
        for value in (
            [*addopts[at + 1 : at + 2]] if word == "-m" else [word[2:]] if word.startswith("-m") else []
        )
    ]
    markers = [re.split(r"[:(]", line, maxsplit=1)[0].strip() for line in _lines(options.get("markers", ""))]
    return PytestSettings(
        file=file,
        markers=tuple(name for name in markers if name),
        deselected=tuple(name for text in expressions for name in _DESELECTED.findall(text)),
        testpaths=tuple(_words(options.get("testpaths", ""))),
        addopts=tuple(addopts),
    )


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in cast("list[object]", value)]
    return [line.strip() for line in str(value).splitlines() if line.strip()]


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in cast("list[object]", value)]
    try:
        return shlex.split(str(value), comments=True)
    except ValueError:
        return str(value).split()


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
