"""Password hashes."""

import pytest

from shop.passwords import ITERATIONS, hash_password, verify_password


def test_password_matches_its_own_hash_only() -> None:
    """One wrong letter is enough."""
    encoded = hash_password("correct horse", iterations=10)
    assert verify_password("correct horse", encoded)
    assert not verify_password("correct horsE", encoded)


def test_same_password_has_different_hashes() -> None:
    """The salt hides that two people chose the same word."""
    assert hash_password("battery", iterations=10) != hash_password("battery", iterations=10)


def test_hash_remembers_its_cost() -> None:
    """Old hashes stay valid when the default rises."""
    assert hash_password("staple", iterations=7).startswith("7$")


def test_default_cost_is_not_lowered_by_accident() -> None:
    """The recommendation for PBKDF2-SHA256 is 600,000 rounds or more."""
    assert ITERATIONS >= 600_000


@pytest.mark.parametrize("encoded", ["", "plain", "10$zz$zz"])
def test_malformed_hash_is_an_error(encoded: str) -> None:
    """Something that isn't a hash is never just a wrong password."""
    with pytest.raises(ValueError, match=r"unpack|hexadecimal"):
        verify_password("any", encoded)
