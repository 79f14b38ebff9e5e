"""The shared connection as the listeners of another engine see it."""

from __future__ import annotations

from typing import Any


class Guest:
    """Lets them set the connection up, but neither end its transaction nor change who begins the next."""

    def __init__(self, real: Any) -> None:
        """Lend them `real`."""
        vars(self)["_real"] = real

    def __getattr__(self, name: str) -> Any:
        """Whatever isn't about transactions is the driver's own."""
        return getattr(vars(self)["_real"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep transactions as they are; pass the rest on."""
        if name not in {"isolation_level", "autocommit"}:
            setattr(vars(self)["_real"], name, value)

    def autocommit(self, value: object) -> None:
        """Do nothing."""

    def commit(self) -> None:
        """Do nothing."""

    rollback = commit
