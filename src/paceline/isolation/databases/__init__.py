"""One file, or one folder where it has grown, per database product. A new product is a new file here.

A file is found by its name, which is also what suites write into `requires`. It is either a product, with
everything that `paceline.isolation.product.Product` lists, or an extension of one, with `DATABASE` and
`EXTENSION`.
A name with an underscore is part of something else.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from paceline.errors import ConfigError
from paceline.isolation.product import Product, Requirement
from paceline.tables import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What is used where nothing says otherwise.
DEFAULT = "postgresql"


def names() -> tuple[str, ...]:
    """Return the names of all files, the default product first."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if "_" not in module.name)
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


@cache
def requirement(name: str) -> Requirement:
    """Return what `name` in `requires` stands for.

    Raises:
        ConfigError: there is no such file.
    """
    if name not in names():
        hint = nearest(name, names()) or f"There are {', '.join(names())}."
        raise ConfigError(f"nothing is known about a database {name!r}", hint=hint)
    module: Any = import_module(f"{__name__}.{name}")
    if hasattr(module, "EXTENSION"):
        return Requirement(name=name, database=module.DATABASE, extension=module.EXTENSION)
    return Requirement(name=name, database=name)


def product(name: str) -> Product:
    """Return the product in the file `name`, or the one that the extension there belongs to.

    Raises:
        ConfigError: there is no such file.
    """
    return cast("Product", import_module(f"{__name__}.{requirement(name).database}"))


def products() -> tuple[Product, ...]:
    """Return all of them, the default first."""
    return tuple(product(name) for name in names() if not requirement(name).extension)


def of_scheme(scheme: str) -> Product | None:
    """Return the product whose URLs begin with `scheme`; a driver after a plus sign is ignored."""
    backend = scheme.partition("+")[0]
    return next((each for each in products() if backend in each.SCHEMES), None)


def name_of(wanted: Product) -> str:
    """Return the name of the file of a product."""
    return next(name for name in names() if product(name) is wanted and not requirement(name).extension)


def extensions(required: Iterable[str], of: Product) -> frozenset[str]:
    """Return the extensions of the product `of` that are among what is `required`."""
    known = (requirement(name) for name in required)
    return frozenset(each.extension for each in known if each.extension and product(each.name) is of)
