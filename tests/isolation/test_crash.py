"""However the test process ends, no PostgreSQL and no directory is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.harness.database import Project, processes_of

CONFTEST = """
import os, pathlib, pytest

@pytest.fixture(scope="session")
def home(paceline_database):
    import sqlalchemy
    where = sqlalchemy.make_url(paceline_database.url).query["host"]
    pathlib.Path("homes", where.rpartition("/")[2]).write_text(where)
    return pathlib.Path(where)
"""


@pytest.fixture
def crashing(project: Project) -> Project:
    """A project whose fixture `home` tells in `homes/` where its servers are."""
    (project.root / "homes").mkdir()
    project.write(conftest=CONFTEST)
    return project


def homes(project: Project, count: int = 1) -> list[Path]:
    """Return where the servers of the project were, and make sure that there were `count`."""
    found = [Path(entry.read_text()) for entry in (project.root / "homes").iterdir()]
    assert count == len(found)
    return found


def assert_gone(places: list[Path], seconds: float = 5.0) -> None:
    """Wait until nothing is left of the servers."""
    deadline = time.monotonic() + seconds
    while True:
        left = [str(place) for place in places if place.exists()]
        left += [line for place in places for line in processes_of(place.name)]
        if not left:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def test_the_usual_end(crashing: Project) -> None:
    """Everything is gone when pytest returns, not a moment later."""
    crashing.write(test_it="import pytest\n@pytest.mark.schema\ndef test_it(home): assert home.exists()\n")
    crashing.passes("--schema", passed=1)
    assert_gone(homes(crashing), seconds=0)


def test_exit_without_clean_up(crashing: Project) -> None:
    """`os._exit` runs no fixture's end."""
    crashing.write(test_it="import os, pytest\n@pytest.mark.schema\ndef test_it(home): os._exit(3)\n")
    assert crashing.run("--schema").code == 3
    assert_gone(homes(crashing))


def test_workers_that_crash(crashing: Project) -> None:
    """Each xdist worker's server goes with its worker."""
    crashing.write(
        test_it="import os, pytest\n@pytest.mark.schema\n@pytest.mark.parametrize('n', range(2))\n"
        "def test_it(home, n): os._exit(3)\n"
    )
    crashing.run("--schema", "-p", "xdist", "-n1", "--max-worker-restart=1")
    assert_gone(homes(crashing, 2))


def wait_for(project: Project) -> None:
    """Wait until a test of the project has begun."""
    deadline = time.monotonic() + 30
    while not (project.root / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_pytest(crashing: Project, number: signal.Signals) -> None:
    """A killed run, a cancelled job, Ctrl-C, a closed terminal."""
    crashing.write(
        test_it="import pathlib, pytest, time\n@pytest.mark.schema\n"
        "def test_it(home): pathlib.Path('begun').touch(); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        crashing.command("--schema"),
        cwd=crashing.root,
        env=crashing.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # As a shell in a terminal does: the signal goes to the whole group.
        start_new_session=True,
    )
    wait_for(crashing)
    assert homes(crashing)[0].exists()
    os.killpg(process.pid, number)
    process.wait(20)
    assert_gone(homes(crashing))


def test_a_forked_child_that_outlives_pytest(crashing: Project) -> None:
    """It holds the pipe open, but isn't the owner."""
    crashing.write(
        test_it="""
        import os, pathlib, pytest, time

        @pytest.mark.schema
        def test_it(home):
            if not os.fork():
                pathlib.Path("child").write_text(str(os.getpid()))
                time.sleep(60)
                os._exit(0)
            while not pathlib.Path("child").exists() or not pathlib.Path("child").read_text():
                time.sleep(0.01)
            os._exit(3)
        """
    )
    # No pipes: the child would hold those as well.
    done = subprocess.run(
        crashing.command("--schema", "-s"),
        cwd=crashing.root,
        env=crashing.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    child = int((crashing.root / "child").read_text())
    try:
        assert_gone(homes(crashing))
        os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_server_that_dies_in_mid_run(crashing: Project) -> None:
    """The tests after it are errors that name the cause; none hangs, none is skipped, others pass."""
    crashing.write(
        test_it="""
        import os, signal, pytest
        from sqlalchemy import text

        @pytest.mark.schema
        def test_before(integration_session):
            assert integration_session.scalar(text("select 1")) == 1

        @pytest.mark.schema
        def test_killer(home, integration_session):
            os.kill(int((home / "data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            for _ in range(200):  # the session's own backend ends a moment later
                integration_session.scalar(text("select pg_sleep(0.05)"))

        @pytest.mark.schema
        def test_after(integration_session):
            raise AssertionError("never reached")

        @pytest.mark.pgvector
        def test_after_without_isolation():
            raise AssertionError("never reached")

        def test_that_needs_nothing():
            pass
        """
    )
    result = crashing.run("--pgvector", "--tb=short")
    assert result.outcomes["passed"] == 2
    assert result.outcomes["failed"] == 1
    assert "skipped" not in result.outcomes
    assert "never reached" not in result.output.replace('raise AssertionError("never reached")', "")
    for name in ("test_after", "test_after_without_isolation"):
        (section,) = [
            part for part in result.output.split("ERROR at setup of ")[1:] if part.startswith(f"{name} ")
        ]
        assert "ProvisioningError: the PostgreSQL server ended unexpectedly (ended -9)" in section
        assert "its log ends with:" in section
    assert_gone(homes(crashing), seconds=0)


def test_patched_clocks(crashing: Project) -> None:
    """A suite that freezes time and forbids sleeping still gets its server, at once, and an end (F14)."""
    crashing.write(
        conftest=CONFTEST
        + """
import time, subprocess, threading

def never(*_):
    raise AssertionError("somebody waited through a patched clock")

def pytest_sessionstart(session):
    time.sleep = never
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    subprocess._time = lambda: 0.0
""",
        test_it="""
        import pytest
        from sqlalchemy import text

        @pytest.mark.schema
        def test_it(home, integration_session):
            assert integration_session.scalar(text("select 1")) == 1
        """,
    )
    result = crashing.run("--schema")
    assert " 1 passed" in result.output, result.output
    assert_gone(homes(crashing), seconds=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_an_ordinary_user(open_project: Project) -> None:
    """Root's detour through another uid isn't needed, and the same is left: nothing."""
    (open_project.root / "homes").mkdir(mode=0o777)
    (open_project.root / "homes").chmod(0o777)
    open_project.write(
        conftest=CONFTEST,
        test_it="""
        import os, pytest
        from sqlalchemy import text

        @pytest.mark.schema
        def test_it(home, integration_session):
            assert os.geteuid() == home.stat().st_uid != 0
            assert integration_session.scalar(text("select 1")) == 1
        """,
    )
    become = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
    result = open_project.run("--schema", prefix=become)
    assert result.outcomes == {"passed": 1}, result.output
    assert_gone(homes(open_project), seconds=0)


def test_the_supervisor_alone_is_enough(tmp_path: Path) -> None:
    """It needs nothing but the standard library, and ends at once when nobody holds its pipe."""
    script = Path(__file__).parents[2] / "src/paceline/isolation/supervisor.py"
    home = tmp_path / "paceline-alone"
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-S", script, str(os.getpid()), "-1", "-1", home, home, ""),
            *("/nowhere/socket", "3", "PG", "--", "/nowhere/serve", "--", "/nowhere/initialise"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not home.exists()
