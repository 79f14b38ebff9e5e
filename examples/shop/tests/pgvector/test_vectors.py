"""What the vector column takes, gives back and computes."""

import math
from collections.abc import Callable

import pytest
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from shop.embedding import DIMENSIONS, embed
from shop.models import Product, ProductEmbedding
from shop.search import as_floats

pytestmark = pytest.mark.pgvector

MakeProduct = Callable[..., Product]


def axis(position: int, length: float = 1.0) -> list[float]:
    """Return a vector along one axis."""
    return [length if dimension == position else 0.0 for dimension in range(DIMENSIONS)]


def store(session: Session, product: Product, vector: list[float] | None) -> None:
    """Replace a product's vector."""
    session.execute(
        update(ProductEmbedding).where(ProductEmbedding.product_id == product.id).values(vector=vector)
    )


def test_vector_comes_back_as_it_was_stored(session: Session, make_product: MakeProduct) -> None:
    """Nothing but the precision of 32 bits is lost."""
    product = make_product("Copper kettle", "For two.")
    session.commit()
    stored = session.get_one(ProductEmbedding, product.id)
    assert as_floats(stored.vector) == pytest.approx(embed("Copper kettle For two."), abs=1e-6)


def test_stored_vectors_have_length_one(session: Session) -> None:
    """Every seeded vector is normalised, so cosine and inner product rank alike."""
    lengths = session.scalars(select(func.vector_norm(ProductEmbedding.vector))).all()
    assert len(lengths) == 24
    assert lengths == pytest.approx([1.0] * 24, abs=1e-6)


@pytest.mark.parametrize("length", [1, DIMENSIONS - 1, DIMENSIONS + 1])
def test_wrong_number_of_dimensions_is_refused(
    session: Session, make_product: MakeProduct, length: int
) -> None:
    """A vector of another embedder doesn't fit by accident."""
    with pytest.raises(StatementError, match=f"expected {DIMENSIONS} dimensions, not {length}"):
        store(session, make_product(), [0.5] * length)


@pytest.mark.parametrize("component", [math.nan, math.inf, -math.inf])
def test_components_are_finite(session: Session, make_product: MakeProduct, component: float) -> None:
    """What isn't a number has no distance to anything."""
    with pytest.raises(DBAPIError, match=r"(NaN|infinite value) not allowed in vector"):
        store(session, make_product(), [component] + [0.0] * (DIMENSIONS - 1))


def test_vector_is_never_null(session: Session, make_product: MakeProduct) -> None:
    """A product has a vector or no row, never a row without a vector."""
    with pytest.raises(IntegrityError, match="null value in column"):
        store(session, make_product(), None)


def test_product_has_one_vector(session: Session, make_product: MakeProduct) -> None:
    """A second row for the same product is refused."""
    product = make_product()
    session.add(ProductEmbedding(product_id=product.id, embedder="other", vector=axis(0)))
    with pytest.raises(IntegrityError, match="pk_product_embeddings"):
        session.flush()


def test_vector_goes_with_its_product(session: Session, make_product: MakeProduct) -> None:
    """Deleting a product takes it out of the search."""
    product = make_product()
    session.commit()
    session.delete(product)
    session.commit()
    left = select(func.count()).where(ProductEmbedding.product_id == product.id)
    assert session.scalar(left) == 0


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("<=>", 1.0), ("<->", 5.0), ("<#>", 0.0), ("<+>", 7.0)],
    ids=["cosine", "euclidean", "negative inner product", "taxicab"],
)
def test_operators_compute_their_distance(
    session: Session, make_product: MakeProduct, operator: str, expected: float
) -> None:
    """Between 3 along one axis and 4 along another, each operator gives what its definition says."""
    product = make_product()
    store(session, product, axis(0, 3.0))
    query = text(
        f"SELECT vector {operator} CAST(:other AS vector) FROM product_embeddings WHERE product_id = :id"
    )
    distance = session.scalar(query, {"other": str(axis(1, 4.0)), "id": product.id})
    assert distance == pytest.approx(expected)


def test_average_of_vectors_is_computed_in_the_database(session: Session, make_product: MakeProduct) -> None:
    """The middle of two axes is half of each."""
    first, second = make_product(), make_product()
    store(session, first, axis(0))
    store(session, second, axis(1))
    query = select(func.avg(ProductEmbedding.vector)).where(
        ProductEmbedding.product_id.in_(bindparam("ids", expanding=True))
    )
    middle = session.scalar(query, {"ids": [first.id, second.id]})
    components = (
        [float(part) for part in middle.strip("[]").split(",")] if isinstance(middle, str) else middle
    )
    assert list(components)[:3] == pytest.approx([0.5, 0.5, 0.0])
