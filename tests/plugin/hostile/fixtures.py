"""Test files with fixtures of all kinds, by the name of the kind."""

from __future__ import annotations

FIXTURES = {
    "fixture that raises in set-up": """
import pytest

@pytest.fixture(scope="module")
def raises_early(): raise ValueError("early")

def test_raises_early(raises_early): pass
""",
    "fixture that raises in tear-down": """
import pytest

@pytest.fixture
def raises_late():
    yield
    raise ValueError("late")

def test_raises_late(raises_late): pass
""",
    "fixture that raises in both": """
import pytest

@pytest.fixture
def raises_twice(request):
    def fail(): raise KeyError("late")
    request.addfinalizer(fail)
    raise ValueError("early")

def test_raises_twice(raises_twice): pass
""",
    "getfixturevalue": """
import pytest
from real import work

@pytest.fixture(scope="module")
def asked_for():
    work(0.3)
    yield 1

@pytest.fixture
def asking(request): return request.getfixturevalue("asked_for")

def test_asks(request): assert request.getfixturevalue("asking") == 1
""",
    "overridden fixture": """
import pytest
from real import work

@pytest.fixture
def overridden():
    work(0.01)
    return 1

class TestIt:
    @pytest.fixture
    def overridden(self, overridden):
        work(0.01)
        return overridden + 1

    def test_overridden(self, overridden): assert overridden == 2
""",
    "parametrized shared fixture": """
import pytest
from real import work

@pytest.fixture(scope="module", params=["small", "large"])
def sized(request):
    work(0.3)
    yield request.param

def test_sized(sized): pass
def test_sized_again(sized): pass
""",
    "fixture torn down early": """
import pytest
from real import work

@pytest.fixture(scope="module")
def setting(request): return request.param

@pytest.fixture(scope="module")
def early(setting):
    yield
    work(0.3)

@pytest.mark.parametrize("setting", ["one", "two"], indirect=True)
def test_early(early): pass

def test_needs_none_of_it(): pass
""",
    "async fixture (pytest-asyncio)": """
import asyncio, pytest, pytest_asyncio

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slow_loop():
    await asyncio.sleep(0.3)
    yield
    await asyncio.sleep(0.3)

@pytest_asyncio.fixture
async def row():
    await asyncio.sleep(0.03)
    yield
    await asyncio.sleep(0.02)

@pytest.mark.asyncio
async def test_of_asyncio(slow_loop, row): await asyncio.sleep(0)
""",
    "async fixture (anyio)": """
import anyio, pytest

@pytest.fixture(scope="module")
def anyio_backend(): return "asyncio"

@pytest.fixture(scope="module")
async def slow_backend(anyio_backend):
    await anyio.sleep(0.3)
    yield
    await anyio.sleep(0.3)

@pytest.fixture
async def row(anyio_backend):
    await anyio.sleep(0.03)
    yield
    await anyio.sleep(0.02)

@pytest.mark.anyio
async def test_of_anyio(slow_backend, row): await anyio.sleep(0)
""",
}
