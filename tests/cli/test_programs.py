"""`--format json` of every command, and the Markdown that fits in a prompt."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

import click
import jsonschema
import pytest
from tests.cli.test_gate import git
from tests.harness.project import Project
from tests.harness.schemas import closed

from paceline.cli import cli
from paceline.report.records import RECORDS

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "command-output.schema.json"
PYPROJECT = """\
[tool.paceline.suite.all]
"""
TESTS = """\
import pathlib
import time

import pytest

pytestmark = pytest.mark.all

def test_é():
    time.sleep(0.01)
    assert pathlib.Path(__file__).read_text()

def test_two():
    pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with two commits and a profile of the second one."""
    made = Project(tmp_path_factory.mktemp("project"))
    (made.root / "pyproject.toml").write_text(PYPROJECT)
    (made.root / ".gitignore").write_text("__pycache__/\n.paceline/\n")
    made.write(tests__test_all=TESTS)
    git(made.root, "init", "-q", "-b", "main")
    for number in (1, 2):
        (made.root / "number.txt").write_text(str(number))
        git(made.root, "add", "-A")
        git(made.root, "commit", "-qm", f"number {number}")
    assert made.profile().returncode == 0
    git(made.root, "add", "-A")
    git(made.root, "commit", "-qm", "baseline")
    git(made.root, "init", "-q", "--bare", str(made.root / ".paceline" / "origin.git"))
    git(made.root, "remote", "add", "origin", str(made.root / ".paceline" / "origin.git"))
    return made


#: Each command with the exit code that it must end with.
CALLS: list[tuple[str, tuple[str, ...], int]] = [
    ("profile", ("--quiet",), 0),
    ("doctor", (), 0),
    ("explain", (), 0),
    ("explain", ("test_two",), 0),
    ("top", (), 0),
    ("top", ("--kind", "imports", "--by", "own"), 0),
    ("compare", (), 0),
    ("report", ("--against", "HEAD:"), 0),
    ("export", (), 0),
    ("merge", (".paceline/runs", "--output", ".paceline/merged.json"), 0),
    ("verdict", ("--output", ".paceline/verdict.json"), 0),
    ("comment", ("--dry-run", ".paceline/verdict.json"), 0),
    ("history push", (), 0),
    ("history fetch", (), 0),
    ("init", ("--ci", "github"), 0),
    ("justify", ("all", "--reason", "PostgreSQL 19", "--owner", "a@example.org"), 0),
    ("justify", ("all", "--remove"), 0),
    ("baseline accept", (), 0),
    ("bisect", ("tests/test_all.py::test_two", "--good", "HEAD"), 2),
    ("calibrate", ("--pairs", "3"), 0),
    ("gate", ("--base", "HEAD~1"), 0),
]
#: What a call above finds, which another one has made: each worker of a run has a project of its own.
MADE_BY = {
    ("comment", ("--dry-run", ".paceline/verdict.json")): ("verdict", "--output", ".paceline/verdict.json"),
    ("history fetch", ()): ("history", "push"),
    ("justify", ("all", "--remove")): ("justify", "all", "--reason", "slow", "--owner", "a@example.org"),
}


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for inner, one in command.commands.items():
        yield from leaves(one, f"{name} {inner}".strip())


def test_every_command_speaks_json() -> None:
    """A new one needs the option, a record in the schema, and a call below."""
    found = dict(leaves(cli))
    (offered,) = {
        "json" in parameter.type.choices
        for command in found.values()
        for parameter in command.params
        if "--format" in parameter.opts and isinstance(parameter.type, click.Choice)
    }
    with_option = {name for name, one in found.items() if any("--format" in p.opts for p in one.params)}
    assert offered
    assert set(found) == with_option == set(RECORDS) == {name for name, _, _ in CALLS}


def test_no_two_types_share_a_name() -> None:
    """Names are the keys of the schema, so one of the two would be described as the other."""
    described = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    found: dict[str, set[type]] = {}
    waiting: list[Any] = [*RECORDS.values()]
    while waiting:
        kind = waiting.pop()
        waiting.extend(get_args(kind))
        if (
            isinstance(kind, type)
            and is_dataclass(kind)
            and kind not in found.setdefault(kind.__name__, set())
        ):
            found[kind.__name__].add(kind)
            waiting.extend(get_type_hints(kind).values())
    assert {} == {name: kinds for name, kinds in found.items() if len(kinds) > 1}
    assert {kind.__name__ for kinds in found.values() for kind in kinds} - set(described) <= {
        kind.__name__ for kind in RECORDS.values()
    }


def parsed(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the one document on the standard output, read by the letter of JSON's standard."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is no JSON")

    assert done.stdout.isascii()
    return json.loads(done.stdout, parse_constant=refuse)


def complaints(value: object, name: str) -> list[str]:
    """Return where `value` differs from the published schema of a command."""
    published = closed(json.loads(SCHEMA.read_text(encoding="utf-8")))
    published["anyOf"] = [{"$ref": f"#/$defs/{name.replace(' ', '-')}"}]
    return [error.message for error in jsonschema.Draft202012Validator(published).iter_errors(value)]


@pytest.mark.parametrize(("command", "arguments", "code"), CALLS, ids=lambda value: str(value)[:24])
def test_what_a_command_says_is_what_its_schema_says(
    project: Project, command: str, arguments: tuple[str, ...], code: int
) -> None:
    """One document, whatever else there is to tell; no member that isn't published."""
    if (made_by := MADE_BY.get((command, arguments))) is not None:
        project.paceline(*made_by)

    done = project.paceline(*command.split(), *arguments, "--format", "json", timeout=240)

    assert done.returncode == code, done.stderr
    assert [] == complaints(parsed(done), command)


@pytest.mark.parametrize(
    ("arguments", "slug", "code"),
    [
        (("explain", "nothing_like_it"), "unknown-target", 2),
        (("export", "missing.jsonl"), "unreadable-file", 4),
        (("profile", "--nonsense"), "usage", 2),
        (("profile", "alll"), "unknown-suite", 2),
        (("gate", "--base", "v99"), "revision", 2),
    ],
)
def test_an_error_is_a_document_too(
    project: Project, arguments: tuple[str, ...], slug: str, code: int
) -> None:
    """With what a script branches on; people read the same on the standard error."""
    for format_ in (("--format", "json"), ("--format=json",)):
        done = project.paceline(*arguments, *format_)

        found = parsed(done)
        assert [] == complaints(found, "error")
        assert (slug, code) == (found["error"]["slug"], found["error"]["exit_code"])
        assert done.returncode == code
        assert f"paceline: error: {found['error']['message']} ({slug})" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("explain",), ("compare", "HEAD:"), ("report", "--against", "HEAD:"), ("top",)], ids=str
)
def test_the_markdown_of_a_small_project_is_whole(project: Project, arguments: tuple[str, ...]) -> None:
    """Nothing is left out that fits."""
    done = project.paceline(*arguments, "--format", "markdown")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# ")
    assert "... and" not in done.stdout


def test_the_markdown_of_a_report_has_file_and_line(project: Project) -> None:
    """An assistant goes there next."""
    done = project.paceline("report", "--format", "markdown")

    assert "|test_é|tests/test_all.py:8|" in done.stdout
