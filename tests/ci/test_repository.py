"""Rules for the files of this repository that no linter knows."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

#: Written so that this file doesn't hold what it looks for.
REGISTRIES = ["pypi" + ".org/simple", "pythonhosted" + ".org", "registry." + "npmjs.org", "index" + "-url"]


@pytest.fixture(scope="module")
def tracked(root: Path, git_variables: dict[str, str]) -> dict[str, str]:
    """Return the text of each tracked file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, env=git_variables, capture_output=True, text=True, check=True
    )
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return {
        path.relative_to(root).as_posix(): path.read_text(errors="replace")
        for path in paths
        if path.is_file()
    }


def holding(tracked: dict[str, str], wanted: str) -> list[str]:
    """Return the tracked files that hold `wanted`."""
    return [name for name, text in tracked.items() if wanted in text]


@pytest.mark.parametrize("address", REGISTRIES)
def test_no_file_names_a_package_registry(tracked: dict[str, str], address: str) -> None:
    """Where packages come from is the business of each machine."""
    assert [] == holding(tracked, address)


def test_no_file_names_a_path_of_this_machine(root: Path, tracked: dict[str, str]) -> None:
    """Neither the checkout nor the home folder of whoever wrote a file is in it."""
    # A checkout right below the root folder has a path, such as /app, that may well mean something else.
    folders = [
        f"{folder}/" for folder in (root, Path.home()) if len(folder.parts) > 2 or folder == Path.home()
    ]
    assert {} == {folder: found for folder in folders if (found := holding(tracked, folder))}


def test_source_files_fit_a_reader(tracked: dict[str, str]) -> None:
    """No source file is longer than 300 lines."""
    lengths = {name: len(text.splitlines()) for name, text in tracked.items() if name.startswith("src/")}
    assert {} == {name: length for name, length in lengths.items() if length > 300}


def test_sources_hold_no_unfinished_work(tracked: dict[str, str]) -> None:
    """What is left to do stands in an issue, not in the product."""
    sources = {name: text for name, text in tracked.items() if name.startswith("src/")}
    assert [] == [name for name, text in sources.items() if re.search(r"\b(TODO|FIXME|XXX)\b", text)]


def test_the_readme_begins_with_the_two_commands(tracked: dict[str, str]) -> None:
    """Whoever opens the repository sees first how to try it and how to test it."""
    blocks = re.findall(r"```\w*\n(.*?)```", tracked["README.md"], re.DOTALL)
    commands = re.findall(r"^(?:\$ )?(python3 .*?)(?: *#.*)?$", "\n".join(blocks), re.MULTILINE)
    assert ["python3 dev.py profile", "python3 dev.py test"] == commands[:2]


def test_changelog_fragments_are_ones_that_towncrier_sees(root: Path, tracked: dict[str, str]) -> None:
    """Towncrier leaves out a fragment with a wrong name without a word."""
    settings = tomllib.loads(tracked["pyproject.toml"])["tool"]["towncrier"]
    kinds = re.search(r"kinds: (.*)\.", tracked["changelog/README.md"])
    assert kinds
    named = re.compile(rf"[a-z0-9-]+\.({kinds[1].replace(', ', '|')})\.md")
    others = {"README.md", ".gitignore", Path(settings["template"]).name}
    names = {Path(name).name for name in tracked if name.startswith(f"{settings['directory']}/")} - others
    assert [] == sorted(name for name in names if not named.fullmatch(name))
