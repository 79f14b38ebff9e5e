"""The projects of the how-to for adopters, run as they stand in the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.harness.database import Project, clean_environ

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "isolate-in-your-framework.md"
#: A block of code whose first line is a comment with the name of its file.
FILE = re.compile(r"^```\w+\n(?:#|--) (\S+\.\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What has to pass, by the heading of the project.
PASSED = {"Plain SQLAlchemy": 4, "FastAPI": 3, "Flask-SQLAlchemy": 3, "Async": 4, "Alembic": 4}


def sections() -> dict[str, str]:
    """Return the text below each heading."""
    _, *parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_section_is_a_project_that_is_run() -> None:
    """A section that is added must be run, too."""
    assert set(sections()) == set(PASSED)


@pytest.mark.parametrize("heading", PASSED)
@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["serial", "n2"])
def test_the_project_works_as_written(heading: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """Its tests pass, and none of them sees what another one committed."""
    for name, content in FILE.findall(sections()[heading]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    plugins = ("-p", "pytest_asyncio.plugin") if heading == "Async" else ()
    project = Project(tmp_path, clean_environ())
    result = project.run("--schema", *plugins, *options)
    assert result.outcomes == {"passed": PASSED[heading]}, result.output
