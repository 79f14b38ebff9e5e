"""Database URLs: the database they name, whether it is one for tests, and how they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from paceline.errors import ConfigError
from paceline.isolation import databases

if TYPE_CHECKING:
    from paceline.isolation.product import Product

_TEST_WORDS = frozenset({"test", "tests", "testing", "ci", "paceline"})
_LIVE_WORDS = frozenset({"prod", "production", "live", "staging"})
#: Parameters that a driver lets win over the name in the path.
_NAMES = frozenset({"dbname", "database", "db"})
_SECRET_PARAMETERS = frozenset({"password", "sslpassword", "passfile"})


def looks_like_test_database(name: str) -> bool:
    """Tell whether a database called `name` is meant for tests.

    The name is cut into words at every character that isn't a letter and where a capital follows a small
    letter. One word must be `test`, `tests`, `testing`, `ci` or `paceline`, and none may be `prod`,
    `production`, `live` or `staging`: `shop_test`, `test2` and `ShopTests` are, `latest`, `contest`, `shop`
    and `test_production` are not.
    """
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    return bool(words & _TEST_WORDS) and not words & _LIVE_WORDS


class SecretText(str):
    """A URL with everything in it, whose `repr` is masked: pytest shows arguments and comparisons by it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what pytest and debuggers show."""
        return repr(str(DatabaseUrl.parse(self)))


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A URL that names a database; its `str` never shows a password.

    Attributes:
        product: what kind of database it is.
        name: the database that a driver given this URL really opens.
    """

    product: Product
    name: str
    _parts: SplitResult
    _query: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Read `text`, a URL of SQLAlchemy with any driver, or one of the product's own clients.

        Raises:
            ConfigError: it is not a URL of a database that Paceline knows, or names none.
        """
        try:
            parts = urlsplit(text)
        except ValueError as error:
            # The reason of the standard library quotes the host, not the password.
            raise ConfigError(f"this is not a database URL: {error}") from None
        product = databases.of_scheme(parts.scheme)
        if product is None or "://" not in text:
            known = databases.products()
            titles = " or ".join(each.TITLE for each in known)
            examples = ", ".join(each.EXAMPLE for each in known)
            raise ConfigError(
                f"this is not a URL of {titles} ({parts.scheme or 'no scheme'})",
                hint=f"Write one such as {examples}.",
            )
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        # The check of the name must follow the driver.
        named = [value for key, value in query if key in _NAMES]
        name = named[-1] if named else unquote(parts.path.removeprefix("/"))
        others = tuple((key, value) for key, value in query if key not in _NAMES)
        url = cls(product, name, parts, others)
        if not name and product.label(""):
            raise ConfigError(f"{url} names no database", hint="Add /NAME to the URL.")
        return url

    def renamed(self, name: str) -> DatabaseUrl:
        """Return the URL of the database `name` on the same server."""
        return DatabaseUrl(self.product, name, self._parts, self._query)

    @property
    def sqlalchemy(self) -> str:
        """The URL for SQLAlchemy, password included."""
        return self.text(self.product.DRIVERNAME)

    @property
    def looks_like_test_database(self) -> bool:
        """Whether the database is meant for tests, as its name tells."""
        label = self.product.label(self.name)
        return not label or looks_like_test_database(label)

    @property
    def user(self) -> str:
        """Who logs in; empty when the client has to find out."""
        return dict(self._query).get("user", unquote(self._parts.username or ""))

    @property
    def password(self) -> str:
        """The password; empty if there is none in the URL."""
        return dict(self._query).get("password", unquote(self._parts.password or ""))

    def parameter(self, name: str) -> str:
        """Return a parameter of the URL; empty if it isn't there."""
        return dict(self._query).get(name, "")

    def address(self, port: int) -> tuple[str, int] | None:
        """Return host (or directory of the Unix socket) and port; None when the client has to find out.

        Args:
            port: the one that the product uses where none is given.
        """
        try:
            host, given_port = self._parts.hostname, self._parts.port
        except ValueError:
            return None
        host = self.parameter("host") or unquote(host or "")
        given = self.parameter("port") or str(given_port or port)
        return (host, int(given)) if host and "," not in host and given.isdigit() else None

    def masked(self, text: str) -> str:
        """Return `text` without this URL's secrets, however they are spelled."""
        secrets = [value for key, value in self._query if key in _SECRET_PARAMETERS]
        if self._parts.password:
            secrets += [self._parts.password, unquote(self._parts.password)]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def text(self, scheme: str) -> SecretText:
        """Return the URL with another scheme, password included."""
        # No %2F for the slashes of a socket directory: ConfigParser, so Alembic, trips over the percent sign.
        query = urlencode(self._query, safe="/")
        return SecretText(_join(scheme, self._parts.netloc, self.product.quoted(self.name), query))

    def __str__(self) -> str:
        """Return the URL with its secrets masked."""
        login, at, server = self._parts.netloc.rpartition("@")
        user, colon, _ = login.partition(":")
        shown = tuple((key, "***" if key in _SECRET_PARAMETERS else value) for key, value in self._query)
        netloc = f"{user}{colon and ':***'}{at}{server}"
        scheme = self.product.DRIVERNAME.partition("+")[0]
        return _join(scheme, netloc, self.product.quoted(self.name), urlencode(shown, safe="/*"))

    def __repr__(self) -> str:
        """Return what a debugger shows, secrets masked."""
        return f"DatabaseUrl({str(self)!r})"


def _join(scheme: str, netloc: str, name: str, query: str) -> str:
    return f"{scheme}://{netloc}/{name}{'?' if query else ''}{query}"
