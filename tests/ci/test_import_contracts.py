"""Who may import whom: each contract is seen to catch what it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

LINTER = Path(sysconfig.get_path("scripts")) / "lint-imports"


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """Return a copy of the configuration and the sources that may be spoiled."""
    shutil.copy(root / "pyproject.toml", tmp_path)
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def linted(project: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Check one contract of the copy."""
    return subprocess.run(
        [LINTER, "--no-logo", "--no-cache", "--contract", contract],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def add_import(project: Path, module: str, imported: str) -> None:
    """Let `module`, made if there is none yet, import `imported`, made as well if it is ours."""
    for name in (module, imported):
        if name.startswith("paceline."):
            make_module(project, name)
    with source_of(project, module).open("a") as source:
        source.write(f"\nimport {imported}\n")


def make_module(project: Path, name: str) -> None:
    """Make an empty module where there is none."""
    parts = name.split(".")
    for length in range(2, len(parts) + 1):
        package = project.joinpath("src", *parts[:length])
        if not package.with_suffix(".py").exists():
            package.mkdir(exist_ok=True)
            (package / "__init__.py").touch()


def source_of(project: Path, name: str) -> Path:
    """Return the file of a module."""
    module = project.joinpath("src", *name.split("."))
    return module.with_suffix(".py") if module.with_suffix(".py").exists() else module / "__init__.py"


def squeezed(text: str) -> str:
    """Undo the linter's line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("contract", "module", "imported"),
    [
        ("halves", "paceline.record", "paceline.report"),
        ("halves", "paceline.plugin", "paceline.stats"),
        ("files-only", "paceline.profile", "paceline.record"),
        ("files-only", "paceline.cli", "paceline.isolation.databases"),
        ("offline", "paceline.history", "paceline.report"),
        ("offline", "paceline.profile", "paceline.compare"),
        ("offline", "paceline.stats", "paceline.compare"),
        ("test-process", "paceline.record", "paceline.isolation"),
        ("test-process", "paceline.schedule", "paceline.record"),
        ("test-process", "paceline.store", "paceline.record"),
        ("pytest", "paceline.profile", "pytest"),
        ("pytest", "paceline.cli", "_pytest.config"),
        ("terminal", "paceline.plugin", "click"),
        ("terminal", "paceline.profile", "rich.progress"),
        ("templates", "paceline.compare", "jinja2"),
        ("standard-library", "paceline.model", "sqlalchemy"),
        ("standard-library", "paceline.stats", "numpy"),
        ("databases", "paceline.isolation.databases.postgresql", "paceline.isolation.databases.sqlite"),
        ("report-formats", "paceline.report.html", "paceline.report.terminal"),
        ("exports", "paceline.report.exports.otlp", "paceline.report.exports.ctrf"),
        ("storage", "paceline.history.backends.files", "paceline.history.backends.lake"),
    ],
)
def test_a_forbidden_import_is_caught(project: Path, contract: str, module: str, imported: str) -> None:
    """One import breaks the contract, and the report names it."""
    ours = imported.startswith("paceline.")
    wrong = f"{module} -> {imported if ours else imported.partition('.')[0]} (l."
    before = linted(project, contract)
    add_import(project, module, imported)
    after = linted(project, contract)
    assert wrong not in squeezed(before.stdout)
    assert wrong in squeezed(after.stdout)
    assert after.returncode == 1


def test_a_new_module_has_to_choose_its_half(project: Path) -> None:
    """A top-level module that no contract knows is reported."""
    make_module(project, "paceline.newcomer")
    assert "paceline.newcomer" in linted(project, "halves").stdout


def test_formats_may_share_the_document(project: Path) -> None:
    """The document that all formats show is no format."""
    add_import(project, "paceline.report.html", "paceline.report.document")
    assert linted(project, "report-formats").returncode == 0
