"""`[tool.paceline]` at the end of a pyproject.toml, of which everything else stays byte for byte: pure."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from typing import Any

from paceline.ci.edits import Edit, appended
from paceline.ci.project import Project
from paceline.ci.suites import Proposal
from paceline.ci.templates import rendered
from paceline.config import parse_config
from paceline.errors import ConfigError

PATH = "pyproject.toml"


def pyproject_edit(project: Project, suites: Sequence[Proposal]) -> Edit | None:
    """Return the edit that describes `suites` to Paceline; None where the project is described already.

    Raises:
        ConfigError: a table can't be added to what stands there.
    """
    if project.configured:
        return None
    before = project.sources.texts.get(PATH)
    required = {product: None for suite in suites for product in suite.requires if product != "pgvector"}
    variables = dict.fromkeys(name for product in required for name in project.database.addresses(product))
    addition = rendered(
        "pyproject.toml.jinja",
        project=project,
        suites=suites,
        toml=json.dumps,
        variables=[*variables],
    )
    after = appended(before, addition)
    _check(before or "", after)
    return Edit(path=PATH, before=before, after=after, what="the suites")


def _check(before: str, after: str) -> None:
    try:
        old, new = _parsed(before), _parsed(after)
        table = new["tool"].pop("paceline")
        parse_config(table)
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigError(
            f"[tool.paceline] can't be added at the end of {PATH}: {error}",
            hint="Write 'tool' as a table of its own, such as [tool.pytest.ini_options], not in one line.",
        ) from error
    if not new["tool"] and "tool" not in old:
        del new["tool"]
    if old != new:
        raise ConfigError(
            f"{PATH} would not be the same with [tool.paceline] at its end", hint="Nothing was written."
        )


def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text.replace("\r\n", "\n"))
