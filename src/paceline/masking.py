"""Texts without the passwords that URLs and the parameters of connections have in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MASK = "***"
_HIDDEN = r"[\w.]*(?:passw(?:or)?d|passfile|passphrase|secret|token)[\w.]*"
_PARAMETER = re.compile(rf"\b({_HIDDEN}\s*(?:=|%3D)\s*)('[^']*'|\"[^\"]*\"|[^\s&'\",;)]+)", re.IGNORECASE)
#: A password may hold what should have been percent-encoded, so it ends at the last @ of a word.
_LOGIN = re.compile(r"(\b[a-z][a-z\d+.-]*://[^\s:/@'\"]*):[^\s'\"]*@", re.IGNORECASE)


def is_secret(parameter: str) -> bool:
    """Tell whether a parameter with this name holds something that nobody else should see."""
    return re.fullmatch(_HIDDEN, parameter, re.IGNORECASE) is not None


def masked(text: str) -> str:
    """Return `text` with the passwords in URLs, and the values of parameters that are called so, hidden."""
    return _PARAMETER.sub(rf"\1{_MASK}", _LOGIN.sub(rf"\1:{_MASK}@", text))


def masked_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words of a command line, with passwords hidden."""
    return tuple(map(masked, words))
