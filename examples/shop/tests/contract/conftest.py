"""The service, as it is."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient


@pytest.fixture(scope="session")
def application() -> "FastAPI":
    """Return the application; the first test to ask for it pays for the import of FastAPI."""
    from shop.service import app

    return app


@pytest.fixture
def client(application: "FastAPI") -> Iterator["TestClient"]:
    """Yield a client of the service, whose own engine takes part in the test's transaction."""
    from fastapi.testclient import TestClient

    with TestClient(application) as client:
        yield client


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with a single round."""
    monkeypatch.setattr("shop.passwords.ITERATIONS", 1)


@pytest.fixture
def customer_id(client: "TestClient", cheap_passwords: None) -> int:
    """Return the id of a customer who registered over HTTP."""
    new = {"email": "ada@example.org", "name": "Ada", "password": "analytical engine"}
    identifier: int = client.post("/customers", json=new).json()["id"]
    return identifier


@pytest.fixture
def order_number(client: "TestClient", customer_id: int) -> str:
    """Return the number of an order of two seeded products, placed over HTTP."""
    lines = [{"sku": "KIT-00001", "quantity": 2}, {"sku": "GAR-00002", "quantity": 1}]
    number: str = client.post("/orders", json={"customer_id": customer_id, "lines": lines}).json()["number"]
    return number


@pytest.fixture
def stock_of(client: "TestClient") -> Callable[[str], dict[str, int]]:
    """Return a function that reads a product's stock over HTTP."""

    def read(sku: str) -> dict[str, int]:
        counts: dict[str, int] = client.get(f"/products/{sku}/stock").json()
        return counts

    return read
