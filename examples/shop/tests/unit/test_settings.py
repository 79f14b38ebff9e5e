"""Settings from the environment."""

import pytest

from shop.settings import DEFAULT_DATABASE_URL, read_settings


def test_url_is_read_from_the_environment() -> None:
    """The variable wins over the default."""
    url = "postgresql+psycopg://me@here/test"
    assert read_settings({"SHOP_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("environment", [{}, {"SHOP_DATABASE_URL": ""}])
def test_missing_and_empty_url_mean_the_default(environment: dict[str, str]) -> None:
    """An empty variable is as good as none."""
    assert read_settings(environment).database_url == DEFAULT_DATABASE_URL


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("TRUE", True), ("0", False), ("", False)])
def test_echo_is_switched_by_a_word(value: str, expected: bool) -> None:
    """Only words for yes switch it on."""
    assert read_settings({"SHOP_ECHO": value}).echo is expected
