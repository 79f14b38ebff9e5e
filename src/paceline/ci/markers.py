"""Markers and flags as a project's test code uses them, read without importing it: pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from paceline.ci.sources import Sources

#: Those of pytest and of its plugins: they say how a test runs, not which suite it belongs to.
_TECHNICAL = frozenset(
    [
        "anyio",
        "asyncio",
        "asyncio_cooperative",
        "benchmark",
        "budget",
        "curio",
        "dependency",
        "depends",
        "django_db",
        "django_db_reset_sequences",
        "fail_slow",
        "filterwarnings",
        "flaky",
        "forked",
        "freeze_time",
        "hypothesis",
        "ignore_template_errors",
        "leak_connections",
        "limit_leaks",
        "limit_memory",
        "mpl_image_compare",
        "no_cover",
        "order",
        "parallel_threads",
        "parametrize",
        "random_order",
        "randomly",
        "repeat",
        "run",
        "run_in_subprocess",
        "serial",
        "skip",
        "skipif",
        "skipif_with_fixture",
        "thread_unsafe",
        "time_machine",
        "timeout",
        "trio",
        "tryfirst",
        "trylast",
        "unsafe_urls",
        "urls",
        "usefixtures",
        "vcr",
        "xdist_group",
        "xfail",
    ]
)
_PREFIX = re.compile(r"^--(?:run|with|enable|include|only|test)?[-_]?(.+?)(?:[-_]?tests?)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerUse:
    """A marker in the tests.

    Attributes:
        uses: how often it stands there.
        files: the test files that have it.
    """

    name: str
    uses: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A switch that a conftest adds to pytest.

    Attributes:
        option: such as "--runslow".
        where: `file:line`.
        subject: what it is about in its own words, such as "slow".
    """

    option: str
    where: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCode:
    """What the test code says.

    Attributes:
        registered: markers that a conftest registers.
    """

    __test__ = False

    markers: tuple[MarkerUse, ...]
    flags: tuple[Flag, ...]
    registered: tuple[str, ...]


def read_test_code(sources: Sources) -> TestCode:
    """Return the markers and flags of a project; a file that Python can't parse says nothing."""
    uses: Counter[str] = Counter()
    files: dict[str, set[str]] = {}
    flags: list[Flag] = []
    registered: list[str] = []
    for name, text in sources.tests():
        if "pytest" not in text and "addoption" not in text:
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            marker = _marker(node)
            if marker is not None:
                uses[marker] += 1
                files.setdefault(marker, set()).add(name)
            elif isinstance(node, ast.Call):
                flags.extend(_flags(node, name))
                registered.extend(_registered(node))
    return TestCode(
        markers=tuple(
            MarkerUse(name=name, uses=number, files=tuple(sorted(files[name])))
            for name, number in sorted(uses.items())
            if name not in _TECHNICAL
        ),
        flags=tuple(dict.fromkeys(flags)),
        registered=tuple(dict.fromkeys(registered)),
    )


def _marker(node: ast.AST) -> str | None:
    """Return NAME of `pytest.mark.NAME`, or of `mark.NAME`."""
    if not isinstance(node, ast.Attribute):
        return None
    match node.value:
        case ast.Attribute(attr="mark", value=ast.Name(id="pytest")) | ast.Name(id="mark"):
            return node.attr
        case _:
            return None


def _flags(call: ast.Call, file: str) -> Iterator[Flag]:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "addoption"):
        return
    action = next((word.value for word in call.keywords if word.arg == "action"), None)
    if not (isinstance(action, ast.Constant) and action.value == "store_true"):
        return
    for argument in call.args:
        if isinstance(argument, ast.Constant) and str(argument.value).startswith("--"):
            option = str(argument.value)
            found = _PREFIX.match(option)
            yield Flag(
                option=option, where=f"{file}:{call.lineno}", subject=found[1] if found else option[2:]
            )


def _registered(call: ast.Call) -> Iterator[str]:
    match call:
        case ast.Call(
            func=ast.Attribute(attr="addinivalue_line"),
            args=[ast.Constant(value="markers"), ast.Constant(value=str(text))],
        ):
            yield re.split(r"[:(]", text, maxsplit=1)[0].strip()
        case _:
            return
