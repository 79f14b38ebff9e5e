"""Times every set-up and tear-down of a fixture where it happens, and says whose it is.

A shared fixture, one that more than one test can use, gets lines of its own and isn't part of the phase in
which it happened to be needed first. A function-scoped one is part of its test.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from json.encoder import encode_basestring_ascii as quoted
from operator import sub
from typing import TYPE_CHECKING, Any, Literal

import pytest

from paceline.clock import CLOCK
from paceline.metrics.ledger import LEDGER
from paceline.record.known_fixtures import OF_PARAMETER, Known, learn, parameter_member
from paceline.record.meter import less, plus
from paceline.record.outcome import codes_of
from paceline.record.text import Texts, members_text, operation_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paceline.record.meter import Mark, Meter, Reading

#: Seconds; a function- or class-scoped fixture that took less, and did nothing counted, isn't mentioned.
THRESHOLD = 1e-4

#: Looked at for every test: there is mostly nothing to take.
_ENTRIES = LEDGER.entries

_Event = Literal["setup", "teardown"]


class _Stretch:
    """A set-up or tear-down that is going on.

    Attributes:
        members: of its line, the same for set-up and tear-down.
        before: the moment at which it began.
        apart: what shared fixtures had taken in this phase by then.
        inner: what the fixtures took that were set up or torn down meanwhile.
        operations: texts of a shared fixture's own; of another, whether there were any.
    """

    __slots__ = ("apart", "before", "event", "fixturedef", "inner", "known", "members", "operations")

    def __init__(
        self,
        event: _Event,
        fixturedef: pytest.FixtureDef[Any],
        known: Known,
        members: str,
        apart: Reading | None,
        before: Mark,
    ) -> None:
        self.event: _Event = event
        self.fixturedef = fixturedef
        self.known = known
        self.members = members
        self.apart = apart
        self.before = before
        self.inner: Reading | None = None
        self.operations: Sequence[str] = ()


class Fixtures:
    """Hooks around fixtures; `Measure` tells where phases begin and end."""

    def __init__(
        self,
        meter: Meter,
        emit: Callable[[str], None],
        texts: Texts,
        named: Callable[[str], str],
        failed: Callable[[Exception], None],
    ) -> None:
        """Read `meter`; `emit` takes a line that `texts` wrote; `named` makes the recorded node id.

        `failed` is called with what goes wrong here.
        """
        self._meter = meter
        self._emit = emit
        self._texts = texts
        self._named = named
        self._failed = failed
        #: Set-ups and tear-downs that go on.
        self.stack: list[_Stretch] = []
        #: Shared fixtures' lines, up to the outcome, that wait for what ends the phase.
        self._ended: list[tuple[str, _Stretch, str]] = []
        self._uses: list[str] = []
        self._operations: list[str] = []
        self._apart: Reading | None = None
        self._known: dict[pytest.FixtureDef[Any], Known] = {}
        #: Whether there may be anything for the end of the phase, or left from outside of phases.
        self.pending = False
        #: The test that runs.
        self.item: pytest.Item | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Time a set-up, and see to it that the tear-down is timed."""
        if fixturedef.func is OF_PARAMETER:
            return (yield)
        stretch = self._set_up(fixturedef, request)
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
            if stretch is not None:
                self._was_set_up(stretch, outcome)

    def phase_begins(self) -> None:
        """Forget what happened outside of phases."""
        self.pending = bool(self._ended)
        self._apart = None
        LEDGER.clear()
        self.stack.clear()
        self._uses.clear()
        self._operations.clear()

    def take_operations(self) -> None:
        """Take what was done, while it is still known where."""
        inner = self.stack[-1] if self.stack else None
        fixture = inner.fixturedef.argname if inner is not None and not inner.known.shared else None
        self.pending = True
        texts = [operation_text(entry, fixture) for entry in LEDGER.take()]
        if inner is not None:
            inner.operations = [*inner.operations, *texts]
        if inner is None or not inner.known.shared:
            self._operations += texts

    def without_shared(self, told: Reading | float | None) -> Reading | float | None:
        """Return what the meter told of the phase without its shared fixtures."""
        if self._apart is None or told is None:
            return told
        return less(self._meter.whole(told), self._apart)

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
        codes = codes_of(raised) if raised is not None else frozenset[object]()
        for text, stretch, said in self._ended:
            # Nothing says that a finalizer has failed, but the error went through the fixture's function.
            failed = (
                stretch.event == "teardown" and getattr(stretch.fixturedef.func, "__code__", None) in codes
            )
            self._emit(f'{text},"outcome":"{"failed" if failed else said}"}}')
        self._ended.clear()

    def _set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> _Stretch | None:
        try:
            known = self._known.get(fixturedef)
            if known is None:
                known = self._known[fixturedef] = learn(fixturedef)
            members = known.members
            if hasattr(request, "param"):
                members += parameter_member(fixturedef, request)
            if known.ends:  # finalizers run in the opposite order: this one comes last
                fixturedef.addfinalizer(partial(self._torn_down, fixturedef))
            return self._begin("setup", fixturedef, known, members)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._failed(error)
            return None

    def _was_set_up(self, stretch: _Stretch, outcome: str) -> None:
        try:
            self._end(stretch, outcome)
            if stretch.known.ends:
                stretch.fixturedef.addfinalizer(partial(self._tear_down, stretch))
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._failed(error)

    def _tear_down(self, set_up: _Stretch) -> None:
        try:
            self._begin("teardown", set_up.fixturedef, set_up.known, set_up.members)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._failed(error)

    def _torn_down(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        try:
            for stretch in reversed(self.stack):
                if stretch.fixturedef is fixturedef and stretch.event == "teardown":
                    self._end(stretch, "passed")
                    return
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._failed(error)

    def _begin(
        self, event: _Event, fixturedef: pytest.FixtureDef[Any], known: Known, members: str
    ) -> _Stretch:
        if _ENTRIES:
            self.take_operations()
        stretch = _Stretch(event, fixturedef, known, members, self._apart, self._meter.begin())
        self.stack.append(stretch)
        return stretch

    def _end(self, stretch: _Stretch, outcome: str) -> None:
        took = CLOCK.counter() - stretch.before[0]
        if _ENTRIES:
            self.take_operations()
        if stretch not in self.stack:
            return
        while self.stack.pop() is not stretch:
            pass  # one that another plugin has kept from ending
        if took < THRESHOLD and not stretch.operations and not stretch.known.lasting:
            return
        total = self._meter.since(stretch.before)
        own = total if stretch.inner is None else less(total, stretch.inner)
        if self.stack:
            outer = self.stack[-1]
            outer.inner = total if outer.inner is None else plus(outer.inner, total)
        self.pending = True
        if stretch.known.shared:
            self._apart = own if self._apart is None else plus(self._apart, own)
            self._share(stretch, total, own, outcome)
        elif own[-1] >= THRESHOLD or stretch.operations:
            self._use(stretch, total, own)

    def _use(self, stretch: _Stretch, total: Reading, own: Reading) -> None:
        if self._apart is not stretch.apart and self._apart is not None:
            meanwhile = self._apart
            if stretch.apart is not None:
                meanwhile = list(map(sub, meanwhile, stretch.apart))
            total = less(total, meanwhile)
        values = f'"values":{self._texts.values(total)},"own":{self._texts.values(own)}'
        self._uses.append(f"{{{stretch.members},{values}}}")

    def _share(self, stretch: _Stretch, total: Reading, own: Reading, outcome: str) -> None:
        nodeid = "null" if self.item is None else quoted(self._named(self.item.nodeid))
        text = (
            f'{{"kind":"fixture",{stretch.members},"scope":"{stretch.known.scope}",'
            f'"event":"{stretch.event}","nodeid":{nodeid},"worker":{self._texts.worker},'
            f'"start":{CLOCK.at(stretch.before[0]):.6f},'
            f'"values":{self._texts.values(total)},"own":{self._texts.values(own)}'
        )
        if stretch.operations:
            text += members_text("operations", stretch.operations)
        self._ended.append((text, stretch, outcome))
