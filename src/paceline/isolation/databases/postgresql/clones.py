"""Fresh copies of the template, made while tests run, so that taking one is only a change of names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation.databases import postgresql

if TYPE_CHECKING:
    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.urls import DatabaseUrl


class Clones:
    """The pool of one server of our own. What was replaced is dropped with the server, never in a test."""

    def __init__(self, maintenance: DatabaseUrl, template: str) -> None:
        """Copy `template`, from the database `maintenance` of its server."""
        self._maintenance = maintenance
        self._template = template
        self._number = 0
        self._connection: Connection | None = None
        self._coming = ""

    def expect(self) -> None:
        """Let the server make a copy meanwhile, if none is waiting; doesn't wait for it."""
        if self._coming:
            return
        if self._connection is None or self._connection.broken:
            self._connection = postgresql.connect(self._maintenance)
        self._coming = self._name()
        postgresql.begin_copy(self._connection, self._template, self._coming)

    def replace(self, name: str) -> None:
        """Put a fresh copy in the place of the database `name`, ending all connections to it.

        Raises:
            ProvisioningError: the server refuses.
        """
        fresh, self._coming = self._coming, ""
        if not fresh or self._connection is None or not postgresql.end_copy(self._connection):
            fresh = self._name()
            postgresql.copy(self._maintenance, self._template, fresh)
        postgresql.rename(self._maintenance, name, self._name())
        postgresql.rename(self._maintenance, fresh, name)

    def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            with suppress(ProvisioningError):
                self._connection.close()
            self._connection = None
            self._coming = ""

    def _name(self) -> str:
        self._number += 1
        return f"paceline_test_{self._number}"
