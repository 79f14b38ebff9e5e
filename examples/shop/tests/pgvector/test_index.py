"""The HNSW index on a catalogue large enough to need it. Building that catalogue is the slow part."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import ClauseElement, Engine, create_engine, delete, func, select, text
from sqlalchemy.orm import Session

from shop import samples
from shop.catalogue import NewProduct, add_product
from shop.embedding import embed
from shop.models import Product, ProductEmbedding
from shop.search import Filters, nearest, search

pytestmark = pytest.mark.pgvector

PRODUCTS = 1_500
QUERIES = (
    "steel kettle for every day",
    "oak cutting board as a gift",
    "red garden hose easy to clean",
    "light tent for long journeys",
    "navy desk lamp for people in a hurry",
    "recycled notebook",
    "large copper espresso cup for two",
    "head torch for rainy weekends",
    "bamboo bird feeder built to be repaired",
    "canvas rucksack with a ten year warranty",
)


@pytest.fixture(scope="module")
def bulk_engine(migrated_copy: Callable[[], AbstractContextManager[str]]) -> Iterator[Engine]:
    """Yield the engine of a database of its own that holds 1,500 products with vectors."""
    with migrated_copy() as url:
        engine = create_engine(url)
        with Session(engine) as session:
            samples.seed(session, count=PRODUCTS, on_hand=0)
            session.commit()
            session.execute(text("ANALYZE"))
            session.commit()
        yield engine
        engine.dispose()


@pytest.fixture
def bulk(bulk_engine: Engine) -> Iterator[Session]:
    """Yield a session on the large catalogue; what a test does there is rolled back."""
    with bulk_engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def exact(session: Session, query: str, limit: int = 10) -> list[int]:
    """Return the ids of the nearest products without the help of an index."""
    session.execute(text("SET LOCAL enable_indexscan = off"))
    hits = session.execute(nearest(embed(query), limit=limit)).all()
    session.execute(text("SET LOCAL enable_indexscan = on"))
    return [product.id for product, _distance in hits]


def test_catalogue_is_complete(bulk: Session) -> None:
    """Every product has a vector."""
    assert bulk.scalar(select(func.count()).select_from(Product)) == PRODUCTS
    assert bulk.scalar(select(func.count()).select_from(ProductEmbedding)) == PRODUCTS


def test_search_uses_the_index(bulk: Session, plan_of: Callable[[Session, ClauseElement], str]) -> None:
    """The planner takes the HNSW index and sorts no more than ties."""
    plan = plan_of(bulk, nearest(embed("steel kettle")))
    assert "Index Scan using ix_product_embeddings_vector" in plan
    assert "Seq Scan on product_embeddings" not in plan


def test_other_distance_can_not_use_the_index(
    bulk: Session, plan_of: Callable[[Session, ClauseElement], str]
) -> None:
    """The index was built for cosine distance; ordering by another one reads the whole table."""
    other = ProductEmbedding.vector.op("<->")(embed("steel kettle"))
    plan = plan_of(bulk, select(ProductEmbedding.product_id).order_by(other).limit(10))
    assert "ix_product_embeddings_vector" not in plan
    assert "Seq Scan on product_embeddings" in plan


@pytest.mark.parametrize("query", QUERIES)
def test_index_recalls_most_of_the_exact_result(bulk: Session, query: str) -> None:
    """At least nine of the ten truly nearest products are found."""
    found = {hit.product.id for hit in search(bulk, query, limit=10)}
    assert len(found & set(exact(bulk, query))) >= 9


def test_mean_recall_rises_with_the_size_of_the_search(bulk: Session) -> None:
    """A wider search is never worse on average, and nearly exact."""
    recalls = []
    for width in (10, 40, 200):
        bulk.execute(text(f"SET LOCAL hnsw.ef_search = {width}"))
        hits = [{hit.product.id for hit in search(bulk, query, limit=10)} for query in QUERIES]
        truth = [set(exact(bulk, query)) for query in QUERIES]
        recalls.append(sum(len(a & b) for a, b in zip(hits, truth, strict=True)) / (10 * len(QUERIES)))
    assert recalls == sorted(recalls)
    assert recalls[-1] >= 0.99


def test_rare_filter_still_fills_the_page(bulk: Session) -> None:
    """The scan goes on until enough rows pass the filter, though few do."""
    cheap = Filters(max_price_cents=1_000)
    passing = bulk.scalar(select(func.count()).where(Product.price_cents <= 1_000)) or 0
    assert 20 <= passing < PRODUCTS / 10
    assert len(search(bulk, "steel kettle", filters=cheap, limit=20)) == 20


def test_without_iterative_scan_the_page_stays_short(bulk: Session) -> None:
    """What the setting in `search` is for: without it a scan ends after `hnsw.ef_search` candidates."""
    bulk.execute(text("SET LOCAL hnsw.iterative_scan = off"))
    bulk.execute(text("SET LOCAL enable_seqscan = off"))
    bulk.execute(text("SET LOCAL enable_sort = off"))
    query = (
        select(ProductEmbedding.product_id)
        .order_by(ProductEmbedding.vector.op("<=>")(embed("steel kettle")))
        .limit(50)
    )
    assert len(bulk.execute(query).all()) == 40  # the default of hnsw.ef_search


def test_added_product_is_found_through_the_index(bulk: Session) -> None:
    """An insert reaches the index at once."""
    new = NewProduct(sku="NEW-0001", name="Bagpipes", price_cents=100, category="garden")
    product = add_product(bulk, new)
    assert search(bulk, "bagpipes", limit=1)[0].product is product


def test_deleted_products_are_not_found(bulk: Session) -> None:
    """Dead entries of the index are skipped and the page is filled with others."""
    first = [hit.product.id for hit in search(bulk, QUERIES[0], limit=10)]
    bulk.execute(delete(Product).where(Product.id.in_(first)))
    bulk.expire_all()
    second = [hit.product.id for hit in search(bulk, QUERIES[0], limit=10)]
    assert len(second) == 10
    assert not set(first) & set(second)


def test_rebuilt_index_gives_the_same_results(bulk: Session) -> None:
    """Dropping the index and building it again on the full table changes next to nothing."""
    before = [{hit.product.id for hit in search(bulk, query, limit=10)} for query in QUERIES]
    bulk.execute(text("REINDEX INDEX ix_product_embeddings_vector"))
    after = [{hit.product.id for hit in search(bulk, query, limit=10)} for query in QUERIES]
    shared = sum(len(a & b) for a, b in zip(before, after, strict=True))
    assert shared >= 0.95 * 10 * len(QUERIES)
