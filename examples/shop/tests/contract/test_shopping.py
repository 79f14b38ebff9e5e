"""From search to shipment over HTTP."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, func, select

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.contract

StockOf = Callable[[str], dict[str, int]]


def pay(client: "TestClient", number: str) -> int:
    """Pay an order and return the payment's id."""
    promised = client.post(f"/orders/{number}/payments", json={"reference": "psp-0001"})
    identifier: int = promised.json()["id"]
    assert client.post(f"/payments/{identifier}/capture").json()["status"] == "captured"
    return identifier


def test_health_reaches_the_database(client: "TestClient") -> None:
    """The answer is more than that the process runs."""
    assert client.get("/health").json() == {"database": "ok"}


def test_search_finds_a_seeded_product(client: "TestClient") -> None:
    """The best hit for a product's own words is that product."""
    wanted = client.get("/products/GAR-00002").json()
    hits = client.get("/products/search", params={"q": f"{wanted['name']} {wanted['description']}"}).json()
    assert hits[0]["product"] == wanted
    assert hits[0]["distance"] == pytest.approx(0.0, abs=1e-6)


def test_added_product_is_searchable_by_the_next_request(client: "TestClient") -> None:
    """Product and vector are committed together."""
    new = {"sku": "NEW-0001", "name": "Bagpipes", "price_cents": 9_900, "category": "garden"}
    assert client.post("/products", json=new).status_code == 201
    hits = client.get("/products/search", params={"q": "bagpipes", "limit": 1}).json()
    assert [hit["product"]["sku"] for hit in hits] == ["NEW-0001"]


def test_pages_of_the_catalogue_show_every_product_once(client: "TestClient") -> None:
    """Following `after` walks through all seeded products."""
    seen: list[str] = []
    while True:
        params = {"limit": 7} | ({"after": seen[-1]} if seen else {})
        page = client.get("/products", params=params).json()
        if not page:
            break
        seen += [product["sku"] for product in page]
    assert len(seen) == 24
    assert seen == sorted(set(seen))


def test_order_reserves_stock_and_cancelling_frees_it(
    client: "TestClient", order_number: str, stock_of: StockOf
) -> None:
    """Stock follows the order through its life."""
    assert stock_of("KIT-00001") == {"on_hand": 20, "reserved": 2, "available": 18}
    cancelled = client.post(f"/orders/{order_number}/cancellation")
    assert cancelled.json()["status"] == "cancelled"
    assert stock_of("KIT-00001") == {"on_hand": 20, "reserved": 0, "available": 20}


def test_paid_order_is_shipped_from_the_shelf(
    client: "TestClient", order_number: str, stock_of: StockOf
) -> None:
    """After the shipment the goods are neither on hand nor reserved."""
    pay(client, order_number)
    shipped = client.post(f"/orders/{order_number}/shipment")
    assert shipped.json()["status"] == "shipped"
    assert stock_of("KIT-00001") == {"on_hand": 18, "reserved": 0, "available": 18}


def test_delivery_fills_the_shelf(client: "TestClient") -> None:
    """The answer shows the new counts."""
    counts = client.post("/products/KIT-00001/deliveries", json={"quantity": 5}).json()
    assert counts == {"on_hand": 25, "reserved": 0, "available": 25}


def test_order_beyond_the_stock_is_a_conflict_and_reserves_nothing(
    client: "TestClient", customer_id: int, stock_of: StockOf
) -> None:
    """The lines that could have been served are free again after the refusal."""
    lines = [{"sku": "GAR-00002", "quantity": 1}, {"sku": "KIT-00001", "quantity": 21}]
    refused = client.post("/orders", json={"customer_id": customer_id, "lines": lines})
    assert (refused.status_code, refused.json()) == (409, {"detail": "21 wanted, 20 available"})
    assert stock_of("GAR-00002")["reserved"] == 0


def test_lines_of_the_same_product_are_added_up(client: "TestClient", customer_id: int) -> None:
    """Clicking three times on one product orders three of it."""
    lines = [{"sku": "KIT-00001", "quantity": 1}] * 3
    order = client.post("/orders", json={"customer_id": customer_id, "lines": lines}).json()
    assert [(line["product"]["sku"], line["quantity"]) for line in order["lines"]] == [("KIT-00001", 3)]


def test_total_of_an_order_is_the_sum_of_its_lines(client: "TestClient", order_number: str) -> None:
    """The order read again says the same as its lines."""
    order = client.get(f"/orders/{order_number}").json()
    assert order["total_cents"] == sum(line["total_cents"] for line in order["lines"])
    assert order["total_cents"] > 0


@pytest.mark.parametrize("action", ["capture", "void"])
def test_captured_payment_takes_no_further_step_but_a_refund(
    client: "TestClient", order_number: str, action: str
) -> None:
    """Doing it twice, or taking it back, is a conflict; refunding is fine."""
    payment = pay(client, order_number)
    assert client.post(f"/payments/{payment}/{action}").status_code == 409
    assert client.post(f"/payments/{payment}/refund").json()["status"] == "refunded"
    assert client.get(f"/orders/{order_number}").json()["status"] == "cancelled"


def test_unpaid_order_is_not_shipped(client: "TestClient", order_number: str) -> None:
    """The refusal names both statuses."""
    refused = client.post(f"/orders/{order_number}/shipment")
    assert (refused.status_code, refused.json()) == (
        409,
        {"detail": "a placed order can't become shipped"},
    )


def test_reviews_come_with_their_average(client: "TestClient", customer_id: int) -> None:
    """One review is the average; a second by the same customer is a conflict."""
    review = {"customer_id": customer_id, "rating": 4, "body": "Pours well."}
    assert client.post("/products/KIT-00001/reviews", json=review).status_code == 201
    assert client.post("/products/KIT-00001/reviews", json=review).status_code == 409
    shown = client.get("/products/KIT-00001/reviews").json()
    assert (shown["count"], shown["average"]) == (1, 4.0)
    assert [item["body"] for item in shown["reviews"]] == ["Pours well."]


def test_what_the_service_commits_stays_in_the_test(
    client: "TestClient", order_number: str, schema_isolation: Connection
) -> None:
    """The order is in the test's transaction, where the next test won't find it."""
    from shop.models import Order

    numbers = select(func.count()).where(Order.number == order_number)
    assert schema_isolation.scalar(numbers) == 1
    assert schema_isolation.scalar(select(func.count()).select_from(Order)) == 1


def test_long_history_is_listed_whole(client: "TestClient", customer_id: int) -> None:
    """Twelve orders of eight products come with every line, each fetched on its own."""
    skus = [product["sku"] for product in client.get("/products", params={"limit": 24}).json()]
    for sku in skus:
        client.post(f"/products/{sku}/deliveries", json={"quantity": 100})
    for number in range(12):
        chosen = (skus * 2)[number % 24 : number % 24 + 8]
        lines = [{"sku": sku, "quantity": 1} for sku in chosen]
        placed = client.post("/orders", json={"customer_id": customer_id, "lines": lines})
        assert placed.status_code == 201
    history = client.get(f"/customers/{customer_id}/orders").json()
    assert len(history) == 12
    assert {len(order["lines"]) for order in history} == {8}
