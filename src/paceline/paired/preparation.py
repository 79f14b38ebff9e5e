"""What a revision needs before its tests can run: its own dependencies, kept between gates."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from filelock import FileLock

from paceline.config import GateConfig
from paceline.errors import BaseSetupError
from paceline.paired.tree import Tree
from paceline.store.state_folder import keep_newest, state_folder

_KEPT = 4
_DONE = ".paceline-complete"
_SHOWN_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a pair: where its tests run, and with what.

    Attributes:
        name: "base" or "head".
        root: the project's folder.
        python: its interpreter.
        environment: variables besides those of this process.
    """

    name: str
    root: Path
    python: str
    environment: Mapping[str, str]


def head_side(root: Path, name: str = "head") -> Side:
    """Return the user's own working tree, with the interpreter that runs Paceline."""
    return Side(name=name, root=root, python=sys.executable, environment=_sources(root))


def base_side(
    tree: Tree, project: Path, settings: GateConfig, name: str = "base", deadline: float = inf
) -> Side:
    """Prepare `tree` as the configuration says.

    Args:
        project: the user's own folder, in whose `.paceline` the environment is kept.
        deadline: value of the monotonic clock at which the command is ended.

    Raises:
        BaseSetupError: the command failed, with its last lines in the message, or took too long.
    """
    if not settings.setup:
        return Side(name=name, root=tree.root, python=sys.executable, environment=_sources(tree.root))
    key = _key(tree, settings)
    folder = state_folder(project, "environments") / key
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / _DONE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _run(settings.setup, tree, folder, deadline)
            (folder / _DONE).touch()
        os.utime(folder)
    _forget_old(folder.parent)
    python = settings.python.replace("{env}", str(folder)) or sys.executable
    return Side(
        name=name,
        root=tree.root,
        python=python,
        environment={**_sources(tree.root), "PACELINE_BASE_ENV": str(folder)},
    )


def _run(command: str, tree: Tree, folder: Path, deadline: float) -> None:
    try:
        process = subprocess.Popen(  # noqa: S602 - the project's own words, from its own configuration
            # Not `format`: shells have braces of their own.
            command.replace("{env}", shlex.quote(str(folder))),
            shell=True,
            cwd=tree.root,
            env={**os.environ, "PACELINE_BASE_ENV": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # its own process group: what the shell has started ends with it
        )
    except OSError as error:
        raise BaseSetupError(f"tool.paceline.gate.setup could not be started: {error}") from error
    try:
        said, _ = process.communicate(
            timeout=None if deadline == inf else max(0, deadline - time.monotonic())
        )
    except subprocess.TimeoutExpired:
        raise BaseSetupError(
            f"tool.paceline.gate.setup did not end within the time limit in {tree.name}",
            hint="Give it more time with --time-limit; what it installs is kept for the next time.",
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        tail = "\n".join(f"    {line}" for line in said.splitlines()[-_SHOWN_LINES:])
        raise BaseSetupError(
            f"tool.paceline.gate.setup ended with {process.returncode} in {tree.name}:\n{tail}",
            hint="Without its dependencies the base can't be measured.",
        )


def _key(tree: Tree, settings: GateConfig) -> str:
    """Return a name that changes with what the environment is made from."""
    content = hashlib.sha256(f"{settings.setup}\0{sys.version}".encode())
    for name in settings.lock:
        path = tree.root / name
        content.update(name.encode() + b"\0")
        content.update(path.read_bytes() if path.is_file() else tree.commit.encode())
    if not settings.lock:
        content.update(tree.commit.encode())
    return content.hexdigest()[:24]


def _sources(root: Path) -> dict[str, str]:
    """Return variables that make Python find the project's packages in `root` before anywhere else.

    An editable installation leads to the user's own tree: its packages would be the head's on both sides.
    """
    # The root itself is where `python -m` looks first.
    folders = [str(folder) for folder in (root / "src",) if folder.is_dir()]
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([*folders, *filter(None, [inherited])])
    return {"PYTHONPATH": path} if path else {}


def _forget_old(folder: Path) -> None:
    environments = [path for path in folder.iterdir() if path.is_dir()]
    environments.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in environments[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    keep_newest(folder, "*.lock", 10 * _KEPT)
