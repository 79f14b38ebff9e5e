"""Hooks that Paceline adds to pytest."""


def pytest_paceline_service(name: str, version: str) -> None:
    """Called when a set-up has found a service that the tests use, with its version."""
