"""Search by meaning on a small catalogue: ranking, filters, ties, and what changes do to it."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from shop.catalogue import change_product, refresh_embedding
from shop.embedding import EMBEDDER
from shop.errors import NotFoundError
from shop.models import Product, ProductEmbedding
from shop.search import Filters, search, similar

pytestmark = pytest.mark.pgvector

MakeProduct = Callable[..., Product]


def test_same_text_is_found_at_distance_zero(session: Session, make_product: MakeProduct) -> None:
    """A product is the nearest thing to its own text."""
    product = make_product("Walnut chessboard", "With hidden drawers.")
    hit = search(session, "walnut chessboard with hidden drawers", limit=1)[0]
    assert hit.product is product
    assert hit.distance == pytest.approx(0.0, abs=1e-6)


def test_hits_come_nearest_first(session: Session) -> None:
    """Distances rise down the list and stay between 0 and 2."""
    distances = [hit.distance for hit in search(session, "steel kettle for every day", limit=20)]
    assert distances == sorted(distances)
    assert 0.0 <= distances[0] < distances[-1] <= 2.0


def test_same_word_outranks_a_form_of_it(session: Session, make_product: MakeProduct) -> None:
    """The word itself is nearer than a form of it, and that nearer than another word."""
    word = make_product("Xylophone")
    part = make_product("Xylophones")
    nothing = make_product("Umbrella")
    order = [hit.product for hit in search(session, "xylophone", limit=50)]
    assert order.index(word) < order.index(part) < order.index(nothing)


def test_misspelled_word_still_finds_the_product(session: Session, make_product: MakeProduct) -> None:
    """Trigrams carry a search over a typing error."""
    product = make_product("Accordion")
    assert search(session, "acordion", limit=1)[0].product is product


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_no_more_than_the_limit_is_returned(session: Session, limit: int) -> None:
    """The limit is also reached, for any product is somewhere."""
    assert len(search(session, "teapot", limit=limit)) == limit


@pytest.mark.parametrize("query", ["", "   ", "?!", "---"])
def test_query_without_words_finds_nothing(session: Session, query: str) -> None:
    """What has no meaning has no neighbours."""
    assert search(session, query) == ()


def test_category_filter_keeps_only_its_products(session: Session) -> None:
    """All hits are from the category and no product of it is left out."""
    hits = search(session, "steel kettle", filters=Filters(category="garden"), limit=50)
    assert {hit.product.category.slug for hit in hits} == {"garden"}
    assert len(hits) == 6


def test_price_filter_includes_its_bound(session: Session, make_product: MakeProduct) -> None:
    """A product at exactly the highest price is a hit, one cent more isn't."""
    at, above = make_product("Zither", price_cents=5_000), make_product("Zither", price_cents=5_001)
    found = [
        hit.product for hit in search(session, "zither", filters=Filters(max_price_cents=5_000), limit=50)
    ]
    assert at in found
    assert above not in found


def test_filters_are_combined(session: Session, make_product: MakeProduct) -> None:
    """A hit fulfils all filters at once."""
    make_product("Zither", price_cents=100, category="office")
    make_product("Zither", price_cents=90_000, category="garden")
    wanted = make_product("Zither", price_cents=100, category="garden")
    filters = Filters(category="garden", max_price_cents=200)
    assert [hit.product for hit in search(session, "zither", filters=filters)] == [wanted]


def test_unknown_category_finds_nothing(session: Session) -> None:
    """A filter that nothing fulfils gives an empty result, not an error."""
    assert search(session, "kettle", filters=Filters(category="cellar")) == ()


def test_retired_product_is_not_found(session: Session, make_product: MakeProduct) -> None:
    """Inactive products keep their vector and stay out of the results."""
    product = make_product("Zither")
    change_product(session, product, active=False)
    assert product not in [hit.product for hit in search(session, "zither", limit=50)]
    assert session.get(ProductEmbedding, product.id) is not None


def test_ties_are_broken_by_id(session: Session, make_product: MakeProduct) -> None:
    """Equal texts have equal distances and come in the order in which they were added."""
    twins = [make_product("Zither", "Well tempered.") for _ in range(4)]
    hits = search(session, "zither", limit=4)
    assert [hit.product for hit in hits] == twins
    assert len({hit.distance for hit in hits}) == 1


def test_changed_text_is_found_by_its_new_meaning(session: Session, make_product: MakeProduct) -> None:
    """Changing the description embeds the product again, before the commit already."""
    product = make_product("Box", "For letters.")
    before = search(session, "harpsichord tuning", limit=1)[0].product
    change_product(session, product, description="Harpsichord tuning set.")
    after = search(session, "harpsichord tuning", limit=1)[0].product
    assert before is not product
    assert after is product


def test_changed_price_keeps_the_vector(session: Session, make_product: MakeProduct) -> None:
    """What isn't part of the text doesn't cost an embedding."""
    product = make_product("Zither")
    mark = update(ProductEmbedding).where(ProductEmbedding.product_id == product.id)
    session.execute(mark.values(embedder="untouched"))
    change_product(session, product, price_cents=77)
    assert session.get_one(ProductEmbedding, product.id, populate_existing=True).embedder == "untouched"


def test_new_embedder_replaces_the_row(session: Session, make_product: MakeProduct) -> None:
    """Embedding again overwrites vector and name instead of adding a row."""
    product = make_product("Zither")
    stale = update(ProductEmbedding).where(ProductEmbedding.product_id == product.id)
    session.execute(stale.values(embedder="old", vector=[1.0] + [0.0] * 95))
    refresh_embedding(session, product)
    assert session.get_one(ProductEmbedding, product.id, populate_existing=True).embedder == EMBEDDER
    assert search(session, "zither", limit=1)[0].product is product


def test_product_without_vector_is_missing_from_the_search(
    session: Session, make_product: MakeProduct
) -> None:
    """It doesn't break the others' search, and asking for what is like it is refused."""
    product = make_product("Zither")
    session.execute(delete(ProductEmbedding).where(ProductEmbedding.product_id == product.id))
    assert product not in [hit.product for hit in search(session, "zither", limit=50)]
    with pytest.raises(NotFoundError, match="has no vector"):
        similar(session, product)


def test_product_is_not_similar_to_itself(session: Session, make_product: MakeProduct) -> None:
    """The nearest neighbour of a product is the other one of its kind."""
    first, second = make_product("Zither, large"), make_product("Zither, small")
    assert next(hit.product for hit in similar(session, first, limit=3)) is second
    assert first not in [hit.product for hit in similar(session, first, limit=50)]


def test_similarity_is_mutual(session: Session, make_product: MakeProduct) -> None:
    """The distance is the same in both directions."""
    first, second = make_product("Zither, large"), make_product("Zither, small")
    there = similar(session, first, limit=1)[0].distance
    back = similar(session, second, limit=1)[0].distance
    assert there == pytest.approx(back)


def test_rolled_back_product_is_not_found(session: Session, make_product: MakeProduct) -> None:
    """The index forgets what was never committed."""
    session.commit()
    make_product("Zither")
    assert search(session, "zither", limit=1)[0].product.name == "Zither"
    session.rollback()
    assert search(session, "zither", limit=1)[0].product.name != "Zither"
