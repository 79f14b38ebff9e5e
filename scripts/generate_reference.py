"""Write the pages of docs/reference that follow from the code.

python scripts/generate_reference.py            write them
python scripts/generate_reference.py --check    only say which are out of date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from paceline.cli import cli
from paceline.config import DEFAULT_SUITES, Config, DatabaseConfig, Suite, requirements
from paceline.store.schema import attribute_texts, baseline_schema, run_file_schema

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_WIDTH = 90
_ABOUT_COMMAND = """\
What `--help` says; `python -m paceline` is the same command. The numbers that it ends with are
[exit codes](exit-codes.md)."""
_ABOUT_CONFIGURATION = """\
Everything stands in `pyproject.toml` below `[tool.paceline]`. An unknown key or a value of the wrong type is
an error that says where it stands ([`config`](errors.md#config)). A project without that table has the
[default suites](#the-default-suites), but only when Paceline is asked for: see
[pytest options](pytest-options.md)."""
_ABOUT_SUITES = """\
One table per suite. Declaring any replaces the default suites; a suite that has the name of a default one
starts from its values."""
_TABLE = tuple[tuple[str, str], ...]
#: Keys whose default follows from the suite's name.
_FROM_NAME = {"marker": "the suite's name", "flag": '`"--NAME"`'}
_WORDS: dict[object, str] = {
    str: "string",
    int: "whole number",
    float: "number",
    tuple[str, ...]: "list of strings",
    _TABLE: "table of strings",
}


def pages() -> dict[str, str]:
    """Return the text of each generated file by its name."""
    return {
        "run-file.schema.json": _json(run_file_schema()),
        "baseline.schema.json": _json(baseline_schema()),
        "command-line.md": command_line(),
        "configuration.md": configuration(),
    }


def command_line() -> str:
    """Return the page about the command, as its own help says."""
    parts = ["# The `paceline` command", _ABOUT_COMMAND]
    for context in _contexts("paceline", cli, None):
        lines = [line.rstrip() for line in context.get_help().splitlines()]
        parts += [f"## `{context.command_path}`", "```text\n" + "\n".join(lines).strip() + "\n```"]
    return "\n\n".join(parts) + "\n"


def configuration() -> str:
    """Return the page about `[tool.paceline]`, from the types that it is read into."""
    suites = "\n".join(f"| `{suite.name}` | {_differences(suite)} |" for suite in DEFAULT_SUITES)
    parts = [
        "# Configuration",
        _ABOUT_CONFIGURATION,
        "## `[tool.paceline]`",
        _table(Config, hidden={"suites", "declared", "database"}),
        "## `[tool.paceline.suite.NAME]`",
        _ABOUT_SUITES,
        _table(Suite, hidden={"name"}),
        f"What `requires` may hold: {', '.join(f'`{name}`' for name in requirements())}.",
        "## `[tool.paceline.database]`",
        _table(DatabaseConfig, hidden=set()),
        "## The default suites",
        f"| name | values that differ from the defaults above |\n|---|---|\n{suites}",
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write the files, or say which of them are out of date."""
    stale: list[str] = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    verb = "out of date" if "--check" in arguments else "written"
    sys.stdout.write("".join(f"{verb}: docs/reference/{name}\n" for name in stale))
    return int("--check" in arguments and bool(stale))


def _contexts(name: str, command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    """Return what click knows when it shows the help of `command`, and of each command in it."""
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, **command.context_settings
    )
    yield context
    if isinstance(command, click.Group):
        for inner_name, inner in sorted(command.commands.items()):
            yield from _contexts(inner_name, inner, context)


def _table(kind: type, hidden: set[str]) -> str:
    texts = attribute_texts(kind)
    hints = get_type_hints(kind)
    rows = [
        (f"`{item.name}`", _type(hints[item.name]), _default(item, hints[item.name]), texts[item.name])
        for item in fields(kind)
        if item.name not in hidden
    ]
    head = ("key", "type", "default", "meaning"), ("---",) * 4
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *rows))


def _type(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{choice}"`' for choice in get_args(kind))
    return _WORDS[kind]


def _default(item: Field[Any], kind: object) -> str:
    if item.name in _FROM_NAME:
        return _FROM_NAME[item.name]
    if item.default is MISSING:
        raise ValueError(f"{item.name} has no default that could be shown")
    return "`{}`" if kind == _TABLE else f"`{json.dumps(item.default)}`"


def _differences(suite: Suite) -> str:
    usual = Suite(name=suite.name, marker=suite.name, flag=f"--{suite.name}")
    found = {
        item.name: getattr(suite, item.name)
        for item in fields(Suite)
        if getattr(suite, item.name) != getattr(usual, item.name)
    }
    return ", ".join(f"`{name} = {json.dumps(value)}`" for name, value in found.items()) or "none"


def _json(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
