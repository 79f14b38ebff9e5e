"""What remains of an SQL statement without its values: pure, and the same for every driver."""

from __future__ import annotations

import re

#: What stands for a part of a name that is another one each time.
ANY = "*"
#: Characters of a statement that are kept, and of one that is looked at.
LONGEST = 300
_LONGEST_READ = 20_000
_HEAD = 140

# A literal or comment that isn't closed goes on to the end: nothing behind its quote may be shown.
_TOKEN = re.compile(
    r"""
    (?P<space>   (?: \s | --[^\n]*+ | /\*(?s:.)*?(?:\*/|\Z) )+ )
  | (?P<value>
        [eE]'(?:[^'\\]|\\(?s:.)|'')*+(?:'|\\?\Z)                     # with escapes
      | (?:[bBnNxX]|[uU]&)?'(?:[^']|'')*+(?:'|\Z)
      | (?<![\w$])\$(?P<tag>[A-Za-z_]\w*|)\$(?s:.)*?(?:\$(?P=tag)\$|\Z)
      | %\(\w+\)s | %s | (?<![\w$])\$\d+ | (?<![\w:]):[A-Za-z_]\w* | (?<![\w@])@[Pp]\d+ | \?\d*(?![|&])
      | (?<![\w.])(?: 0[xX][0-9a-fA-F]+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )(?!\w)
    )
  | (?P<name> "(?:[^"]|"")*+(?:"|\Z) | `[^`]*+(?:`|\Z) | \w+ )
  | (?P<percent> %% )
  | (?P<colons> :: )
  | (?P<other> (?s:.) )
    """,
    re.VERBOSE,
)
_TYPE = (
    r"(?:double precision|(?:character|bit) varying|time(?:stamp)?(?:\(\?\))? with(?:out)? time zone|[\w.]+)"
    r"(?:\(\?(?:, \?)?\))?(?:\[\])*"
)
_ROW = r"\((?:[^()]|\([^()]*+\))*+\)"
_REWRITES = (
    # Some drivers say which type a value has, others leave it to the server.
    (re.compile(rf"\?::{_TYPE}", re.IGNORECASE), "?"),
    (re.compile(r"([=<>(,] ?)[-+] ?\?"), r"\1?"),
    (re.compile(r"\b(IN) ?\(\?(?:, \?)*+\)", re.IGNORECASE), r"\1 (?)"),
    (re.compile(r"\b(ARRAY)\[\?(?:, \?)*+\]", re.IGNORECASE), r"\1[?]"),
    (re.compile(rf"\b(VALUES) ?({_ROW})(?:, \2)*", re.IGNORECASE), r"\1 \2"),
    (re.compile(r"\b(SAVEPOINT|ROLLBACK TO) (?!SAVEPOINT )\S+$", re.IGNORECASE), r"\1 ?"),
)
#: A random end of a name, such as that of a scratch database: hexadecimal digits, not letters only.
_RANDOM = re.compile(
    r"(?<=[_-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-f]*+[0-9])[0-9a-f]{8,})(?![0-9A-Za-z])"
)
_VERBS = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_QUALIFIED = r'((?:"[^"]+"|`[^`]+`|\w+)(?:\.(?:"[^"]+"|`[^`]+`|\w+))*)'
_TARGET = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)(?: (?:ONLY|IF EXISTS|IF NOT EXISTS))? " + _QUALIFIED, re.IGNORECASE
)
_NO_TARGETS = frozenset({"select", "set", "values", "lateral", "unnest"})
_LONGEST_SUMMARY = 255


def normalise(sql: str) -> str:
    """Return `sql` with `?` for every value and parameter, on one line, at most `LONGEST` characters.

    Lists of values count as one value and rows of an INSERT as one row: their number makes no other statement
    of it. Nor does a part of a name that is made up each time. A statement that is too long loses its middle.
    """
    text = _joined(sql[:_LONGEST_READ])
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = text.rstrip("; ")
    if len(text) <= LONGEST:
        return text
    return f"{text[:_HEAD]} … {text[len(text) - (LONGEST - _HEAD - 3) :]}"


def summary(normalised: str) -> str:
    """Return what the statement does to which tables, as in OpenTelemetry: "SELECT orders customers"."""
    verb = _VERBS.search(normalised) if normalised[:5].upper() == "WITH " else None
    words = [(verb[0] if verb else normalised.partition(" ")[0]).upper()]
    for match in _TARGET.finditer(normalised):
        name = match[1].replace('"', "").replace("`", "")
        if name.lower() not in _NO_TARGETS and name not in words:
            words.append(name)
    return " ".join(words)[:_LONGEST_SUMMARY]


def _joined(sql: str) -> str:
    pieces: list[str] = []
    spaced = False
    last = "("
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        if kind == "space":
            spaced = True
            continue
        piece = "?" if kind in {"value", "tag"} else "%" if kind == "percent" else match[0]
        if kind == "name":
            piece = _RANDOM.sub(ANY, piece)
        if last == "," or (spaced and last != "(" and piece not in {")", ","}):
            pieces.append(" ")
        pieces.append(piece)
        last, spaced = piece, False
    return "".join(pieces)
