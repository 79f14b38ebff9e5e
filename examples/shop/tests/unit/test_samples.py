"""The made-up catalogue."""

import re
from collections import Counter

from shop.samples import CATEGORIES, products


def test_catalogue_is_the_same_every_time() -> None:
    """No chance is involved."""
    assert list(products(50)) == list(products(50))


def test_larger_catalogue_begins_with_the_smaller() -> None:
    """Tests that ask for more see the same products first."""
    assert list(products(100))[:10] == list(products(10))


def test_skus_and_texts_are_unique() -> None:
    """No product occurs twice among thousands."""
    catalogue = list(products(5_000))
    assert len({product.sku for product in catalogue}) == 5_000
    assert len({(product.name, product.description) for product in catalogue}) == 5_000
    assert all(re.fullmatch(r"[A-Z]{3}-[0-9]{5}", product.sku) for product in catalogue)


def test_categories_are_filled_evenly() -> None:
    """Filters by category keep a quarter each."""
    counts = Counter(product.category for product in products(400))
    assert counts == dict.fromkeys(CATEGORIES, 100)


def test_prices_are_spread_within_bounds() -> None:
    """There are cheap and dear products, none free."""
    prices = [product.price_cents for product in products(1_000)]
    assert 0 < min(prices) < 1_000
    assert max(prices) < 20_000
    assert len(set(prices)) > 200
