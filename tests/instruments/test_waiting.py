"""Waiting and input/output are counted, at the line of the project, and nothing behaves otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.recorded import needs
from tests.harness.spent import counts, line_of, operations, value

if TYPE_CHECKING:
    from tests.harness.recorded import RecordedProject

_WAITING = """
import asyncio
import http.client
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

@pytest.fixture(scope="module")
def port():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(204)
            self.end_headers()
        def log_message(self, *arguments):
            pass
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()

def test_sleep():
    time.sleep(0.01)  # blocking
    time.sleep(0)
    asyncio.run(asyncio.sleep(0.01))  # awaited

def test_thread():
    thread = threading.Thread(target=time.sleep, args=(0.01,))
    thread.start()
    thread.join()

def test_subprocess():
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.05)"], check=True)  # run

def test_fork():
    pid = os.fork()  # fork
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)

def test_socket(port):
    socket.create_connection(("127.0.0.1", port)).close()  # connect

def test_look_up():
    with pytest.raises(OSError):
        socket.getaddrinfo("me:s3cret@name.invalid", 80)  # look up

def test_http(port):
    urllib.request.urlopen(f"http://127.0.0.1:{port}/orders/17?token=s3cret").close()  # urllib

def test_requests(port):
    requests = pytest.importorskip("requests")
    assert requests.get(f"http://127.0.0.1:{port}/a?token=s3cret", timeout=60).status_code == 204  # requests

def test_httpx(port):
    httpx = pytest.importorskip("httpx")
    assert httpx.get(f"http://me:s3cret@127.0.0.1:{port}/a?b=s3cret").status_code == 204  # httpx

def test_httpx_async(port):
    httpx = pytest.importorskip("httpx")
    async def ask():
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{port}/a")  # async
    assert asyncio.run(ask()).status_code == 204

def test_aiohttp(port):
    aiohttp = pytest.importorskip("aiohttp")
    async def ask():
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/a?b=s3cret") as response:  # aio
                return response.status
    assert asyncio.run(ask()) == 204

def test_files(tmp_path, monkeypatch):
    (tmp_path / "x").write_text("x")
    (tmp_path / "x").read_text()
    # An import that finds no bytecode writes some; another time it would not.
    (tmp_path / "imported_late.py").write_text("")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.syspath_prepend(tmp_path)
    import imported_late
    assert os.path.exists(imported_late.__cached__)
"""


def _expected(what: str, marked: str) -> tuple[str, str]:
    return what, f"test_waiting.py:{line_of(_WAITING, f'# {marked}')}"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_every_kind(project: RecordedProject, workers: tuple[str, ...]) -> None:
    """Each kind is counted once where it happens, with its seconds, and without what is secret."""
    project.file("test_waiting.py", _WAITING)
    recorded = project.pytest(*workers, plugins=("paceline", *(["xdist"] if workers else [])))
    assert recorded.ret == 0, recorded.output
    expected = {
        "test_sleep": {_expected("time.sleep", "blocking"): 1, _expected("asyncio.sleep", "awaited"): 1},
        "test_thread": {},
        "test_fork": {_expected("fork", "fork"): 1},
        "test_socket": {_expected("127.0.0.1:*", "connect"): 1},
        "test_look_up": {_expected("name.invalid", "look up"): 1},
        "test_http": {_expected("GET http://127.0.0.1:*/orders/*", "urllib"): 1},
        "test_requests": {_expected("GET http://127.0.0.1:*/a", "requests"): 1},
        "test_httpx": {_expected("GET http://127.0.0.1:*/a", "httpx"): 1},
        "test_httpx_async": {_expected("GET http://127.0.0.1:*/a", "async"): 1},
        "test_aiohttp": {_expected("GET http://127.0.0.1:*/a", "aio"): 1},
    }
    for name, operations_of_test in expected.items():
        test = recorded.test(name)
        if test.outcome == "skipped":
            continue
        kinds = {"connect"} if name != "test_socket" else set()
        found = counts(each for each in operations(test) if each.kind not in kinds)
        assert found == operations_of_test, name
        if name not in {"test_sleep", "test_thread", "test_fork", "test_look_up"}:
            assert value(test, "socket_connects") == 1, name
    assert "s3cret" not in recorded.path.read_text()
    assert value(recorded.test("test_sleep"), "sleeps") == 2
    assert value(recorded.test("test_sleep"), "sleep_time") >= 0.02
    python = recorded.test("test_subprocess")
    assert [(each.what.startswith("wait for "), each.count) for each in operations(python)] == [
        (False, 1),
        (True, 1),
    ]
    assert value(python, "subprocesses") == 1
    assert value(python, "subprocess_time") >= 0.05
    assert value(recorded.test("test_fork"), "subprocesses") == 1
    assert value(recorded.test("test_look_up"), "dns_lookups") == 1
    assert value(recorded.test("test_files"), "files_opened") == 2


_INVISIBLE = """
import asyncio
import inspect
import pickle
import subprocess
import time
import traceback
from unittest import mock

import pytest

def test_identity():
    assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep
    assert pickle.loads(pickle.dumps(asyncio.sleep)) is asyncio.sleep
    assert asyncio.sleep is asyncio.tasks.sleep
    assert (time.sleep.__name__, time.sleep.__module__) == ("sleep", "time")
    assert inspect.iscoroutinefunction(asyncio.sleep)
    assert str(inspect.signature(asyncio.sleep)) == "(delay, result=None)"
    assert str(inspect.signature(subprocess.Popen.wait)) == "(self, timeout=None)"

def test_patched():
    with mock.patch("time.sleep", autospec=True) as sleep:
        time.sleep(100)
    sleep.assert_called_once_with(100)
    with mock.patch.object(subprocess.Popen, "communicate", autospec=True, return_value=("a", "b")):
        assert subprocess.Popen(["true"]).communicate() == ("a", "b")

def test_errors():
    with pytest.raises(ValueError, match="non-negative") as caught:
        time.sleep(-1)
    assert "paceline" not in str(caught.getrepr(style="short"))
    with pytest.raises(TypeError):
        time.sleep()
    with pytest.raises(FileNotFoundError):
        subprocess.run(["no such program"])
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "60"], timeout=0.01)

def test_result():
    assert time.sleep(0.001) is None
    assert asyncio.run(asyncio.sleep(0.001, "x")) == "x"

def test_frozen():
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2020-01-01"):
        time.sleep(0.01)
"""


def test_nothing_is_seen_of_it(project: RecordedProject) -> None:
    """Names, signatures, mocks, errors and results are as without us, and frozen clocks don't matter."""
    needs("freezegun")
    project.file("test_invisible.py", _INVISIBLE)
    recorded = project.pytest("-p", "no:randomly")
    assert recorded.ret == 0, recorded.output
    assert value(recorded.test("test_patched"), "sleeps") == 0
    assert 0.01 <= value(recorded.test("test_frozen"), "sleep_time") < 60


def test_everything_is_put_back(project: RecordedProject) -> None:
    """When the session is over, what was replaced is what it was."""
    project.file("test_one.py", "import subprocess, asyncio, http.client\ndef test_one(): pass\n")
    project.file(
        "conftest.py",
        """
import time
def pytest_unconfigure(config):
    import asyncio, http.client, subprocess
    functions = (time.sleep, asyncio.sleep, subprocess.Popen.wait, http.client.HTTPConnection.putrequest)
    print("REPLACED", [each for each in functions if hasattr(each, "__wrapped__")])
""",
    )
    assert "REPLACED []" in project.pytest("-s").stdout


def test_what_is_not_chosen_is_left_alone(project: RecordedProject) -> None:
    """A metric that isn't recorded replaces nothing and listens to nothing."""
    project.file(
        "test_one.py",
        """
import sys, time
def test_one():
    assert not hasattr(time.sleep, "__wrapped__")
    import sqlalchemy
    assert "paceline.metrics.sql_sqlalchemy" not in sys.modules
""",
    )
    recorded = project.pytest("--paceline-metrics=duration")
    assert recorded.ret == 0, recorded.output
