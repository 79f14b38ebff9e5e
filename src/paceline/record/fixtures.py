"""Times every set-up and tear-down of a fixture where it happens, and says whose it is.

A shared fixture, one that more than one test can use, gets lines of its own and isn't part of the phase in
which it happened to be needed first. A function-scoped one is part of its test.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from inspect import isasyncgenfunction, isgeneratorfunction
from json.encoder import encode_basestring_ascii as quoted
from operator import add, sub
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from paceline.clock import CLOCK
from paceline.metrics.ledger import LEDGER
from paceline.record.text import members_text, operation_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, TracebackType

    from paceline.record.meter import Meter, Reading

#: Seconds; a function-scoped fixture that took less itself, and did nothing that is counted, isn't mentioned.
THRESHOLD = 1e-4

_Event = Literal["setup", "teardown"]


class _Stretch:
    """A set-up or tear-down that is going on."""

    __slots__ = (
        "before",
        "counted_apart",
        "event",
        "fixturedef",
        "inner",
        "members",
        "operations",
        "started",
    )

    def __init__(self, event: _Event, fixturedef: pytest.FixtureDef[Any], members: str) -> None:
        self.event: _Event = event
        self.fixturedef = fixturedef
        self.members = members
        self.operations: list[str] = []
        #: What the fixtures took that were set up or torn down meanwhile.
        self.inner: Reading | None = None
        self.counted_apart: Reading | None = None
        self.before: Reading = []
        self.started = 0.0


class _Ended:
    """A shared fixture's line that waits for the end of the phase, which tells what was raised."""

    __slots__ = ("code", "event", "outcome", "text")

    def __init__(self, text: str, event: _Event, outcome: str, code: CodeType | None) -> None:
        self.text = text
        self.event = event
        self.outcome = outcome
        self.code = code


class Fixtures:
    """Hooks around fixtures; `Measure` tells where phases begin and end."""

    def __init__(
        self,
        meter: Meter,
        emit: Callable[[str], None],
        values_text: Callable[[Sequence[float]], str],
        worker: str,
    ) -> None:
        """Read `meter`; `emit` takes a line; `worker` is quoted."""
        self._read = meter.read
        self._duration = meter.names.index("duration")
        self._emit = emit
        self._text = values_text
        self._worker = worker
        self._stack: list[_Stretch] = []
        self._ended: list[_Ended] = []
        self._uses: list[str] = []
        self._operations: list[str] = []
        self._apart: Reading | None = None
        #: The test that runs, quoted.
        self.nodeid = "null"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Time a set-up, and see to it that the tear-down is timed."""
        members = _members(fixturedef, request)
        ends = _may_end(fixturedef)
        if ends:  # finalizers run in the opposite order: this one comes last, and the other one first
            fixturedef.addfinalizer(partial(self._torn_down, fixturedef))
        stretch = self._begin("setup", fixturedef, members)
        outcome = "failed"
        try:
            result = yield
        except pytest.skip.Exception:
            outcome = "skipped"
            raise
        else:
            outcome = "passed"
            return result
        finally:
            self._end(stretch, outcome)
            if ends:
                fixturedef.addfinalizer(partial(self._begin, "teardown", fixturedef, members))

    def phase_begins(self) -> None:
        """Forget what happened outside of phases."""
        self._stack.clear()
        self._apart = None
        if LEDGER:
            self._take_operations()
        if self._uses:
            self._uses.clear()
        if self._operations:
            self._operations.clear()

    def phase_ends(self) -> None:
        """Give what was done to where it was done, while it is still known where."""
        if LEDGER:
            self._take_operations()

    def without_shared(self, values: Reading) -> Reading:
        """Return the values of the phase without its shared fixtures."""
        return values if self._apart is None else list(map(sub, values, self._apart))

    def phase_members(self, raised: BaseException | None) -> str:
        """Return the further members of the phase that has ended, and emit its shared fixtures."""
        if self._ended:
            self.release(raised)
        text = ""
        if self._uses:
            text = members_text("fixtures", self._uses)
            self._uses.clear()
        if self._operations:
            text += members_text("operations", self._operations)
            self._operations.clear()
        return text

    def release(self, raised: BaseException | None = None) -> None:
        """Emit the lines of shared fixtures that have ended; `raised` is what ended the phase."""
        codes = set(_codes(raised)) if raised is not None else set[object]()
        for ended in self._ended:
            outcome = "failed" if ended.event == "teardown" and ended.code in codes else ended.outcome
            self._emit(f'{ended.text},"outcome":"{outcome}"}}')
        self._ended.clear()

    def _begin(self, event: _Event, fixturedef: pytest.FixtureDef[Any], members: str) -> _Stretch:
        if LEDGER:
            self._take_operations()
        stretch = _Stretch(event, fixturedef, members)
        stretch.counted_apart = self._apart
        self._stack.append(stretch)
        stretch.started = CLOCK.counter()
        stretch.before = self._read()
        return stretch

    def _torn_down(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        for stretch in reversed(self._stack):
            if stretch.fixturedef is fixturedef and stretch.event == "teardown":
                self._end(stretch, "passed")
                return

    def _end(self, stretch: _Stretch, outcome: str) -> None:
        after = self._read()
        if stretch not in self._stack:
            return
        if LEDGER:
            self._take_operations()
        while self._stack.pop() is not stretch:
            pass  # one that another plugin has kept from ending
        total = list(map(sub, after, stretch.before))
        own = total if stretch.inner is None else list(map(sub, total, stretch.inner))
        if self._stack:
            outer = self._stack[-1]
            outer.inner = total if outer.inner is None else list(map(add, outer.inner, total))
        if stretch.fixturedef.scope == "function":
            self._use(stretch, total, own)
        else:
            self._share(stretch, total, own, outcome)

    def _use(self, stretch: _Stretch, total: Reading, own: Reading) -> None:
        if own[self._duration] < THRESHOLD and not stretch.operations:
            return
        if self._apart is not None and self._apart is not stretch.counted_apart:
            shared = self._apart
            if stretch.counted_apart is not None:
                shared = list(map(sub, shared, stretch.counted_apart))
            total = list(map(sub, total, shared))
        self._uses.append(f'{{{stretch.members},"values":{self._text(total)},"own":{self._text(own)}}}')

    def _share(self, stretch: _Stretch, total: Reading, own: Reading, outcome: str) -> None:
        self._apart = own if self._apart is None else list(map(add, self._apart, own))
        text = (
            f'{{"kind":"fixture",{stretch.members},"scope":"{stretch.fixturedef.scope}",'
            f'"event":"{stretch.event}","nodeid":{self.nodeid},"worker":{self._worker},'
            f'"start":{CLOCK.at(stretch.started):.6f},"values":{self._text(total)},"own":{self._text(own)}'
        )
        if stretch.operations:
            text += members_text("operations", stretch.operations)
        code = getattr(stretch.fixturedef.func, "__code__", None)
        self._ended.append(_Ended(text, stretch.event, outcome, code))

    def _take_operations(self) -> None:
        taken = list(LEDGER.take())
        inner = self._stack[-1] if self._stack else None
        if inner is None:
            self._operations += [operation_text(entry) for entry in taken]
        elif inner.fixturedef.scope == "function":
            inner.operations.append("")  # there were some
            self._operations += [operation_text(entry, inner.fixturedef.argname) for entry in taken]
        else:
            inner.operations += [operation_text(entry) for entry in taken]


def _members(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str:
    param = _param(fixturedef, request) if hasattr(request, "param") else None
    text = f'"argname":{quoted(fixturedef.argname)},"baseid":{quoted(fixturedef.baseid)}'
    return text if param is None else f'{text},"param":{quoted(param)}'


def _param(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str:
    """Return the id of the parameter, near to how pytest makes it."""
    param = request.param
    at = int(getattr(request, "param_index", 0))  # not in pytest's public type
    ids = fixturedef.ids
    given = ids(param) if callable(ids) else ids[at] if ids and at < len(ids) else None
    if given is None and isinstance(param, str | int | float | bool | None):
        given = param
    return str(given) if given is not None or param is None else f"{fixturedef.argname}{at}"


def _may_end(fixturedef: pytest.FixtureDef[Any]) -> bool:
    """Tell whether there is anything to tear down: nothing else can add a finalizer."""
    func = fixturedef.func
    return isgeneratorfunction(func) or "request" in fixturedef.argnames or isasyncgenfunction(func)


def _codes(error: BaseException) -> Iterator[object]:
    """Yield the code of every frame that `error`, or what it stands for, went through."""
    if isinstance(error, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _codes(member)
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next
