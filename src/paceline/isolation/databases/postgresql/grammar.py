"""How the SQL of PostgreSQL is read."""

from __future__ import annotations

import re

from paceline.isolation.shared.statements import HARMLESS, Grammar

_OPAQUE = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/ | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$
    """,
    re.DOTALL | re.VERBOSE,
)
_CHARACTERISTICS = re.compile(r"SET\s+(TRANSACTION|SESSION\s+CHARACTERISTICS)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION|DISCARD\s+ALL"
    r"|VACUUM|CLUSTER|ALTER\s+SYSTEM|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION))\b",
    re.IGNORECASE,
)
_ABOUT_SERVER = frozenset({"CREATE DATABASE", "DROP DATABASE"})
_CONCURRENTLY = re.compile(
    r"(CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b.*?)\s+CONCURRENTLY\b", re.IGNORECASE | re.DOTALL
)
_READING = re.compile(
    r"(SELECT|SHOW|VALUES|TABLE|FETCH|MOVE|DECLARE|CLOSE|SET|RESET|LOCK|EXPLAIN|WITH|DISCARD|DEALLOCATE)\b",
    re.IGNORECASE,
)
_WRITING_WORD = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|INTO|ANALYZE)\b", re.IGNORECASE)
_SCHEMA = re.compile(r"(CREATE|ALTER|DROP|DO|CALL|IMPORT)\b", re.IGNORECASE)
# A block or procedure may have statements prepared that nobody sees here.
_PREPARE = re.compile(r"(PREPARE|DO|CALL)\b", re.IGNORECASE)
GRAMMAR = Grammar(
    opaque=_OPAQUE,
    refused=(_REFUSED, _CONCURRENTLY),
    characteristics=_CHARACTERISTICS,
    reading=_READING,
    writing=_WRITING_WORD,
    schema=_SCHEMA,
    session=_PREPARE,
    harmless=HARMLESS,
    about_server=_ABOUT_SERVER,
)
