"""Money in cents."""

import pytest

from shop.pricing import as_text, discounted


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [(1_000, 0, 1_000), (1_000, 20, 800), (999, 15, 849), (1, 50, 1), (3, 50, 2), (1, 90, 0)],
)
def test_discount_is_rounded_half_up(price: int, percent: int, expected: int) -> None:
    """Half a cent goes to the shop."""
    assert discounted(price, percent) == expected


def test_discount_never_raises_a_price() -> None:
    """Whatever is taken off, the result is between nothing and the price."""
    for price in range(1, 200):
        for percent in range(91):
            assert 0 <= discounted(price, percent) <= price


@pytest.mark.parametrize(
    ("cents", "expected"),
    [(0, "0.00"), (5, "0.05"), (123_456, "1,234.56"), (-250, "-2.50"), (100_000_000, "1,000,000.00")],
)
def test_amounts_are_written_with_separators(cents: int, expected: str) -> None:
    """Thousands are grouped and cents have two digits."""
    assert as_text(cents) == expected
