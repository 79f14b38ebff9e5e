"""A pytest plugin for `paceline gate`: tells which modules came from the other side's folder.

If there are any, both sides ran the same code, and a comparison of them would say that nothing changed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Variables that hold the folder of the other side, the file to write to, and the base's own environment.
OTHER = "PACELINE_OTHER_SIDE"
ENVIRONMENT = "PACELINE_BASE_ENV"
OUT = "PACELINE_WITNESS"


def pytest_sessionfinish() -> None:
    """Append the names of the modules; each process of pytest-xdist adds its own."""
    other, out = os.environ.get(OTHER), os.environ.get(OUT)
    if not (other and out):
        return
    own = os.environ.get(ENVIRONMENT) or os.devnull
    found = [
        name
        for name, module in list(sys.modules.items())
        if _is_within(module, other) and not _is_within(module, own)
    ]
    if found:
        with Path(out).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in sorted(found))


def _is_within(module: object, folder: str) -> bool:
    file: object = getattr(module, "__dict__", {}).get("__file__")
    # An environment inside of the project's folder is shared on purpose.
    return isinstance(file, str) and file.startswith(folder + os.sep) and "site-packages" not in file
