"""The pages of docs/: generated ones are current, links lead somewhere, names exist."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest

from paceline import errors
from paceline.cli import cli
from paceline.config import DEFAULT_SUITES, parse_config
from paceline.errors import Exit, PacelineError
from paceline.isolation import around, fixtures
from paceline.model.run import RunStatus

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
#: Options of other programs, in pages that tell how to call them.
FOREIGN = {
    "--minutes",
    "--parts",
    "--dburi",
    "--slow",
    "--only",
    "--editable",
    "--draft",
    "--version",
    "--rootdir",
    "--unshallow",
    "--adapter",
    "--data",
    "--junitxml",
}


def names(path: Path) -> str:
    """Return how a page is called in the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the generated pages."""
    path = ROOT / "scripts" / "generate_reference.py"
    specification = importlib.util.spec_from_file_location("generate_reference", path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_generated_pages_are_current(generator: ModuleType) -> None:
    """If this fails: python scripts/generate_reference.py."""
    stale = [
        name
        for name, text in generator.pages().items()
        if (REFERENCE / name).read_text(encoding="utf-8") != text
    ]
    assert [] == stale


def test_the_generator_tells_what_is_out_of_date(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes nothing while it only checks."""
    monkeypatch.setattr(generator, "FOLDER", tmp_path)

    assert generator.main(["--check"]) == 1
    assert [*tmp_path.iterdir()] == []
    assert "out of date: docs/reference/command-line.md\n" in capsys.readouterr().out
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    """Return `text` without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading in it where one is named."""
    broken: list[str] = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert [] == broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT], ids=names)
def test_every_page_can_be_reached_from_the_index(page: Path) -> None:
    """Nobody finds a page that nothing leads to."""
    index = DOCS / "index.md"
    found = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    assert page == index or page in found


def links(page: Path) -> list[str]:
    """Return the targets of a page's links."""
    return re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def known_options() -> set[str]:
    """The options of the command and of pytest with both plugins, and the flags of the default suites."""
    command = [
        *(sys.executable, "-m", "pytest", "-p", "paceline", "-p", "xdist", "--help"),
        *("-c", "/dev/null", "--rootdir", "/", "--paceline"),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    own = {option for parameter in parameters(cli) for option in (*parameter.opts, *parameter.secondary_opts)}
    return own | {*OPTION.findall(shown.stdout)} | {suite.flag for suite in DEFAULT_SUITES} | {"--help"}


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    """Return the parameters of a command and of those in it."""
    yield from command.params
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from parameters(inner)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_options_exist(page: Path, known_options: set[str]) -> None:
    """Besides those of the tools, a page may name flags that an example in it declares."""
    text = page.read_text(encoding="utf-8")
    declared = set(re.findall(r'(?:addoption\(|flag = )"(--[\w-]+)"', text))
    placeholders = {"--NAME"}
    named = set(OPTION.findall(text)) - placeholders
    assert set() == named - known_options - declared - FOREIGN


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_exist(page: Path) -> None:
    """`paceline` is only followed by what it knows."""
    text = page.read_text(encoding="utf-8")
    called = re.findall(r"^(?:\$ )?paceline ([a-z-]+)|`paceline ([a-z-]+)", text, re.MULTILINE)
    assert set() == {first or second for first, second in called} - {*cli.commands}


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_configuration_in_examples_is_accepted(page: Path) -> None:
    """No example has a key that the product refuses."""
    for block in blocks(page, "toml"):
        tables = tomllib.loads(block)
        if "tool" not in tables:  # another distribution's entry points
            assert tables["project"]["entry-points"]["paceline.metrics"]
            continue
        assert parse_config(tables["tool"]["paceline"]).declared


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_python_in_examples_can_be_parsed(page: Path) -> None:
    """Whole modules as well as single statements."""
    for block in blocks(page, "python"):
        assert ast.parse(textwrap.dedent(block)).body


def test_the_workflow_in_the_guide_is_a_workflow(tmp_path: Path) -> None:
    """GitHub would accept it below an `on:`."""
    job = blocks(DOCS / "how-to" / "profile-in-ci.md", "yaml")[0]
    path = tmp_path / "ci.yml"
    path.write_text(f"on: push\n{job}", encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr), done.stdout


def slugs(kind: type[PacelineError] = PacelineError) -> set[str]:
    """Return the slug of every kind of error below `kind`."""
    return {inner.slug for inner in kind.__subclasses__()}.union(*map(slugs, kind.__subclasses__()))


def test_every_error_has_its_anchor_and_every_anchor_its_error() -> None:
    """The slug that the command prints can be looked up."""
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    assert slugs() == set(re.findall(r"^## (.*)$", text, re.MULTILINE))


def test_every_error_is_shown_with_its_class() -> None:
    """Inside pytest it appears under that name, below its slug."""
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    shown = {
        kind.slug: kind.__name__
        for kind in classes
        if issubclass(kind, PacelineError) and kind is not PacelineError
    }
    assert shown == dict(re.findall(r"^## (.*)\n\n`(\w+)`", text, re.MULTILINE))


def first_column(page: str) -> list[str]:
    """Return the first cell of every row of a page's tables, without backquotes."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return [cell.strip("`") for cell in re.findall(r"^\| (.+?) \|", text, re.MULTILINE)]


def test_every_status_is_explained() -> None:
    """In the order of the type."""
    assert ["status", *get_args(RunStatus)] == first_column("statuses.md")


def test_every_exit_code_is_explained() -> None:
    """Those that are reserved as well."""
    assert ["code", *(str(int(code)) for code in Exit)] == first_column("exit-codes.md")


def test_every_fixture_is_explained() -> None:
    """In the order in which they build on one another."""
    texts = [inspect.getsource(module) for module in (fixtures, around)]
    found = re.findall(r"^ *@pytest\.fixture.*\n *def (\w+)", "\n".join(texts), re.MULTILINE)
    defined = [name for name in found if name not in ("paceline_audit", "required")]  # nobody asks for these
    assert ["fixture", *defined] == first_column("hooks-and-fixtures.md")


def test_every_pytest_option_is_explained(known_options: set[str]) -> None:
    """The table holds our options and no other."""
    ours = {option for option in known_options if option.startswith("--paceline")}
    assert {"option", *ours} == {cell.partition("=")[0] for cell in first_column("pytest-options.md")}


def test_every_finding_of_the_doctor_is_explained() -> None:
    """Under its slug, or as an error that a run would end with; and nothing else is."""
    rules = (ROOT / "src" / "paceline" / "doctor").glob("*.py")
    source = "\n".join(path.read_text(encoding="utf-8") for path in rules)
    given = set(re.findall(r'finding\(\s*"([a-z-]+)"|slug="([a-z-]+)"|yield "([a-z-]+)", ', source))
    found = {next(filter(None, groups)) for groups in given} | {"marker-typo", "marker-not-registered"}
    text = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    assert found - slugs() == set(re.findall(r"^### (.*)$", text, re.MULTILINE))
