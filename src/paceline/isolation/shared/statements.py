"""What the text of an SQL statement says about transactions; nothing is sent to find out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Control = Literal["", "savepoint", "release", "rollback_to", "characteristics"]

_OPAQUE = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/ | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$
    """,
    re.DOTALL | re.VERBOSE,
)
_NAME = r'("(?:[^"]|"")+"|\w+)\s*;?\s*$'
_CONTROLS: tuple[tuple[Control, re.Pattern[str]], ...] = (
    ("savepoint", re.compile(rf"\s*SAVEPOINT\s+{_NAME}", re.IGNORECASE)),
    ("release", re.compile(rf"\s*RELEASE\s+(?:SAVEPOINT\s+)?{_NAME}", re.IGNORECASE)),
    (
        "rollback_to",
        re.compile(
            rf"\s*ROLLBACK\s+(?:(?:WORK|TRANSACTION)\s+)?TO\s+(?:SAVEPOINT\s+)?{_NAME}", re.IGNORECASE
        ),
    ),
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
_LOCKING = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
_SCHEMA = re.compile(r"(CREATE|ALTER|DROP|DO|CALL|IMPORT)\b", re.IGNORECASE)
_PREPARE = re.compile(r"PREPARE\b", re.IGNORECASE)
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
#: Words before a parenthesis that change no rows. Any other function may.
_HARMLESS = frozenset(
    """
    abs all and any array array_agg array_length as avg between bit bool_and bool_or by case cast ceil char
    char_length character coalesce concat concat_ws cosine_distance count cube current_database
    current_schema current_setting current_user date date_part date_trunc decimal dense_rank distinct else
    every except exists extract filter first_value floor format format_type from generate_series greatest
    group having in initcap inner intersect interval is isfinite join json_agg json_array_length
    json_build_object json_object_agg jsonb_agg jsonb_array_elements jsonb_array_length jsonb_build_object
    jsonb_extract_path_text jsonb_object_agg l2_distance lag last_value lateral lead least left length like
    limit lower ltrim make_date materialized max md5 min mod not now nth_value nullif numeric offset on only
    or order over partition percentile_cont position power random rank regexp_replace replace right rollup
    round row row_number row_to_json rtrim select set similarity some split_part sqrt stddev string_agg
    substr substring sum then time timestamp timestamptz to_char to_date to_json to_jsonb to_number
    to_regclass to_timestamp to_tsquery to_tsvector trim ts_rank union unnest upper using values varchar
    vector version when where with within yes
    """.split()  # noqa: SIM905 - a list of so many quoted words is unreadable
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a statement does to transactions.

    Attributes:
        control: a transaction command that can be carried out inside the shared transaction.
        name: the savepoint it names.
        refused: the command that can't be, in capitals.
        about_server: it's refused, but wouldn't change the database that it is sent to.
        reads: certainly changes no rows.
        changes_schema: may change which constraints there are.
        prepares: gives a statement a name that outlives transactions.
    """

    control: Control = ""
    name: str = ""
    refused: str = ""
    about_server: bool = False
    reads: bool = False
    changes_schema: bool = False
    prepares: bool = False


def read_statement(sql: object) -> Statement:
    """Tell what `sql` does; bytes and the composed statements of drivers are understood as well."""
    if isinstance(sql, bytes):
        return _read(sql.decode(errors="replace"))
    if isinstance(sql, str):
        return _read(sql)
    parts: object = getattr(sql, "as_string", None)
    if callable(parts):
        try:
            return _read(str(parts(None)))
        except Exception:  # noqa: BLE001 - psycopg2's needs a connection; take the statement for a writing one
            return Statement(changes_schema=True)
    return Statement(changes_schema=True)


@lru_cache(maxsize=4096)
def _read(text: str) -> Statement:
    bare = _OPAQUE.sub(lambda match: "x" if match[0][0] == '"' else " ", text)
    parts = [part.strip() for part in bare.split(";")]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        for control, pattern in _CONTROLS:
            # Comments and strings have no place in these, so the text as it is will do.
            if match := pattern.match(text):
                return Statement(control=control, name=_folded(match[1]), reads=True)
        if _CHARACTERISTICS.match(parts[0]):
            return Statement(control="characteristics", reads=True)
    for part in parts:
        if match := _REFUSED.match(part) or _CONCURRENTLY.match(part):
            command = " ".join(match[0].upper().split())
            return Statement(refused=command, about_server=len(parts) == 1 and command in _ABOUT_SERVER)
    return Statement(
        reads=all(map(_only_reads, parts)),
        changes_schema=any(_SCHEMA.match(part) for part in parts),
        prepares=any(_PREPARE.match(part) for part in parts),
    )


def _folded(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _only_reads(part: str) -> bool:
    part = part.lstrip("( \n\t")
    if not _READING.match(part) or _WRITING_WORD.search(_LOCKING.sub(" ", part)):
        return False
    names = {name.lower() for name in _CALL.findall(part)}
    return all(_is_harmless(name) for name in names - _HARMLESS)


def _is_harmless(name: str) -> bool:
    return name.startswith("pg_") and not name.startswith(("pg_notify", "pg_logical", "pg_replication"))
