"""Test files that need a run of their own."""

from __future__ import annotations

#: Run alone: pytest's capturing doesn't survive it, nor does a worker of pytest-xdist that loses its pipe.
CLOSES_DESCRIPTORS = """
import os, stat

def is_pipe(number):
    try: mode = os.fstat(number).st_mode
    except OSError: return True
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)

def close(numbers):
    for number in numbers: os.close(number)
    kept = [os.open("mine", os.O_RDWR | os.O_CREAT) for _ in range(20)]
    os.write(kept[0], b"precious")

def test_closes_all_but_pipes(): close([number for number in range(3, 4096) if not is_pipe(number)])
def test_reads_what_it_wrote(): assert open("mine").read() == "precious"
"""
CLOSES_PIPES_TOO = """
import os

def test_before(): pass
def test_closes_all(): os.closerange(3, 4096)
def test_after(): pass
"""
