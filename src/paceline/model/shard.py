"""One of the parts into which a suite is divided."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of a suite.

    Attributes:
        number: 1 for the first.
        of: how many parts there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        """Return it as on the command line."""
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """Return what `text`, such as "2/3", stands for.

    Raises:
        ValueError: it is something else.
    """
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError(f"{text!r} is no part of a whole; write one such as 2/3")
    return Shard(number=int(found[1]), of=int(found[2]))
