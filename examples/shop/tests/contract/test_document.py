"""The OpenAPI document itself."""

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.contract

OPERATIONS = {
    "GET /health",
    "GET /products/search",
    "GET /products/{sku}/similar",
    "GET /products",
    "POST /products",
    "GET /products/{sku}",
    "PATCH /products/{sku}",
    "GET /products/{sku}/reviews",
    "POST /products/{sku}/reviews",
    "GET /products/{sku}/stock",
    "POST /products/{sku}/deliveries",
    "POST /customers",
    "GET /customers/{customer_id}",
    "POST /sign-in",
    "POST /orders",
    "GET /customers/{customer_id}/orders",
    "GET /orders/{number}",
    "POST /orders/{number}/cancellation",
    "POST /orders/{number}/shipment",
    "POST /orders/{number}/payments",
    "POST /payments/{payment_id}/capture",
    "POST /payments/{payment_id}/void",
    "POST /payments/{payment_id}/refund",
}


def operations(application: "FastAPI") -> dict[str, dict[str, Any]]:
    """Return the operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in application.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def test_document_lists_the_operations_that_clients_rely_on(application: "FastAPI") -> None:
    """Adding or removing an operation is a decision, so it shows up here."""
    assert set(operations(application)) == OPERATIONS


def test_operation_ids_are_unique(application: "FastAPI") -> None:
    """Generated clients name their functions after them."""
    identifiers = [operation["operationId"] for operation in operations(application).values()]
    assert sorted(set(identifiers)) == sorted(identifiers)


def test_operations_on_one_thing_document_that_it_may_be_missing(application: "FastAPI") -> None:
    """A path with a parameter has a documented 404."""
    undocumented = [
        name
        for name, operation in operations(application).items()
        if "{" in name and "404" not in operation["responses"]
    ]
    assert undocumented == []


def test_every_operation_has_a_summary_and_a_tag(application: "FastAPI") -> None:
    """The rendered document has no blank entries."""
    bare = [
        name
        for name, operation in operations(application).items()
        if not (operation.get("summary") and operation.get("description") and operation.get("tags"))
    ]
    assert bare == []


def test_passwords_never_leave_the_service(application: "FastAPI") -> None:
    """No schema of a response has a property for a password or its hash."""
    schemas = application.openapi()["components"]["schemas"]
    leaking = [
        name
        for name, schema in schemas.items()
        if name.endswith("Out") and any("password" in prop for prop in schema.get("properties", {}))
    ]
    assert leaking == []
    assert "password" in schemas["CustomerIn"]["properties"]


def test_served_document_is_the_application_s(client: "TestClient", application: "FastAPI") -> None:
    """What is served at /openapi.json is what the tests above have read."""
    assert client.get("/openapi.json").json() == json.loads(json.dumps(application.openapi()))


def test_service_can_be_imported_where_there_is_no_database(pytestconfig: pytest.Config) -> None:
    """A fresh interpreter imports the application, FastAPI and all, without connecting to anything."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(pytestconfig.rootpath / "src"),
        "SHOP_DATABASE_URL": "postgresql+psycopg://nobody@nowhere.invalid/none",
    }
    program = "from shop.service import app; print(len(app.openapi()['paths']))"
    finished = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert int(finished.stdout) == len({name.split()[1] for name in OPERATIONS})
