#!/usr/bin/env python3
"""Everything a developer of Paceline types, on a machine that has only Python 3.11+ and git."""

# An old interpreter has to get as far as the sentence about its age, so nothing above that may need a newer
# one, and nothing in this file syntax that Python 3.6 can't parse.
import argparse
import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this file is started by whatever python3 is there
    sys.exit("Paceline needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info[:2]))

ROOT = Path(__file__).resolve().parent
STAMP = "paceline-dev-stamp"
INTERRUPTED = 130

HELP = """\
usage: python3 dev.py profile [SUITE...] [options of `paceline profile`]
       python3 dev.py test [--only STEP]... [pytest arguments...]
       python3 dev.py test [--only STEP]... -- [pytest arguments...]

Both commands work from any directory and first make a virtual environment with everything they need; that
takes about a minute the first time and nothing afterwards, until pyproject.toml changes.

profile   Profile the example application's suites (schema, pgvector, contract; or those named) on a
          PostgreSQL of their own, show the table, write perf_metrics/pytest_marker_baselines.json.
            python3 dev.py profile
            python3 dev.py profile schema --rounds 3

test      Run every check, then the tests, and say at the end what failed.
            python3 dev.py test
            python3 dev.py test --only types --only lint
            python3 dev.py test --only tests -- tests/unit -x

STEP      {steps}

PACELINE_VENV   where the environment is; by default .venv here, or NAME-venv beside a read-only checkout.
"""


class SetupError(Exception):
    """The environment can't be made; the text says what to do about it."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that `title` is being done, then how long it took."""
    print(f"- {title} ... ", end="", flush=True)
    start = time.perf_counter()
    try:
        yield
    except BaseException:
        print(f"failed after {time.perf_counter() - start:.1f} s", flush=True)
        raise
    print(f"{time.perf_counter() - start:.1f} s", flush=True)


def environment_path() -> Path:
    """Return where the virtual environment belongs."""
    chosen = os.environ.get("PACELINE_VENV")
    if chosen:
        return Path(chosen).expanduser().resolve()
    if os.access(ROOT, os.W_OK):
        return (ROOT / ".venv").resolve()
    return ROOT.with_name(f"{ROOT.name}-venv")


def interpreter(venv: Path) -> str:
    """Return the environment's own Python."""
    return str(venv / "bin" / "python")


def child_environment(venv: Path) -> dict[str, str]:
    """Return the variables for programs of the environment, free of what would lead them elsewhere."""
    misleading = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    variables = {name: value for name, value in os.environ.items() if name not in misleading}
    variables["VIRTUAL_ENV"] = str(venv)
    variables["PATH"] = f"{venv / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    # The wheel carries its own pyright; the notice about a newer one would ask the network on each run.
    variables["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    if not os.access(ROOT, os.W_OK):
        variables["RUFF_CACHE_DIR"] = str(venv / "cache" / "ruff")
        variables["MYPY_CACHE_DIR"] = str(venv / "cache" / "mypy")
    return variables


def run_quietly(command: Sequence[str], variables: dict[str, str]) -> None:
    """Run `command`; its output is shown only if it fails.

    Raises:
        SetupError: the command failed.
    """
    done = subprocess.run(
        command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        raise SetupError(f"{done.stdout.rstrip()}\n\nThis failed: {shlex.join(command)}")


def ready_environment() -> Path:
    """Make or mend the virtual environment and return where it is.

    Raises:
        SetupError: it can't be made.
    """
    venv = environment_path()
    identity = f"{venv}\n{ROOT}\n"
    wanted = identity + hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = venv / STAMP
        found = stamp.read_text() if stamp.is_file() else ""
        if found == wanted and works(venv):
            return venv
        if not (found.startswith(identity) and works(venv)):
            create(venv)
        # Whoever comes after an interruption here finds no valid stamp and begins again.
        stamp.write_text("incomplete")
        with step("install Paceline and its tools"):
            install = [interpreter(venv), "-m", "pip", "install", "--quiet", "--editable", ".[dev]"]
            run_quietly(install, child_environment(venv))
        install_mysqlclient(venv)
        install_older_sqlalchemy(venv)
        stamp.write_text(wanted)
    except OSError as error:
        raise SetupError(f"{error}\nSet PACELINE_VENV to a directory that can be written.") from error
    finally:
        os.close(lock)
    return venv


def install_mysqlclient(venv: Path) -> None:
    """Install a driver without a wheel for Linux, where it can be compiled; else its tests are skipped."""
    if not shutil.which("mariadb_config"):
        return
    try:
        with step("compile mysqlclient"):
            install = [interpreter(venv), "-m", "pip", "install", "--quiet", "mysqlclient>=2.2"]
            run_quietly(install, child_environment(venv))
    except SetupError:
        print("  it can't be compiled here: its tests will be skipped")


def install_older_sqlalchemy(venv: Path) -> None:
    """Put the SQLAlchemy that projects stay on for long beside the newest, for tests that run with both.

    Raises:
        SetupError: it can't be installed.
    """
    with step("install SQLAlchemy 2.0 beside"):
        target = ["--no-deps", "--upgrade", "--target", str(venv / "sqlalchemy-2.0")]
        install = [interpreter(venv), "-m", "pip", "install", "--quiet", *target, "sqlalchemy<2.1"]
        run_quietly(install, child_environment(venv))


def works(venv: Path) -> bool:
    """Say whether the environment's interpreter runs and is new enough."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([interpreter(venv), "-c", probe], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def create(venv: Path) -> None:
    """Make an empty virtual environment, in place of a broken one.

    Raises:
        SetupError: the directory holds something else, or this Python can't make environments.
    """
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        minor = "{}.{}".format(*sys.version_info[:2])
        raise SetupError(
            f"{sys.executable} was installed without the modules that make virtual environments.\n"
            "Debian and Ubuntu keep them in a package of their own; as root:\n\n"
            f"    apt-get install python3-venv python{minor}-venv\n\n"
            "and run this command again. Elsewhere, use a Python that has the ensurepip module."
        )
    ours = (venv / STAMP).is_file() or (venv == ROOT / ".venv" and (venv / "pyvenv.cfg").is_file())
    if venv.exists() and not ours and (not venv.is_dir() or any(venv.iterdir())):
        raise SetupError(f"{venv} is there and was not made by dev.py; remove it or set PACELINE_VENV.")
    rebuilt = venv.is_dir() and any(venv.iterdir())
    version = ".".join(str(part) for part in sys.version_info[:3])
    with step(f"{'rebuild' if rebuilt else 'create'} {venv} with Python {version}"):
        if venv.is_dir():
            shutil.rmtree(venv)
        venv.mkdir(parents=True)
        (venv / STAMP).write_text("incomplete")
        # The interpreter that runs this may belong to the environment that has just been removed.
        base = getattr(sys, "_base_executable", sys.executable)
        # An older pip takes twice as long to find out what to install.
        run_quietly([base, "-m", "venv", "--upgrade-deps", str(venv)], child_environment(venv))


def profile(arguments: Sequence[str]) -> int:
    """Profile the example application."""
    venv = ready_environment()
    python = interpreter(venv)
    script = str(ROOT / "scripts" / "perf" / "profile_marker_suites.py")
    os.chdir(ROOT)
    sys.stdout.flush()
    # In place of this process, so that signals reach the one that has a database to stop.
    os.execve(python, [python, script, *arguments], child_environment(venv))


def check_commands(venv: Path, pytest_arguments: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """Return the name, title and command of each check in the order they run."""
    python = interpreter(venv)
    cache = [] if os.access(ROOT, os.W_OK) else ["-o", f"cache_dir={venv / 'cache' / 'pytest'}"]
    linter_cache = [] if os.access(ROOT, os.W_OK) else ["--cache-dir", str(venv / "cache" / "import-linter")]
    # Most tests wait for a program that they have started, so two at a time take half as long.
    together = ["-n", "logical", "--dist=worksteal"]
    return [
        ("lint", "ruff check", [python, "-m", "ruff", "check"]),
        ("format", "ruff format --check", [python, "-m", "ruff", "format", "--check"]),
        ("types", "mypy", [python, "-m", "mypy"]),
        ("types", "pyright", [python, "-m", "pyright", "--pythonpath", python]),
        ("imports", "lint-imports", [str(venv / "bin" / "lint-imports"), "--no-logo", *linter_cache]),
        ("tests", "pytest", [python, "-m", "pytest", *cache, *together, *pytest_arguments]),
    ]


STEPS = ("lint", "format", "types", "imports", "tests")


def test(arguments: Sequence[str]) -> int:
    """Run the checks and the tests; return 0 if all of them passed."""
    own, rest = split(arguments)
    parser = argparse.ArgumentParser(prog="dev.py test", allow_abbrev=False, add_help=False)
    parser.add_argument("--only", action="append", choices=STEPS, default=[])
    options, unknown = parser.parse_known_args(own)
    venv = ready_environment()
    started = time.perf_counter()
    failed = []
    ran = 0
    for name, title, command in check_commands(venv, [*unknown, *rest]):
        if options.only and name not in options.only:
            continue
        ran += 1
        if not passes(title, command, child_environment(venv), shown=name == "tests"):
            failed.append(title)
    took = f"{time.perf_counter() - started:.1f} s"
    if failed:
        print(f"{len(failed)} of {ran} steps failed in {took}: {', '.join(failed)}")
        return 1
    print(f"{ran} of {ran} steps passed in {took}")
    return 0


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what stands before the first `--`, and what after it."""
    at = list(arguments).index("--") if "--" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])


def passes(title: str, command: Sequence[str], variables: dict[str, str], *, shown: bool) -> bool:
    """Run one check and say whether it passed; its output is shown while it runs, or only if it fails."""
    print(f"- {title} ... ", end="\n" if shown else "", flush=True)
    start = time.perf_counter()
    pipe = None if shown else subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL,
        stdout=pipe, stderr=None if shown else subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        # The terminal interrupted the child as well; it may have a database to stop.
        process.wait()
        raise
    verdict = "passed" if process.returncode == 0 else "failed"
    print(f"{f'- {title}: ' if shown else ''}{verdict} in {time.perf_counter() - start:.1f} s", flush=True)
    if process.returncode and output:
        print(output.rstrip(), flush=True)
    return process.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return the exit code."""
    commands = {"profile": profile, "test": test}
    own, _ = split(arguments)
    if not arguments or {"-h", "--help"} & set(own):
        print(HELP.format(steps=", ".join(STEPS)), end="")
        return 0 if arguments else 2
    if arguments[0] not in commands:
        print(f"dev.py: no command {arguments[0]!r}; use profile or test, or --help", file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
