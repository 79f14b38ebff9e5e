"""Test files with items of other kinds than functions, and with marks of other plugins, by name."""

from __future__ import annotations

KINDS = {
    "unittest": """
import unittest
from real import work

class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls): work(0.3)
    @classmethod
    def tearDownClass(cls): work(0.3)
    def setUp(self): work(0.01)
    def test_case(self): pass
    def test_other_case(self): pass
""",
    "doctest": '''
"""
>>> from real import work
>>> work()
"""
''',
    "subtests": """
import unittest
from real import work

def test_subtests(subtests):
    for number in range(3):
        with subtests.test(number=number): work()

def test_bad_subtest(subtests):
    for number in range(3):
        with subtests.test(number=number): assert number != 1

class SubCase(unittest.TestCase):
    def test_sub_case(self):
        for number in range(3):
            with self.subTest(number=number): self.assertNotEqual(number, 1)
""",
    "pytest-cov, -timeout, -rerunfailures and -randomly": """
import os, pathlib, pytest

@pytest.mark.flaky(reruns=2)
def test_flaky():
    tried = pathlib.Path(__file__ + ".tried")
    if not tried.exists():
        tried.touch()
        assert False

@pytest.mark.timeout(30)
def test_timed(): pass
""",
}
