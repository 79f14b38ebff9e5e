"""Accounts over HTTP."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.contract

ADA = {"email": "ada@example.org", "name": "Ada", "password": "analytical engine"}


def test_registered_customer_can_sign_in(client: "TestClient") -> None:
    """Registration and sign-in each hash the password at its full price."""
    registered = client.post("/customers", json=ADA)
    signed_in = client.post("/sign-in", json={"email": "ADA@example.org", "password": ADA["password"]})
    assert (registered.status_code, signed_in.status_code) == (201, 200)
    assert registered.json() == signed_in.json()


def test_wrong_password_is_refused_like_an_unknown_address(client: "TestClient", customer_id: int) -> None:
    """The answer doesn't tell whether the account exists."""
    wrong = client.post("/sign-in", json={"email": ADA["email"], "password": "difference engine"})
    unknown = client.post("/sign-in", json={"email": "eve@example.org", "password": "difference engine"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_taken_address_is_a_conflict(client: "TestClient", customer_id: int) -> None:
    """The refused request leaves the account as it was."""
    refused = client.post("/customers", json={**ADA, "email": "Ada@Example.org", "name": "Eve"})
    assert refused.status_code == 409
    assert client.get(f"/customers/{customer_id}").json()["name"] == "Ada"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", None),
        ("name", ""),
        ("name", "NUL \x00"),
        ("password", "short"),
        ("loyalty_points", 1_000_000),
    ],
)
def test_unfit_registration_names_the_field(client: "TestClient", field: str, value: object) -> None:
    """A 422 says which field was wrong, also one that customers can't set."""
    refused = client.post("/customers", json={**ADA, field: value})
    assert refused.status_code == 422
    assert [error["loc"] for error in refused.json()["detail"]] == [["body", field]]


def test_unknown_customer_is_not_found(client: "TestClient") -> None:
    """The refusal says who is missing."""
    missing = client.get("/customers/9223372036854775807")
    assert missing.status_code == 404
    assert missing.json() == {"detail": "there is no customer 9223372036854775807"}
