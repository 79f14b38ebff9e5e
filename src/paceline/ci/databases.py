"""Which database a project's tests use and how they learn of it: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from paceline.ci.sources import Sources, is_test_file

#: A variable that is read from the environment, by any of the usual ways.
_READ = re.compile(
    r"""(?:environ(?:\.get\(|\[)|getenv\(|\benv(?:\.\w+)?\(|config\()\s*["']([A-Z][A-Z0-9_]*)["']"""
)
_URL = re.compile(
    r"(?:^|_)(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|SQLITE|SQLALCHEMY(?:_DATABASE)?)_?(?:URL|URI|DSN)$"
)
_MAKES_TABLES = re.compile(r"\.create_all\b|command\.upgrade\(|create_database\(")
_LIBPQ = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD")
#: What tells in the name of a variable that it is about one kind of database.
_WORDS = {
    "postgresql": ("POSTGRES", "PGSQL", "PSYCOPG", "ASYNCPG"),
    "mariadb": ("MYSQL", "MARIADB"),
    "sqlite": ("SQLITE", "SPATIALITE", "GEOPACKAGE"),
    "other": ("MSSQL", "ORACLE", "MONGO", "REDIS", "CLICKHOUSE", "SNOWFLAKE"),
}
#: An image of a service, in a workflow, in `.gitlab-ci.yml` or for Docker Compose.
_IMAGE = re.compile(
    r"""(?:image:|^\s*-(?:\s*name:)?)\s*["']?((?:[\w.-]+/)*([\w-]+)(?::[\w.-]+)?)["']?\s*$""", re.MULTILINE
)
_IMAGES = {
    "postgresql": ("postgres", "postgresql", "postgis", "pgvector", "timescaledb"),
    "mariadb": ("mysql", "mariadb", "mysql-server"),
}
_PRODUCTS = {
    "postgresql": re.compile(r"postgres(?:ql)?(?:\+\w+)?://|\bpsycopg2?\b|\basyncpg\b|postgresql\+\w+"),
    "mariadb": re.compile(r"(?:mysql|mariadb)(?:\+\w+)?://|\bpymysql\b|\bMySQLdb\b"),
    "sqlite": re.compile(r"sqlite(?:\+\w+)?://"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUse:
    """A project's database as far as its files tell.

    Attributes:
        products: kinds of databases that the tests or the services of CI name, such as "postgresql".
        services: images of databases that CI or Docker Compose start, such as "postgres:16", with the file.
        variables: environment variables that hold an address, those that tests read first.
        migrations: Alembic's configuration file; empty without one.
        makes_tables: whether the tests create the tables, or run the migrations, themselves.
        library: "sqlalchemy", "django", or empty.
    """

    products: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    variables: tuple[str, ...] = ()
    migrations: str = ""
    makes_tables: bool = False
    library: str = ""

    def addresses(self, product: str) -> tuple[str, ...]:
        """Return the variables that can hold the address of a database of this kind."""
        others = [word for kind, words in _WORDS.items() if kind != product for word in words]
        return tuple(name for name in self.variables if not any(word in name for word in others))


def read_database_use(sources: Sources, dependencies: frozenset[str]) -> DatabaseUse:
    """Return what the project's files say.

    Args:
        dependencies: names of the distributions that it declares.
    """
    tests = "\n".join(text for _, text in sources.tests())
    in_tests = [name for path, text in sources.python() if is_test_file(path) for name in _READ.findall(text)]
    elsewhere = [
        name for path, text in sources.python() if not is_test_file(path) for name in _READ.findall(text)
    ]
    urls = [name for name in (*in_tests, *elsewhere) if _URL.search(name)]
    libpq = [name for name in _LIBPQ if name in (*in_tests, *elsewhere)]
    alembic = [name for name in sources.names if name.rpartition("/")[2] == "alembic.ini"]
    library = (
        "django"
        if "django" in dependencies and "DJANGO_SETTINGS_MODULE" in "".join(sources.texts.values())
        else ""
    )
    if not library and (
        dependencies & {"sqlalchemy", "sqlmodel", "flask-sqlalchemy"} or "import sqlalchemy" in tests
    ):
        library = "sqlalchemy"
    services = tuple(dict.fromkeys(_services(sources)))
    served = {kind for kind, _, _ in services}
    return DatabaseUse(
        products=tuple(
            name for name, pattern in _PRODUCTS.items() if name in served or pattern.search(tests)
        ),
        services=tuple((image, file) for _, image, file in services),
        variables=tuple(dict.fromkeys([*urls, *libpq])),
        migrations=min(alembic, key=lambda name: (name.count("/"), name), default=""),
        makes_tables=bool(_MAKES_TABLES.search(tests)),
        library=library,
    )


def _services(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """Yield the product, image and file of each database that is started beside the tests."""
    for file, text in sources.texts.items():
        if not file.endswith((".yml", ".yaml")):
            continue
        for image, name in _IMAGE.findall(text):
            for product, names in _IMAGES.items():
                if name in names:
                    yield product, image, file
