"""What stays the same about a fixture, and how the run file names it."""

from __future__ import annotations

from inspect import isasyncgenfunction, isgeneratorfunction
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, NamedTuple

import _pytest.python

if TYPE_CHECKING:
    import pytest

_LASTING = ("module", "package", "session")
#: Function of the fixtures that pytest makes of a test's direct parameters: they do nothing.
OF_PARAMETER = getattr(_pytest.python, "get_direct_param_fixture_func", None)


class Known(NamedTuple):
    """What is the same for every set-up of a fixture.

    Attributes:
        members: of its lines.
        ends: whether there may be something to tear down.
        shared: whether more than one test can use the fixture.
        lasting: whether it is mentioned however little it took.
    """

    members: str
    ends: bool
    scope: str
    shared: bool
    lasting: bool


def learn(fixturedef: pytest.FixtureDef[Any]) -> Known:
    """Look at a fixture once."""
    scope = str(fixturedef.scope)
    return Known(
        members=f'"argname":{quoted(fixturedef.argname)},"baseid":{quoted(fixturedef.baseid)}',
        ends=_may_end(fixturedef),
        scope=scope,
        shared=scope != "function",
        lasting=scope in _LASTING,
    )


def parameter_member(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str:
    """Return a further member with the id of the parameter, near to how pytest makes it."""
    param = request.param
    at = int(getattr(request, "param_index", 0))  # not in pytest's public type
    ids = fixturedef.ids
    given = ids(param) if callable(ids) else ids[at] if ids and at < len(ids) else None
    if given is None and isinstance(param, str | int | float | bool | None):
        given = param
    name = str(given) if given is not None or param is None else f"{fixturedef.argname}{at}"
    return f',"param":{quoted(name)}'


def _may_end(fixturedef: pytest.FixtureDef[Any]) -> bool:
    """Tell whether there may be something to tear down: nothing else can add a finalizer."""
    func = fixturedef.func
    return isgeneratorfunction(func) or isasyncgenfunction(func) or "request" in fixturedef.argnames
