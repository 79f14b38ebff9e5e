"""A SQLAlchemy that is built otherwise ends in one clear message, not in a leak."""

from __future__ import annotations

import pytest
import sqlalchemy

from paceline.errors import SharedTransactionError
from paceline.isolation.shared import engines


def test_this_sqlalchemy_is_known() -> None:
    """Nothing is said about the versions that are tested."""
    engines.check_assumptions()


@pytest.mark.parametrize("name", ["_ConnectionRecord", "_OptionEngine"])
def test_an_unknown_sqlalchemy_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The message has the version, what differs, and what to do."""
    monkeypatch.setattr(engines, name, None)

    with pytest.raises(SharedTransactionError, match="pin SQLAlchemy to") as caught:
        engines.check_assumptions()

    assert f"doesn't know SQLAlchemy {sqlalchemy.__version__} (it differs in {name[1:]}" in str(
        caught.value
    ).replace("(it differs in _", "(it differs in ")
