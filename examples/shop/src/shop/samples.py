"""A catalogue made up by rule: the same on every machine, as large as asked for."""

from collections.abc import Iterator

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shop.catalogue import NewProduct
from shop.embedding import EMBEDDER, embed
from shop.models import Category, Product, ProductEmbedding, Stock, StockMovement

CATEGORIES = {
    "kitchen": ("kettle", "teapot", "frying pan", "cutting board", "whisk", "espresso cup"),
    "garden": ("watering can", "spade", "hanging basket", "garden hose", "bird feeder", "seed tray"),
    "office": ("desk lamp", "notebook", "fountain pen", "paper tray", "desk chair", "pencil case"),
    "outdoor": ("tent", "sleeping bag", "head torch", "rucksack", "camping stove", "water bottle"),
}
_MATERIALS = ("steel", "oak", "ceramic", "cotton", "bamboo", "copper", "recycled", "enamel", "canvas")
_COLOURS = ("red", "slate", "forest green", "ivory", "navy", "mustard", "black")
_QUALITIES = ("folding", "stackable", "hand made", "light", "large", "slim", "double walled", "classic")
_USES = (
    "for every day",
    "for small homes",
    "for long journeys",
    "as a gift",
    "for people in a hurry",
    "built to be repaired",
    "for rainy weekends",
    "for two",
    "with a ten year warranty",
    "easy to clean",
    "made by a family workshop",
)


def products(count: int) -> Iterator[NewProduct]:
    """Make up `count` different products, spread evenly over the categories."""
    slugs = tuple(CATEGORIES)
    for position in range(count):
        category = slugs[position % len(slugs)]
        # A different stride for each word list, so that combinations repeat as late as possible.
        turn = position // len(slugs)
        kinds = CATEGORIES[category]
        kind = kinds[turn % len(kinds)]
        material = _MATERIALS[turn // len(kinds) % len(_MATERIALS)]
        colour = _COLOURS[(turn * 3 + position) % len(_COLOURS)]
        quality = _QUALITIES[(turn // 7 + position) % len(_QUALITIES)]
        use = _USES[turn * 5 % len(_USES)]
        yield NewProduct(
            sku=f"{category[:3].upper()}-{position + 1:05}",
            name=f"{quality} {material} {kind}".capitalize(),
            description=f"A {colour} {kind} {use}, model {position + 1}.",
            price_cents=495 + turn * 131 % 19_500,
            category=category,
        )


def seed(session: Session, *, count: int = 24, on_hand: int = 20) -> None:
    """Fill an empty catalogue with `count` products, their vectors and `on_hand` of each on the shelf."""
    session.execute(insert(Category), [{"slug": slug, "name": slug.capitalize()} for slug in CATEGORIES])
    identifiers = {row.slug: row.id for row in session.execute(select(Category.slug, Category.id))}
    catalogue = list(products(count))
    session.execute(
        insert(Product),
        [
            {
                "sku": product.sku,
                "name": product.name,
                "description": product.description,
                "price_cents": product.price_cents,
                "category_id": identifiers[product.category],
            }
            for product in catalogue
        ],
    )
    by_sku = {row.sku: row.id for row in session.execute(select(Product.sku, Product.id))}
    session.execute(
        insert(ProductEmbedding),
        [
            {
                "product_id": by_sku[product.sku],
                "embedder": EMBEDDER,
                "vector": embed(f"{product.name} {product.description}"),
            }
            for product in catalogue
        ],
    )
    shelf = [{"product_id": identifier, "on_hand": on_hand} for identifier in by_sku.values()]
    session.execute(insert(Stock), shelf)
    if on_hand:
        opening = [
            {"product_id": identifier, "quantity": on_hand, "reason": "opening"}
            for identifier in by_sku.values()
        ]
        session.execute(insert(StockMovement), opening)
