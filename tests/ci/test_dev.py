"""`dev.py`: what it does with an environment that is missing, old, broken or not its own."""

from __future__ import annotations

import ast
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def dev(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module, at work in a project of its own."""
    spec = importlib.util.spec_from_file_location("dev", root / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    project = tmp_path / "a project"
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(module, "ROOT", project)
    monkeypatch.delenv("PACELINE_VENV", raising=False)
    return module


@pytest.fixture
def ran(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the record of what set-up did, with an environment that is only a shell script."""
    record: list[str] = []

    def run(command: Sequence[str], _variables: dict[str, str]) -> None:
        record.append(command[2])
        if command[2] == "venv":
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text("#!/bin/sh\n")
            python.chmod(0o755)

    monkeypatch.setattr(dev, "run_quietly", run)
    monkeypatch.setattr(dev.shutil, "which", lambda _program: None)
    return record


def test_an_environment_is_made_once(dev: ModuleType, ran: list[str]) -> None:
    """The second command finds everything ready."""
    first = dev.ready_environment()
    assert (["venv", "pip", "pip"], dev.ROOT / ".venv") == (ran, first)
    ran.clear()
    assert first == dev.ready_environment()
    assert [] == ran


def test_changed_dependencies_are_installed_into_the_same_environment(
    dev: ModuleType, ran: list[str]
) -> None:
    """Only pyproject.toml decides whether there is something to install."""
    dev.ready_environment()
    ran.clear()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    dev.ready_environment()
    assert ["pip", "pip"] == ran


@pytest.mark.parametrize("compiles", [True, False])
def test_a_driver_that_must_be_compiled_is_optional(
    dev: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch, compiles: bool
) -> None:
    """Where its headers are, it's tried; the environment is ready either way, and it isn't tried again."""
    installed: list[str] = []
    whole = dev.run_quietly

    def run(command: Sequence[str], variables: dict[str, str]) -> None:
        whole(command, variables)
        if command[2] == "pip":
            installed.append(command[-1])
            if command[-1].startswith("mysqlclient") and not compiles:
                raise dev.SetupError

    monkeypatch.setattr(dev, "run_quietly", run)
    monkeypatch.setattr(dev.shutil, "which", lambda program: f"/bin/{program}")
    dev.ready_environment()
    assert [".[dev]", "mysqlclient>=2.2", "sqlalchemy<2.1"] == installed
    ran.clear()
    dev.ready_environment()
    assert [] == ran


def test_an_interrupted_set_up_begins_again(
    dev: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an environment is replaced by a whole one."""
    whole = dev.run_quietly

    def interrupted(command: Sequence[str], variables: dict[str, str]) -> None:
        if command[2] == "pip":
            raise KeyboardInterrupt
        whole(command, variables)

    monkeypatch.setattr(dev, "run_quietly", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dev.ready_environment()
    monkeypatch.setattr(dev, "run_quietly", whole)
    ran.clear()
    dev.ready_environment()
    assert ["venv", "pip", "pip"] == ran


def test_an_environment_whose_python_is_gone_is_rebuilt(dev: ModuleType, ran: list[str]) -> None:
    """It happens when the Python that an environment was made from is upgraded."""
    (dev.ready_environment() / "bin" / "python").write_text("#!/nowhere/python\n")
    ran.clear()
    dev.ready_environment()
    assert ["venv", "pip", "pip"] == ran


def test_an_environment_that_was_moved_is_rebuilt(
    dev: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scripts and its link to the sources still point to the old place."""
    dev.ready_environment()
    monkeypatch.setattr(dev, "ROOT", dev.ROOT.rename(dev.ROOT.with_name("moved")))
    ran.clear()
    dev.ready_environment()
    assert ["venv", "pip", "pip"] == ran


def test_somebody_elses_folder_is_left_alone(
    dev: ModuleType, ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PACELINE_VENV that names a folder with other content is refused."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "pyvenv.cfg").touch()
    monkeypatch.setenv("PACELINE_VENV", str(precious))
    with pytest.raises(dev.SetupError, match=r"was not made by dev\.py"):
        dev.ready_environment()
    assert (["pyvenv.cfg"], []) == ([path.name for path in precious.iterdir()], ran)


def test_a_read_only_checkout_has_its_environment_beside_it(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written into a checkout that can't be written."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert dev.ROOT.with_name("a project-venv") == dev.environment_path()


def test_a_python_without_ensurepip_is_explained(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian's Python without python3-venv: the exact package to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert dev.main(["test"]) == 1
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert f"apt-get install python3-venv {package}" in capsys.readouterr().err


def test_an_old_python_gets_as_far_as_the_sentence_about_its_age(root: Path) -> None:
    """The script is valid for Python 3.6, and asks for the version before anything newer is evaluated."""
    tree = ast.parse((root / "dev.py").read_text(), feature_version=(3, 6))
    kinds = [type(node) for node in tree.body]
    assert {ast.Expr, ast.Import, ast.ImportFrom} == set(kinds[: kinds.index(ast.If)])
    assert not any(getattr(node, "module", None) == "__future__" for node in tree.body)


def test_every_step_runs_and_the_failed_ones_are_named_at_the_end(
    dev: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failing step doesn't hide the next one, and its output is shown."""

    def commands(_venv: Path, arguments: Sequence[str]) -> list[tuple[str, str, list[str]]]:
        return [
            ("lint", "linter", [sys.executable, "-c", "print('bad line'); raise SystemExit(1)"]),
            ("types", "typist", [sys.executable, "-c", "print('quiet')"]),
            ("tests", "tester", [sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", *arguments]),
        ]

    monkeypatch.setattr(dev, "check_commands", commands)
    assert dev.main(["test"]) == 1
    shown = capsys.readouterr().out
    assert "bad line" in shown
    assert "quiet" not in shown
    assert "2 of 3 steps failed" in shown.splitlines()[-1]
    assert dev.main(["test", "--only", "types"]) == 0
    assert "1 of 1 steps passed" in capsys.readouterr().out
    assert ["venv", "pip", "pip"] == ran


@pytest.mark.parametrize(
    ("arguments", "passed_on"),
    [
        (["tests/unit", "-x", "--only", "tests"], ["tests/unit", "-x"]),
        (["--only", "tests", "--", "--only", "x"], ["--only", "x"]),
        (["-k", "a or b"], ["-k", "a or b"]),
    ],
)
def test_what_is_not_its_own_goes_to_pytest(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    passed_on: list[str],
) -> None:
    """Arguments of pytest need no `--`, unless they look like ours."""
    seen: list[list[str]] = []

    def passes(_title: str, command: list[str], _variables: dict[str, str], *, shown: bool) -> bool:
        seen.append([*command, str(shown)])
        return True

    monkeypatch.setattr(dev, "ready_environment", lambda: tmp_path)
    monkeypatch.setattr(dev, "passes", passes)
    assert dev.main(["test", *arguments]) == 0
    assert [*passed_on, "True"] == seen[-1][-len(passed_on) - 1 :]
    assert "pytest" in seen[-1]
    assert "--only" not in seen[-1][: -len(passed_on) - 1]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [(["--help"], 0, "PACELINE_VENV"), ([], 2, "usage:"), (["tset"], 2, "no command 'tset'")],
)
def test_usage(root: Path, arguments: list[str], code: int, text: str) -> None:
    """Help is no error; nothing and nonsense are."""
    done = subprocess.run(
        [sys.executable, root / "dev.py", *arguments], capture_output=True, text=True, check=False
    )
    assert code == done.returncode
    assert text in done.stdout + done.stderr


def test_an_interrupt_waits_for_the_child_and_exits_with_130(
    dev: ModuleType, root: Path, tmp_path: Path
) -> None:
    """Ctrl-C reaches the whole process group; a test run may have a database to stop before it ends."""
    child = (
        "import time\n"
        "try: print('up', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: time.sleep(1); print('tidy')"
    )
    script = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import dev\n"
        f"dev.ready_environment = lambda: dev.ROOT\n"
        f"dev.check_commands = lambda *_: [('tests', 'child', [sys.executable, '-c', {child!r}])]\n"
        "sys.exit(dev.main(['test']))"
    )
    with subprocess.Popen(
        [sys.executable, "-B", "-c", script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        while "up" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert (dev.INTERRUPTED, True) == (process.returncode, "tidy" in rest)
