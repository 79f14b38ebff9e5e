"""A fingerprint of a test's own code, by which a comparison knows that the test itself was changed.

It is taken from what Python has compiled, so that no file is read and comments don't count. Compilers and
pytest's rewriting of assertions differ between versions; the fingerprint names both, and only those made by
the same are ever compared.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any, cast

import pytest

_MADE_BY = f"{sys.implementation.cache_tag}-{pytest.__version__}:"


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
    return _fingerprint(code, owner) if isinstance(code, CodeType) else None


@cache
def _fingerprint(code: CodeType, owner: type | None) -> str:
    digest = blake2b(digest_size=8)
    for part in _parts(code):
        digest.update(part)
    for name, member in sorted(vars(owner).items()) if owner is not None else ():
        if isinstance(member, FunctionType) and not name.startswith("test"):
            for part in _parts(member.__code__):
                digest.update(part)
    return _MADE_BY + digest.hexdigest()


def _parts(code: CodeType) -> list[bytes]:
    """Return what makes a difference when `code` runs; line numbers don't."""
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars)
    parts = [code.co_code, repr(names).encode()]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            parts.extend(_parts(constant))
        elif isinstance(constant, frozenset):
            # Its order depends on the hash seed of the process.
            members = cast("frozenset[object]", constant)
            parts.append(repr(sorted(repr(item) for item in members)).encode())
        else:
            parts.append(repr(constant).encode())
    return parts
