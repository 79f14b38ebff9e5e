"""A fingerprint of a test's own code, by which a comparison knows that the test itself was changed.

It is taken from what Python has compiled, so that no file is read and comments don't count. Compilers and
pytest's rewriting of assertions differ between versions; the fingerprint names both, and only those made by
the same are ever compared.
"""

from __future__ import annotations

import marshal
import sys
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any, cast

import pytest

#: Its last part stands for the way in which it's made here.
_MADE_BY = f"{sys.implementation.cache_tag}-{pytest.__version__}-2:"
_INVOLVED = frozenset({CodeType, frozenset})
_KNOWN: dict[tuple[int, type | None], tuple[CodeType, str]] = {}


def source_hash(function: object, owner: type | None = None) -> str | None:
    """Return the fingerprint of a test's function and of what its class has besides tests.

    Parameters of a parametrized test are no part of it. A second call for the same code is a look-up.

    Args:
        function: as pytest holds it in `item.obj`, bound or not.
        owner: the class of the test, `item.cls`; None for a function of a module.

    Returns:
        None if it isn't a Python function.
    """
    bare: Any = function
    while inner := getattr(bare, "__func__", None) or getattr(bare, "__wrapped__", None):
        bare = inner
    code = getattr(bare, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    known = _KNOWN.get((id(code), owner))
    if known is None:
        # The code is kept, so that no other can get its id.
        known = _KNOWN[id(code), owner] = code, _MADE_BY + _fingerprint(code, owner)
    return known[1]


def forget() -> None:
    """Keep no fingerprint any longer: those of tests that are going to run have been written down."""
    _KNOWN.clear()


def _fingerprint(code: CodeType, owner: type | None) -> str:
    parts = _parts(code)
    for name, member in sorted(vars(owner).items()) if owner is not None else ():
        if isinstance(member, FunctionType) and not name.startswith("test"):
            parts += _parts(member.__code__)
    return blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _parts(code: CodeType) -> list[bytes]:
    """Return what makes a difference when `code` runs; line numbers don't."""
    names = [code.co_name, "", *code.co_names, "", *code.co_varnames, "", *code.co_freevars, ""]
    constants = code.co_consts
    parts = [code.co_code, "\0".join(names).encode()]
    if _INVOLVED.isdisjoint(map(type, constants)):
        # Each test pays for this; a version of the format in which equal values are equal bytes.
        parts.append(marshal.dumps(constants, 2))
        return parts
    for constant in constants:
        if isinstance(constant, CodeType):
            parts += _parts(constant)
        elif isinstance(constant, frozenset):
            # Its order depends on the hash seed of the process.
            members = cast("frozenset[object]", constant)
            parts.append(repr(sorted(repr(item) for item in members)).encode())
        else:
            parts.append(marshal.dumps(constant, 2))
    return parts
