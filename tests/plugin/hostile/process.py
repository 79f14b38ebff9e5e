"""Test files that change the process that they run in, by the name of what each does."""

from __future__ import annotations

PROCESS = {
    "garbage collection off": """
import gc

def test_gc_off(): gc.disable()
""",
    "gc.collect": """
import gc

def test_gc_collects(): gc.collect()
def test_gc_callbacks(): gc.callbacks.clear()
""",
    "fork": """
import multiprocessing, os

def test_forks():
    child = os.fork()
    if not child: os._exit(0)
    os.waitpid(child, 0)

def test_forks_by_multiprocessing():
    one = multiprocessing.get_context("fork").Process(target=int)
    one.start(); one.join(); assert one.exitcode == 0
""",
    "spawn": """
import multiprocessing, subprocess, sys

def test_spawns(): subprocess.run([sys.executable, "-c", "pass"], check=True)

def test_spawns_by_multiprocessing():
    one = multiprocessing.get_context("spawn").Process(target=int)
    one.start(); one.join(); assert one.exitcode == 0
""",
    "change of directory": """
import os, tempfile

def test_chdir(): os.chdir(tempfile.mkdtemp())
""",
    "change of environment": """
import os

def test_empty_environment():
    os.environ.clear()
    os.environ["PYTEST_CURRENT_TEST"] = "x"
""",
    "trace function": """
import sys

def test_traces(): sys.settrace(lambda *_: None)
""",
    "profile function": """
import sys

def test_profiles(): sys.setprofile(lambda *_: None)
""",
    "memory limit": """
import pytest, resource

def test_exhausts_memory():
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + 30_000_000, limits[1]))
    hoard = []
    with pytest.raises(MemoryError):
        for _ in range(10_000): hoard.append(bytearray(1_000_000))
    hoard.clear()
    resource.setrlimit(resource.RLIMIT_AS, limits)

def test_few_files():
    _, high = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, high))
""",
    "threads left running": """
import threading, time

def run():
    while threading.main_thread().is_alive(): time.sleep(0.001)

def test_leaves_threads():
    for daemon in True, True, False: threading.Thread(target=run, daemon=daemon).start()
""",
    "engine of another thread": """
import threading
from sqlalchemy import create_engine, text

def test_engine_of_a_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(create_engine("sqlite://")))
    thread.start(); thread.join()
    with made[0].connect() as connection: connection.execute(text("SELECT 1"))
""",
}
