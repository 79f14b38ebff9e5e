"""Write the pages of docs/reference that follow from the code.

python scripts/generate_reference.py            write them
python scripts/generate_reference.py --check    only say which are out of date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from paceline.cli import cli
from paceline.config import DEFAULT_SUITES, Config, DatabaseConfig, GateConfig, Suite, requirements
from paceline.metrics import DERIVED, PROBES
from paceline.model.metric import Metric
from paceline.report.json import VERSION
from paceline.report.records import RECORDS, ProblemRecord
from paceline.store.baseline_schema import baseline_schema
from paceline.store.schema import Schema, attribute_texts, run_file_schema, schema_of_each

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
_ABOUT_METRICS = """\
What is recorded for every phase of every test, and for every fixture that is mentioned. Each run file
carries the declarations of its metrics, so it can be read without them. Units are UCUM codes: `s` seconds,
`By` bytes, `1` a number.

[`--paceline-metrics`](pytest-options.md), or [`metrics`](configuration.md) in the configuration, chooses.
Plain names are all that is recorded; `+NAME` and `-NAME` add to the default metrics and take away from
them; `all` and `none` stand for every metric and for none but `duration`, which is always recorded. Metrics
that are read in one go come together: `cpu_time` brings everything that the operating system tells in the
same call. Other distributions can [add metrics](../how-to/add-a-metric.md)."""
_AFTER_METRICS = """\
A value that a line leaves out is 0 if the header declares the metric `sparse`, and unknown otherwise. A
metric that stands in a line of kind `metric_off` could not be read in that process: it is unknown for all
its tests. A metric with `derived` is in no line; a reader computes it. There are two declarations of
`clean_time`: a run has the first one whose inputs it has.

Phases and fixtures that take less than 0.5 ms are below the resolution of what the operating system tells.
Their `cpu_time` is their `duration`, and what was counted in them counts for the next one
that is read."""
_ABOUT_OUTPUT = """\
Every command has `--format json`. It writes one JSON document to the standard output, in ASCII, with
`schema_version` and the members below. Progress, warnings and the text of errors go to the standard error.
The version grows when a name or a meaning changes; new members may come at any time, so a reader ignores
those that it doesn't know. A value that isn't known is `null`, never 0. Durations are seconds, sizes bytes.

A command that ends with an error says instead `{"schema_version": 1, "error": {"slug", "message", "hint",
"exit_code"}}`, whatever the error was: the slugs are those of [errors](errors.md), and besides them `usage`
for a wrong command line and `interrupted`. The [exit code](exit-codes.md) is the same as without
`--format json`, so a regression has its document and the code 10.

The types behind the names in `code` are in
[`command-output.schema.json`](command-output.schema.json), a JSON Schema with one definition for each
command (`#/$defs/explain`, `#/$defs/baseline-accept`, ...) and `#/$defs/error`; a test holds it against what
the commands write. How to use it:
[from a script or an assistant](../how-to/use-from-a-script-or-assistant.md)."""
_TABLE = tuple[tuple[str, str], ...]
_JSON_WORDS: dict[object, str] = {
    str: "string",
    int: "whole number",
    float: "number",
    bool: "true or false",
    NoneType: "null",
    Any: "anything",
}
#: Keys whose default follows from the suite's name.
_FROM_NAME = {"marker": "the suite's name", "flag": '`"--NAME"`'}
_WORDS: dict[object, str] = {
    str: "string",
    int: "whole number",
    float: "number",
    bool: "true or false",
    tuple[str, ...]: "list of strings",
    _TABLE: "table of strings",
}


def pages() -> dict[str, str]:
    """Return the text of each generated file by its name."""
    return {
        "run-file.schema.json": _json(run_file_schema()),
        "baseline.schema.json": _json(baseline_schema()),
        "command-output.schema.json": _json(output_schema()),
        "command-output.md": command_output(),
        "command-line.md": command_line(),
        "configuration.md": configuration(),
        "metrics.md": metrics(),
    }


def command_line() -> str:
    """Return the page about the command, as its own help says."""
    parts = ["# The `paceline` command", _ABOUT_COMMAND]
    for context in _contexts("paceline", cli, None):
        lines = [line.rstrip() for line in context.get_help().splitlines()]
        parts += [f"## `{context.command_path}`", "```text\n" + "\n".join(lines).strip() + "\n```"]
    return "\n\n".join(parts) + "\n"


def output_schema() -> Schema:
    """Return the schema of what the commands say to programs: one definition for each, and for errors."""
    kinds = {name.replace(" ", "-"): kind for name, kind in RECORDS.items()} | {"error": ProblemRecord}
    schema = schema_of_each("Paceline's output", "What a command says with --format json.", kinds)
    for name in kinds:
        schema["$defs"][name]["properties"]["schema_version"] = {"const": VERSION}
        schema["$defs"][name]["required"].append("schema_version")
    return schema


def command_output() -> str:
    """Return the page about `--format json`, from the types that are written."""
    parts = ["# What the commands say to programs", _ABOUT_OUTPUT]
    for name, kind in RECORDS.items():
        text = cleandoc(kind.__doc__ or "").partition("\n")[0]
        parts += [f"## `paceline {name}`", text, _members(kind)]
    return "\n\n".join(parts) + "\n"


def _members(kind: type) -> str:
    texts = attribute_texts(kind)
    hints = get_type_hints(kind)
    rows = [
        f"| `{item.name}` | {_shape(hints[item.name])} | {texts.get(item.name, '')} |"
        for item in fields(kind)
    ]
    return "\n".join(("| member | holds | |", "|---|---|---|", *rows)).replace("None", "null")


def _shape(kind: Any) -> str:
    """Return an annotation as JSON people say it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return f"list of {_shape(arguments[0])}"
    if origin is Literal:
        return ", ".join(f'`"{choice}"`' for choice in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_shape(choice) for choice in arguments)
    if origin is not None and issubclass(origin, Mapping):
        return f"object of {_shape(arguments[1])}"
    return _JSON_WORDS.get(kind) or f"`{kind.__name__}`"


def configuration() -> str:
    """Return the page about `[tool.paceline]`, from the types that it is read into."""
    suites = "\n".join(f"| `{suite.name}` | {_differences(suite)} |" for suite in DEFAULT_SUITES)
    parts = [
        "# Configuration",
        _ABOUT_CONFIGURATION,
        "## `[tool.paceline]`",
        _table(Config, hidden={"suites", "declared", "database", "gate"}),
        "## `[tool.paceline.suite.NAME]`",
        _ABOUT_SUITES,
        _table(Suite, hidden={"name"}),
        f"What `requires` may hold: {', '.join(f'`{name}`' for name in requirements())}.",
        "## `[tool.paceline.database]`",
        _table(DatabaseConfig, hidden=set()),
        "## `[tool.paceline.gate]`",
        _table(GateConfig, hidden=set()),
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


def metrics() -> str:
    """Return the page about metrics, from their declarations."""
    rows = [
        f"| `{metric.name}` | {metric.unit} | {_notes(metric)} | {metric.description} |"
        for metric in (*(metric for probe in PROBES for metric in probe.metrics), *DERIVED)
    ]
    head = "| metric | unit | | what it is |\n|---|---|---|---|"
    return "\n\n".join(("# Metrics", _ABOUT_METRICS, "\n".join((head, *rows)), _AFTER_METRICS)) + "\n"


def _notes(metric: Metric) -> str:
    if metric.derived:
        first, *rest = (f"`{name}`" for name in metric.derived)
        return f"{first} less {' and '.join(rest)}"
    return "left out where 0" if metric.sparse else ""


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
