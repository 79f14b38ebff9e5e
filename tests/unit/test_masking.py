"""Texts that anybody may see hold no password."""

from __future__ import annotations

import pytest

from paceline.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--url=postgresql://u:s3cr3t@h/x -q", "--url=postgresql://u:***@h/x -q"),
        ("postgresql://u:s3cr3t#/?@x@h/x", "postgresql://u:***@h/x"),
        ("Engine(postgresql+psycopg://u@h/x?a=1&Password=s3cr3t&b=2)", None),
        ("mysql://u@h/x?passwd=s3cr3t&ssl_key_password=s3cr3t", None),
        ("host=/tmp password='s3 cr3t' dbname=x", "host=/tmp password=*** dbname=x"),
        ("connect(user='u', password=\"s3cr3t\")", "connect(user='u', password=***)"),
    ],
)
def test_a_password_is_hidden(text: str, expected: str | None) -> None:
    """In a URL, in its parameters, in a connection string; the rest stays as it is."""
    found = masked(text)
    assert "cr3t" not in found
    assert expected in {None, found}


@pytest.mark.parametrize(
    "text",
    [
        "assert 1 == 2",
        "postgresql://u@h:5432/x?host=/tmp",
        "see https://h/a:b@c",
        "tests/test_a.py::test[a@b]",
    ],
)
def test_what_holds_none_stays(text: str) -> None:
    """Ports, paths and ids are no passwords."""
    assert text == masked(text)
