"""Database URLs: the database they name, whether it is one for tests, and how they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, urlencode, urlsplit

from paceline.errors import ConfigError
from paceline.isolation import databases
from paceline.masking import is_secret, masked

if TYPE_CHECKING:
    from paceline.isolation.product import Product

_TEST_WORDS = frozenset({"test", "tests", "testing", "ci", "paceline"})
_LIVE_WORDS = frozenset({"prod", "production", "live", "staging"})
#: Parameters that a driver lets win over the name in the path.
_NAMES = frozenset({"dbname", "database", "db"})
#: Parameters that are at home before the host, where SQLAlchemy masks the password as well.
_LOGIN = {"user": "user", "password": "password", "passwd": "password"}


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
    """A URL with everything in it, whose `repr` is masked: pytest shows arguments and fixtures by it."""

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
        if _is_cut_short(parts, query):
            raise ConfigError(
                f"this is not a URL of {product.TITLE}: its user or password holds a character that ends it",
                hint="Write %23 for #, %2F for /, %3F for ? and %40 for @ in them.",
            )
        if product.label(""):
            parts, query = _logged_in(parts, query)
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
        return unquote(self._parts.username or "")

    @property
    def password(self) -> str:
        """The password; empty if there is none in the URL."""
        return unquote(self._parts.password or "")

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
        secrets = {value for key, value in self._query if is_secret(key)}
        if self._parts.password:
            secrets |= {self._parts.password, unquote(self._parts.password)}
        secrets |= {spell(secret) for secret in secrets for spell in (quote, quote_plus, _quoted)}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return masked(text)

    def text(self, scheme: str) -> SecretText:
        """Return the URL with another scheme, password included."""
        # No %2F for the slashes of a socket directory: ConfigParser, so Alembic, trips over the percent sign.
        query = urlencode(self._query, safe="/")
        return SecretText(_join(scheme, self._parts.netloc, self.product.quoted(self.name), query))

    def __str__(self) -> str:
        """Return the URL with its secrets masked."""
        login, at, server = self._parts.netloc.rpartition("@")
        user, colon, _ = login.partition(":")
        shown = tuple((key, "***" if is_secret(key) else masked(value)) for key, value in self._query)
        netloc = f"{user}{colon and ':***'}{at}{server}"
        scheme = self.product.DRIVERNAME.partition("+")[0]
        return _join(scheme, netloc, self.product.quoted(self.name), urlencode(shown, safe="/*"))

    def __repr__(self) -> str:
        """Return what a debugger shows, secrets masked."""
        return f"DatabaseUrl({str(self)!r})"


def _join(scheme: str, netloc: str, name: str, query: str) -> str:
    return f"{scheme}://{netloc}/{name}{'?' if query else ''}{query}"


def _is_cut_short(parts: SplitResult, query: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether what was meant for a login stands where it would be shown."""
    if not parts.netloc:
        return False
    if parts.fragment or "@" in parts.path or any("@" in key for key, _ in query):
        return True
    login, at, server = parts.netloc.rpartition("@")
    _, colon, port = server.rpartition(":")
    return not (at or login or "," in server or "]" in port or port.isdigit()) and bool(colon and port)


def _logged_in(
    parts: SplitResult, query: tuple[tuple[str, str], ...]
) -> tuple[SplitResult, tuple[tuple[str, str], ...]]:
    """Put user and password, which may be parameters, before the host; the parameters win."""
    given = {_LOGIN[key]: value for key, value in query if key in _LOGIN}
    if not given:
        return parts, query
    login, _, server = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    user = _quoted(given["user"]) if "user" in given else user
    password = _quoted(given["password"]) if "password" in given else password
    netloc = f"{user}{password and ':'}{password}@{server}"
    return parts._replace(netloc=netloc), tuple(pair for pair in query if pair[0] not in _LOGIN)


def _quoted(text: str) -> str:
    return quote(text, safe="")
