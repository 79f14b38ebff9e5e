"""What the text of an SQL statement says about transactions; nothing is sent to find out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Control = Literal["", "begin", "savepoint", "release", "rollback_to", "characteristics"]

_NAME = r'("(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|\w+)\s*;?\s*$'
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
_LOCKING = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
#: Words before a parenthesis that change no rows. Any other function may.
HARMLESS = frozenset(
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
        commits: it's refused because the database would commit.
        reads: certainly changes no rows.
        changes_schema: may change which constraints there are.
        changes_session: leaves something on the connection that a rollback doesn't undo.
    """

    control: Control = ""
    name: str = ""
    refused: str = ""
    about_server: bool = False
    commits: bool = False
    reads: bool = False
    changes_schema: bool = False
    changes_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grammar:
    """How the SQL of one product is read. The patterns are matched at the beginning of a statement.

    Attributes:
        opaque: what isn't code: comments, strings, quoted names; searched everywhere.
        refused: what can't be carried out inside the shared transaction.
        commits: what the database would commit for.
        begins: what begins a transaction and can be taken for it; empty: it's refused.
        characteristics: what changes how a transaction isolates.
        reading: what changes no rows, unless `writing` is in it.
        writing: searched everywhere in what is `reading`.
        schema: what may change which constraints there are.
        session: what a rollback doesn't undo, although only the connection knows of it.
        harmless: words before a parenthesis that change no rows; None: no function does.
        about_server: those that are refused, but wouldn't change the database that they are sent to.
    """

    opaque: re.Pattern[str]
    refused: tuple[re.Pattern[str], ...]
    characteristics: re.Pattern[str]
    reading: re.Pattern[str]
    writing: re.Pattern[str]
    schema: re.Pattern[str]
    commits: re.Pattern[str] | None = None
    begins: re.Pattern[str] | None = None
    session: re.Pattern[str] | None = None
    harmless: frozenset[str] | None = None
    about_server: frozenset[str] = frozenset()


def read_statement(sql: object, grammar: Grammar) -> Statement:
    """Tell what `sql` does; bytes and the composed statements of drivers are understood as well."""
    if isinstance(sql, bytes):
        return _read(sql.decode(errors="replace"), grammar)
    if isinstance(sql, str):
        return _read(sql, grammar)
    parts: object = getattr(sql, "as_string", None)
    if callable(parts):
        try:
            return _read(str(parts(None)), grammar)
        except Exception:  # noqa: BLE001 - psycopg2's needs a connection; take the statement for a writing one
            return Statement(changes_schema=True)
    return Statement(changes_schema=True)


@lru_cache(maxsize=4096)
def _read(text: str, grammar: Grammar) -> Statement:
    bare = grammar.opaque.sub(lambda match: "x" if match[0][0] in '"`[' else " ", text)
    parts = [part.strip() for part in bare.split(";")]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        for control, pattern in _CONTROLS:
            # Comments and strings have no place in these, so the text as it is will do.
            if match := pattern.match(text):
                return Statement(control=control, name=_folded(match[1]), reads=True)
        if grammar.characteristics.match(parts[0]):
            return Statement(control="characteristics", reads=True)
        if grammar.begins is not None and grammar.begins.match(parts[0]):
            return Statement(control="begin", reads=True)
    for part in parts:
        if match := next(filter(None, (pattern.match(part) for pattern in grammar.refused)), None):
            command = " ".join(match[0].upper().split())
            about_server = len(parts) == 1 and command in grammar.about_server
            return Statement(refused=command, about_server=about_server)
        if grammar.commits is not None and (match := grammar.commits.match(part)):
            command = " ".join(match[0].upper().split())
            about_server = len(parts) == 1 and command in grammar.about_server
            return Statement(refused=command, about_server=about_server, commits=True)
    return Statement(
        reads=all(_only_reads(part, grammar) for part in parts),
        changes_schema=any(grammar.schema.match(part) for part in parts),
        changes_session=grammar.session is not None and any(map(grammar.session.match, parts)),
    )


def _folded(name: str) -> str:
    closing = {'"': '"', "`": "`", "[": "]"}.get(name[0])
    if closing is None:
        return name.lower()
    return name[1:-1].replace(closing * 2, closing)


def _only_reads(part: str, grammar: Grammar) -> bool:
    part = part.lstrip("( \n\t")
    if not grammar.reading.match(part) or grammar.writing.search(_LOCKING.sub(" ", part)):
        return False
    if grammar.harmless is None:
        return True
    names = {name.lower() for name in _CALL.findall(part)}
    return all(_is_harmless(name) for name in names - grammar.harmless)


def _is_harmless(name: str) -> bool:
    return name.startswith("pg_") and not name.startswith(("pg_notify", "pg_logical", "pg_replication"))
