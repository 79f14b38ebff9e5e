"""A suite that does to its process what suites do: the text of its files, run by a pytest of its own."""

from __future__ import annotations

from tests.plugin.hostile.clocks import CLOCKS
from tests.plugin.hostile.fixtures import FIXTURES
from tests.plugin.hostile.kinds import KINDS
from tests.plugin.hostile.process import PROCESS

#: Where no library that freezes clocks looks for one, and a pause that no patched clock ends early.
REAL = """
import time

class Real:
    counter = staticmethod(time.perf_counter)

def work(seconds=0.05):
    end = Real.counter() + seconds
    while Real.counter() < end: pass
"""

#: By the item of the list in `test_must_survive.py`.
FILES = CLOCKS | PROCESS | FIXTURES | KINDS
