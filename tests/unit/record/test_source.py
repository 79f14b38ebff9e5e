"""The fingerprint by which a comparison knows that a test itself was changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from paceline.record.source import source_hash


def function(body: str, before: str = "") -> Callable[..., object]:
    """Return a function compiled from source, with lines before it."""
    names: dict[str, Any] = {}
    exec(compile(f"{before}\ndef test_x():\n    {body}\n", "t.py", "exec"), names)
    made: Callable[..., object] = names["test_x"]
    return made


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("return 1", "return 2"),
        ("return a.b", "return a.c"),
        ("return a + b", "return a - b"),
        ("return (lambda: 1)()", "return (lambda: 2)()"),
        ("return x in {1, 2}", "return x in {1, 3}"),
    ],
)
def test_other_code_has_another_fingerprint(one: str, two: str) -> None:
    """Constants, names, operations and what is nested."""
    assert source_hash(function(one)) != source_hash(function(two))


def test_lines_and_comments_do_not_count() -> None:
    """Code above the test may grow."""
    assert source_hash(function("return 1")) == source_hash(function("return 1  # so", before="\n\nx = 2"))


def test_the_class_counts_and_its_other_tests_do_not() -> None:
    """A helper of the class is part of the test."""

    def made(value: int, other: int) -> type:
        names: dict[str, Any] = {}
        source = f"class T:\n  def help(self): return {value}\n  def test_a(self): pass\n"
        exec(f"{source}  def test_b(self): return {other}\n", names)
        found: type = names["T"]
        return found

    plain, helped, tested = made(1, 1), made(2, 1), made(1, 2)
    hashes = [source_hash(kind.test_a, kind) for kind in (plain, helped, tested)]  # type: ignore[attr-defined]  # made above
    assert hashes[0] == hashes[2] != hashes[1]


def test_decorators_and_bound_methods_are_seen_through() -> None:
    """What pytest holds is often not the bare function."""

    def bare() -> int:
        return 1

    @wraps(bare)
    def outer() -> int:
        return bare()

    class Holder:
        def test(self) -> int:
            return 1

    assert source_hash(outer) == source_hash(bare)
    assert source_hash(Holder().test) == source_hash(Holder.test)


@pytest.mark.parametrize("strange", [None, 3, len, partial(len, "")])
def test_what_has_no_code_has_no_fingerprint(strange: object) -> None:
    """Doctests and items of other plugins."""
    assert source_hash(strange) is None


def test_it_is_the_same_in_every_process() -> None:
    """Whatever the hash seed makes of the order in a set."""
    script = (
        "from paceline.record.source import source_hash\n"
        "def test(): return 'x' in {'a', 'b', 'c', 'd', 'e'}\n"
        "print(source_hash(test))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_it_names_what_made_it() -> None:
    """So that an update of Python or pytest doesn't look like a change of every test."""
    found = source_hash(function("pass"))
    assert found is not None
    assert found.startswith(f"{sys.implementation.cache_tag}-{pytest.__version__}-2:")
