"""Addresses are written down without secrets, and the same from run to run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.metrics.addresses import is_name, request, socket_address
from paceline.metrics.subprocesses import program

_SECRET = st.text("abcdefgXYZ0123456789-_.~%", min_size=6).map(lambda text: f"S3CR3T{text}")


@given(_SECRET, _SECRET, st.sampled_from(["?", "#", "?a=1&b=", ";v="]))
def test_credentials_and_queries_are_never_shown(password: str, query: str, mark: str) -> None:
    """Neither who asks nor what is asked for remains of a URL."""
    for path in (f"/x{mark}{query}", f"http://me:{password}@api:8000/x{mark}{query}"):
        found = request("GET", "http", f"me:{password}@api", 8000, path)
        assert found == "GET http://api:8000/x"


@pytest.mark.parametrize(
    ("port", "path", "expected"),
    [
        (443, "/orders/12/lines", "GET https://api/orders/*/lines"),
        (None, "/u/0b6f8b7e-4d7c-4a55-9d3c-0123456789ab", "GET https://api/u/*"),
        (8443, "", "GET https://api:8443/"),
        (443, "/v2/items", "GET https://api/v2/items"),
    ],
)
def test_request(port: int | None, path: str, expected: str) -> None:
    """Numbers and identifiers in a path are all the same, usual ports aren't named."""
    assert request("GET", "https", "api", port, path) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("db", 5432), "db:5432"),
        (("127.0.0.1", 45123), "127.0.0.1:*"),
        (("::1", 80, 0, 0), "[::1]:80"),
        (("10.0.0.1", 45123), "10.0.0.1:45123"),
        ("/tmp/pytest-1/app.sock", "unix:app.sock"),
        (b"\0abstract", "unix:\0abstract"),
        (5, "unknown"),
    ],
)
def test_socket_address(address: object, expected: str) -> None:
    """A port on this machine that is another one each time has no number."""
    assert socket_address(address) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("db", True), ("me:pw@db", True), ("10.0.0.1", False), ("::1", False), (None, False), (b"", False)],
)
def test_is_name(host: object, expected: bool) -> None:
    """Only names have to be looked up."""
    assert is_name(host) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/usr/bin/git", "--token=x"], "git"),
        (["/usr/bin/python3", "-m", "http.server"], "python3 -m http.server"),
        ("pg_dump --password x", "pg_dump"),
        ([b"ls"], "ls"),
        ([], "unknown"),
    ],
)
def test_program(arguments: object, expected: str) -> None:
    """A command line may hold secrets; the program's name doesn't."""
    assert program(arguments) == expected
