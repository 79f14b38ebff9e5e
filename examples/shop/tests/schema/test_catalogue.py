"""Categories and products."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.catalogue import NewProduct, active_products, add_product, category_by_slug, change_product
from shop.errors import ConflictError, NotFoundError
from shop.models import Category, Product, ProductEmbedding, Stock

pytestmark = pytest.mark.schema

MakeProduct = Callable[..., Product]


def test_new_product_has_an_empty_shelf_and_a_vector(session: Session, make_product: MakeProduct) -> None:
    """A product can be searched and stocked as soon as it is added."""
    product = make_product(on_hand=0)
    session.commit()
    stock = session.get_one(Stock, product.id)
    assert (stock.on_hand, stock.reserved) == (0, 0)
    assert session.get(ProductEmbedding, product.id) is not None


def test_taken_sku_is_refused_and_the_session_goes_on(session: Session, make_product: MakeProduct) -> None:
    """After the refusal, the same transaction adds a product with another SKU."""
    taken = make_product().sku
    with pytest.raises(ConflictError, match=taken):
        add_product(session, NewProduct(sku=taken, name="Copy", price_cents=1, category="kitchen"))
    added = add_product(session, NewProduct(sku="NEW-0001", name="New", price_cents=1, category="kitchen"))
    session.commit()
    assert session.get_one(Product, added.id).sku == "NEW-0001"


@pytest.mark.parametrize("sku", ["teapot", "tst-00001", "TST-1", "TSTX-00001", "TST-0000001"])
def test_sku_has_a_format(session: Session, make_product: MakeProduct, sku: str) -> None:
    """Three capitals, a hyphen, four to six digits."""
    make_product().sku = sku
    with pytest.raises(IntegrityError, match="ck_products_sku_format"):
        session.flush()


@pytest.mark.parametrize("price_cents", [0, -1])
def test_nothing_is_free(make_product: MakeProduct, price_cents: int) -> None:
    """A price is at least one cent."""
    with pytest.raises(ConflictError) as refusal:
        make_product(price_cents=price_cents)
    assert "ck_products_price_positive" in str(refusal.value.__cause__)


def test_product_needs_a_known_category(session: Session) -> None:
    """An unknown category is refused before anything is written."""
    with pytest.raises(NotFoundError, match="cellar"):
        add_product(session, NewProduct(sku="NEW-0001", name="New", price_cents=1, category="cellar"))
    assert not session.new


def test_category_with_products_can_not_be_deleted(session: Session, make_product: MakeProduct) -> None:
    """A category is emptied before it goes."""
    session.delete(make_product().category)
    with pytest.raises(IntegrityError, match="fk_products_category_id_categories"):
        session.flush()


def test_category_is_not_its_own_parent(session: Session) -> None:
    """The shortest possible cycle is refused."""
    category = category_by_slug(session, "garden")
    category.parent_id = category.id
    with pytest.raises(IntegrityError, match="ck_categories_not_its_own_parent"):
        session.flush()


def test_category_with_children_can_not_be_deleted(session: Session) -> None:
    """A branch isn't cut off with its twigs."""
    parent = Category(slug="tools", name="Tools")
    session.add_all([parent, Category(slug="saws", name="Saws", parent=parent)])
    session.flush()
    session.delete(parent)
    with pytest.raises(IntegrityError, match="fk_categories_parent_id_categories"):
        session.flush()


def test_retired_product_leaves_the_catalogue_but_not_the_table(
    session: Session, make_product: MakeProduct
) -> None:
    """Inactive products aren't listed and keep their history."""
    kept, retired = make_product(), make_product()
    change_product(session, retired, active=False)
    listed = [product.sku for product in active_products(session, limit=100)]
    assert kept.sku in listed
    assert retired.sku not in listed
    assert session.get(Product, retired.id) is not None


def test_pages_of_the_catalogue_join_up(session: Session, make_product: MakeProduct) -> None:
    """Reading page by page shows every product once and in order."""
    for _ in range(5):
        make_product(category="office")
    whole = [product.sku for product in active_products(session, category="office", limit=100)]
    pages: list[str] = []
    while page := active_products(session, category="office", after=pages[-1] if pages else "", limit=3):
        pages += [product.sku for product in page]
    assert whole == pages
    assert whole == sorted(set(whole))
