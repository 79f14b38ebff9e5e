"""Database URLs: the database they name, whether it is one for tests, and how they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from paceline.errors import ConfigError

_TEST_WORDS = frozenset({"test", "tests", "testing", "ci", "paceline"})
_LIVE_WORDS = frozenset({"prod", "production", "live", "staging"})
_SCHEMES = frozenset({"postgresql", "postgres"})
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
    """A PostgreSQL URL that names a database; its `str` never shows a password.

    Attributes:
        name: the database that a driver given this URL really opens.
    """

    name: str
    _parts: SplitResult
    _query: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Read `text`, a libpq or SQLAlchemy URL of any PostgreSQL driver.

        Raises:
            ConfigError: it is not a URL of a PostgreSQL database, or names no database.
        """
        try:
            parts = urlsplit(text)
        except ValueError as error:
            # The reason of the standard library quotes the host, not the password.
            raise ConfigError(f"this is not a database URL: {error}") from None
        if parts.scheme.partition("+")[0] not in _SCHEMES or "://" not in text:
            shown = parts.scheme or "no scheme"
            raise ConfigError(
                f"this is not a PostgreSQL URL ({shown})", hint="Write postgresql://user@host/shop_test."
            )
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        # A driver lets `?dbname=` win over the path, so the check of the name must as well.
        named = [value for key, value in query if key in {"dbname", "database"}]
        name = named[-1] if named else unquote(parts.path.removeprefix("/"))
        if not name:
            raise ConfigError(f"{_masked(parts, query)} names no database", hint="Add /NAME to the URL.")
        others = tuple((key, value) for key, value in query if key not in {"dbname", "database"})
        return cls(name, parts, others)

    def renamed(self, name: str) -> DatabaseUrl:
        """Return the URL of the database `name` on the same server."""
        return DatabaseUrl(name, self._parts, self._query)

    @property
    def sqlalchemy(self) -> str:
        """The URL for SQLAlchemy with psycopg 3, password included."""
        return self._text("postgresql+psycopg")

    @property
    def libpq(self) -> str:
        """The URL for libpq and psycopg, password included."""
        return self._text("postgresql")

    @property
    def address(self) -> tuple[str, int] | None:
        """Host (or directory of the Unix socket) and port; None when libpq has to find out."""
        query = dict(self._query)
        try:
            host, port = self._parts.hostname, self._parts.port
        except ValueError:
            return None
        host = query.get("host", unquote(host) if host else "")
        given = query.get("port", str(port or 5432))
        return (host, int(given)) if host and "," not in host and given.isdigit() else None

    @property
    def variables(self) -> dict[str, str]:
        """The parts by the names of libpq's environment variables; a part that is unknown is empty."""
        query = dict(self._query)
        host, port = self.address or ("", "")
        return {
            "PGHOST": host,
            "PGPORT": str(port),
            "PGDATABASE": self.name,
            "PGUSER": query.get("user", unquote(self._parts.username or "")),
            "PGPASSWORD": query.get("password", unquote(self._parts.password or "")),
        }

    def masked(self, text: str) -> str:
        """Return `text` without this URL's secrets, however they are spelled."""
        secrets = [value for key, value in self._query if key in _SECRET_PARAMETERS]
        if self._parts.password:
            secrets += [self._parts.password, unquote(self._parts.password)]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def __str__(self) -> str:
        """Return the URL with its secrets masked."""
        return _masked(self._parts._replace(path="/" + quote(self.name, safe="")), self._query)

    def __repr__(self) -> str:
        """Return what a debugger shows, secrets masked."""
        return f"DatabaseUrl({str(self)!r})"

    def _text(self, scheme: str) -> SecretText:
        # No %2F for the slashes of a socket directory: ConfigParser, so Alembic, trips over the percent sign.
        query = urlencode(self._query, safe="/")
        return SecretText(_join(scheme, self._parts.netloc, "/" + quote(self.name, safe=""), query))


def _masked(parts: SplitResult, query: tuple[tuple[str, str], ...]) -> str:
    login, at, server = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    shown = tuple((key, "***" if key in _SECRET_PARAMETERS else value) for key, value in query)
    netloc = f"{user}{colon and ':***'}{at}{server}"
    return _join("postgresql", netloc, parts.path, urlencode(shown, safe="/*"))


def _join(scheme: str, netloc: str, path: str, query: str) -> str:
    return f"{scheme}://{netloc}{path}{'?' if query else ''}{query}"
