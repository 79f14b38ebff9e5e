"""What the shared transaction says to MariaDB and MySQL, and what their drivers need."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from paceline.isolation.databases.mariadb.connection import JoinedMariadb
from paceline.isolation.shared.guest import Guest
from paceline.isolation.shared.statements import HARMLESS, Grammar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from paceline.isolation.shared.connection import JoinedConnection, Source
    from paceline.isolation.shared.words import Check, Voice

_OUTER = "paceline_test"
_DEADLOCK = 1213
_IGNORED_CASE = re.IGNORECASE
#: Statements that commit, before or after they are carried out, as the server's manual lists them.
_COMMITS = r"""
    (?:CREATE|ALTER|DROP|RENAME)\s+(?!(?:OR\s+REPLACE\s+)?TEMPORARY\b)
        (?:OR\s+REPLACE\s+|UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+|AGGREGATE\s+|ONLINE\s+|IGNORE\s+
           |DEFINER\s*=\s*\S+\s+|ALGORITHM\s*=\s*\w+\s+|SQL\s+SECURITY\s+\w+\s+)*\w+
    | TRUNCATE | GRANT | REVOKE | SET\s+PASSWORD | SET\s+DEFAULT\s+ROLE | INSTALL | UNINSTALL | FLUSH | RESET
    | (?:ANALYZE|CHECK|OPTIMIZE|REPAIR)\s+(?:NO_WRITE_TO_BINLOG\s+|LOCAL\s+)?(?:TABLES?|VIEW)
    | CACHE\s+INDEX | LOAD\s+INDEX | LOCK\s+(?:TABLES?|INSTANCE) | UNLOCK\s+(?:TABLES?|INSTANCE)
    | CHANGE\s+(?:MASTER|REPLICATION) | START\s+(?:SLAVE|REPLICA|ALL) | STOP\s+(?:SLAVE|REPLICA|ALL)
    | SHUTDOWN | BACKUP | BEGIN | START\s+TRANSACTION
    | SET\s+(?:SESSION\s+|LOCAL\s+|@@(?:SESSION\.|LOCAL\.)?)?AUTOCOMMIT
"""
GRAMMAR = Grammar(
    # What stands in a comment that begins with an exclamation mark is code.
    opaque=re.compile(
        r"""
        \#[^\n]* | --(?=\s)[^\n]* | /\*(?!M?!).*?\*/
        | '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*`
        """,
        re.DOTALL | re.VERBOSE,
    ),
    begins=re.compile(
        r"(BEGIN(\s+WORK)?|START\s+TRANSACTION(\s+(READ\s+(ONLY|WRITE)|WITH\s.*))?)\s*$", _IGNORED_CASE
    ),
    commits=re.compile(rf"(?:/\*M?!\d*\s*)?(?:{_COMMITS})\b", re.IGNORECASE | re.VERBOSE),
    refused=(
        re.compile(
            r"(COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA|USE|HANDLER|SET\s+GLOBAL|SET\s+@@GLOBAL)\b", _IGNORED_CASE
        ),
    ),
    characteristics=re.compile(r"SET\s+((SESSION|LOCAL)\s+)?TRANSACTION\b", _IGNORED_CASE),
    reading=re.compile(r"(SELECT|SHOW|DESCRIBE|DESC|EXPLAIN|VALUES|WITH|SET|DO|TABLE)\b", _IGNORED_CASE),
    writing=re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE\s+INTO|INTO)\b", _IGNORED_CASE),
    # Nothing that changes the schema gets through.
    schema=re.compile(r"(?!)"),
    session=re.compile(
        r"(SET|PREPARE|(CREATE|DROP)(\s+OR\s+REPLACE)?\s+TEMPORARY|.*@\w+\s*:=)", _IGNORED_CASE
    ),
    harmless=HARMLESS
    | frozenset(
        [
            "ifnull",
            "if",
            "database",
            "schema",
            "last_insert_id",
            "found_rows",
            "row_count",
            "connection_id",
            "user",
            "convert",
            "date_format",
            "date_add",
            "date_sub",
            "datediff",
            "unix_timestamp",
            "from_unixtime",
            "curdate",
            "curtime",
            "utc_timestamp",
            "json_extract",
            "json_unquote",
            "json_object",
            "json_arrayagg",
            "json_objectagg",
            "json_value",
            "json_contains",
            "group_concat",
            "char",
            "hex",
            "unhex",
            "uuid",
            "crc32",
            "find_in_set",
            "field",
            "elt",
            "instr",
            "locate",
            "mid",
            "ucase",
            "lcase",
            "truncate",
            "greatest",
            "match",
            "against",
            "tinyint",
            "smallint",
            "mediumint",
            "int",
            "bigint",
            "decimal",
            "double",
            "float",
            "datetime",
            "time",
            "text",
            "binary",
            "varbinary",
            "isnull",
            "nullif",
            "sleep",
        ]
    ),
    about_server=frozenset({"CREATE DATABASE", "DROP DATABASE", "CREATE SCHEMA", "DROP SCHEMA"}),
)


class MariadbWords:
    """MariaDB's and MySQL's."""

    drivers = frozenset({"pymysql", "mysqldb"})
    asyncio: frozenset[str] = frozenset()
    aborts = False
    early = False
    grammar = GRAMMAR
    bridge = None
    parting = None
    no_characteristics = "DO 0"

    def target(self, url: URL) -> tuple[object, object] | None:
        """Return host and port or socket, and the name of the database."""
        if not url.database:
            return None
        where: Any = url.query.get("unix_socket")
        if not where:
            host = url.host or ""
            where = ("localhost" if host in {"127.0.0.1", "::1"} else host, url.port or 3306)
        return where, url.database

    def identify(self, ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
        """Return the server's host, port and socket, and the database's name."""
        return "/".join(str(value) for value in ask("SELECT @@hostname, @@port, @@socket, DATABASE()")[0])

    def is_closed(self, voice: Voice) -> bool:
        """Ask the driver."""
        return not voice.real.open

    def take_over(self, voice: Voice) -> None:
        """Switch to AUTOCOMMIT, and don't wait for ever for the locks of connections that are not ours."""
        voice.real.autocommit(True)
        voice.send(("SET SESSION lock_wait_timeout = 5", "SET SESSION innodb_lock_wait_timeout = 5"))

    def shielded(self, voice: Voice) -> AbstractContextManager[None]:
        """Do nothing: listeners get a guest."""
        return nullcontext()

    def greet(self, voice: Voice, connect: Callable[[], Any], listen: Callable[[Any], None]) -> None:
        """Let listeners set the connection up."""
        listen(Guest(voice.real))

    def joined(self, source: Source, mode: Any, *, autocommit: bool) -> JoinedConnection:
        """Return one that has the drivers' methods."""
        return JoinedMariadb(source, autocommit=autocommit)

    def opening(self, driver: str) -> tuple[str, ...]:
        """Begin."""
        return ("START TRANSACTION", f"SAVEPOINT {_OUTER}")

    def send(self, voice: Voice, sql: tuple[str, ...]) -> None:
        """Send one after the other: the drivers take no more."""
        for statement in sql:
            cursor = voice.real.cursor()
            try:
                cursor.execute(statement)
            finally:
                cursor.close()

    def roll_back(self, voice: Voice) -> None:
        """Roll back, and let named locks of the session go.

        Raises:
            Exception: the driver's; there was no transaction any more.
        """
        try:
            voice.send((f"ROLLBACK TO SAVEPOINT {_OUTER}",))
        finally:
            if not self.is_closed(voice):
                voice.send(("ROLLBACK", "DO RELEASE_ALL_LOCKS()"))

    def forget(self, voice: Voice) -> bool:
        """Give up: what the connection knows of settings and temporary tables is not for the next test."""
        return False

    def fail(self, voice: Voice) -> None:
        """Do nothing: an error undoes its own statement only."""

    def constraints(self) -> Check:
        """Return nothing to check: there are no deferred constraints."""
        return _Nothing()

    def ended_by(self, voice: Voice, error: BaseException) -> bool:
        """Tell whether it was a deadlock: the server rolls back one of those that wait for each other."""
        return bool(error.args) and error.args[0] == _DEADLOCK


class _Nothing:
    def forget(self) -> None:
        """Know nothing."""

    def check(self, voice: Voice) -> None:
        """Find nothing."""

    note_change = note_rollback = forget
