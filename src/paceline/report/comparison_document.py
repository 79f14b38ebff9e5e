"""The report of a comparison: worst first, grouped by cause, short. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from paceline.model.comparison import BUDGET, DRIFT, Comparison, Delta, Verdict
from paceline.model.justification import Justification
from paceline.model.profile import SETUPS
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.words import DASH, VERDICTS, count, printable, relative, seconds

_MOST_ROWS = 12
_MOST_NAMES = 5
#: Seconds from which on it matters how much slower a shared fixture would have to be.
_WORTH_SAYING = 0.02
#: In the order in which they are counted; tests of one side have notes of their own.
_COUNTED: tuple[Verdict, ...] = ("regressed", "inconclusive", "improved", "not_comparable", "unchanged")
_TONES: dict[Verdict, Tone] = {"regressed": "bad", "improved": "good", "inconclusive": "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Series with one verdict and one cause; the most telling of them stands for all.

    Attributes:
        size: of how many tests and fixtures they are.
    """

    worst: Delta
    size: int


def comparison_document(comparisons: Sequence[Comparison], notes: Iterable[Note] = ()) -> Document:
    """Return the report of the comparisons of all suites.

    Args:
        notes: what to say at the end, such as on justifications.
    """
    blocks: list[Table | Note] = []
    for comparison in comparisons:
        blocks.extend(_blocks(comparison))
    return Document(title="Paceline compare", blocks=(*blocks, *notes))


def groups(deltas: Iterable[Delta]) -> tuple[Group, ...]:
    """Return what needs a look, worst first: regressions, what is suspicious, then improvements."""
    found: dict[tuple[object, ...], list[Delta]] = {}
    for delta in deltas:
        if delta.verdict in _TONES:
            found.setdefault(_cause(delta), []).append(delta)
    worst = [
        Group(
            worst=max(members, key=_telling),
            size=len({(delta.key.subject, delta.key.name) for delta in members}),
        )
        for members in found.values()
    ]
    return tuple(sorted(worst, key=lambda group: (_rank(group.worst), *_weight(group))))


def _cause(delta: Delta) -> tuple[object, ...]:
    """Return what series of one group have in common: the place of their cause, or what they are of."""
    slower = delta.ratio is None or delta.ratio > 1
    fixed = delta.key.metric if delta.key.metric in (BUDGET, DRIFT) else None
    common = (delta.verdict, delta.evidence == "total", fixed, slower, delta.justification)
    if delta.evidence != "total" and delta.causes and delta.causes[0].where:
        return (*common, delta.causes[0].where)
    if delta.evidence == "counted":
        return (*common, delta.key.subject, delta.key.name.partition("[")[0])
    return (*common, delta.key)


#: Counts that follow from others, and say less than them.
_DERIVED = ("sql_rows", "sql_transactions")


def _telling(delta: Delta) -> tuple[bool, bool, bool, float]:
    """Return how much a series says: seconds before counts, causes before what follows from them."""
    metric = delta.key.metric
    return delta.unit == "s", metric == SETUPS, metric not in _DERIVED, _difference(delta)


def _weight(group: Group) -> tuple[float, int, float]:
    """Return what sorts the gravest first: seconds, then how many are concerned, then by which factor."""
    delta = group.worst
    cause = next((cause.seconds for cause in delta.causes if cause.seconds is not None), 0.0)
    seconds_ = _difference(delta) if delta.unit == "s" else max(0.0, cause)
    before, after = delta.before or 0.0, delta.after or 0.0
    return -seconds_, -group.size, -after / before if before > 0 else -inf


def _difference(delta: Delta) -> float:
    return abs((delta.after or 0.0) - (delta.before or 0.0))


def _rank(delta: Delta) -> tuple[int, int]:
    worse = delta.ratio is None or delta.ratio > 1
    order = {"regressed": 0, "inconclusive": 1 if worse else 3, "improved": 2}
    return order[delta.verdict] + 4 * (delta.justification is not None), delta.evidence != "total"


def _blocks(comparison: Comparison) -> list[Table | Note]:
    head = [Note(text=_headline(comparison), tone=_headline_tone(comparison))]
    if comparison.selections:
        head.append(
            Note(text="not comparable:", tone="warning", items=tuple(map(printable, comparison.selections)))
        )
    if comparison.undecided:
        head.append(
            Note(text="inconclusive:", tone="warning", items=tuple(map(printable, comparison.undecided)))
        )
    if comparison.differences:
        items = tuple(map(printable, comparison.differences))
        text = "times are not comparable, counts are compared all the same:"
        head.append(Note(text=text, tone="warning", items=items))
    found = groups(comparison.deltas)
    blocks: list[Table | Note] = [*head]
    if found:
        blocks.append(_table(comparison, found[:_MOST_ROWS]))
    if len(found) > _MOST_ROWS:
        blocks.append(
            Note(text=f"and {len(found) - _MOST_ROWS} more; --format json lists them all", tone="dim")
        )
    blocks.extend(_power(comparison))
    blocks.extend(_one_sided(comparison))
    blocks.extend(Note(text=note, tone="dim") for note in comparison.notes)
    return blocks


def _headline(comparison: Comparison) -> str:
    verdicts = Counter(delta.verdict for delta in comparison.deltas)
    parts = [f"{verdicts[one]} {VERDICTS[one]}" for one in _COUNTED if verdicts[one]]
    factor = comparison.machine_factor
    machine = "" if factor is None else f"; machine {relative(factor)}"
    found = ", ".join(parts) or "nothing to compare"
    return f"{comparison.suite}: {found} ({comparison.base} → {comparison.candidate}{machine})"


def _headline_tone(comparison: Comparison) -> Tone:
    if any(delta.is_failure for delta in comparison.deltas):
        return "bad"
    return "warning" if comparison.selections or comparison.undecided else "plain"


def _table(comparison: Comparison, found: Sequence[Group]) -> Table:
    columns = (
        Column(name="Verdict"),
        Column(name="What"),
        Column(name="Before", numeric=True),
        Column(name="After", numeric=True),
        Column(name="Change", numeric=True),
        Column(name="Seen from", numeric=True),
        Column(name="Why"),
    )
    return Table(title=comparison.suite, columns=columns, rows=tuple(_row(group) for group in found))


def sentence(delta: Delta, size: int = 1) -> str:
    """Return a series and its change on one line."""
    more = f" and {size - 1} more" if size > 1 else ""
    before, after = _figure(delta, delta.before), _figure(delta, delta.after)
    why = _why(delta)
    return f"{_what(delta)}{more}: {before} → {after} ({_change(delta)}){f': {why}' if why else ''}"


def justification_notes(
    expired: Iterable[Justification], unmatched: Iterable[Justification], malformed: Sequence[str] = ()
) -> list[Note]:
    """Return what to say about justifications that cover nothing.

    Args:
        malformed: lines of messages that were meant to be justifications.
    """
    over = tuple(f"{item.target}: {item.reason} ({item.owner}, until {item.until})" for item in expired)
    idle = tuple(f"{item.target}: {item.reason} ({item.owner})" for item in unmatched)
    notes = (
        Note(text="expired justifications, which cover nothing any more:", tone="bad", items=over),
        Note(text="justifications that match nothing:", tone="warning", items=idle),
        Note(text="trailers without a target or a reason:", tone="warning", items=tuple(malformed)),
    )
    return [note for note in notes if note.items]


def _row(group: Group) -> tuple[Cell, ...]:
    delta = group.worst
    tone: Tone = "dim" if delta.justification is not None else _TONES[delta.verdict]
    word, *others, why = row_texts(delta, group.size)
    runs = f"{delta.runs[0]}:{delta.runs[1]}"
    power = runs if delta.detectable is None else f"{relative(delta.detectable)} in {runs}"
    texts = (*others, power, why)
    return (Cell(text=word, tone=tone), *(Cell(text=text) for text in texts))


def row_texts(delta: Delta, size: int) -> tuple[str, ...]:
    """Return verdict, what it is about, figures before and after, change and reason of `size` like series."""
    word = "suspicious" if delta.verdict == "inconclusive" else delta.verdict
    return (
        "justified" if delta.justification is not None else word,
        f"{_what(delta)}{f' and {size - 1} more' if size > 1 else ''}",
        _figure(delta, delta.before),
        _figure(delta, delta.after),
        _change(delta),
        _why(delta),
    )


def _what(delta: Delta) -> str:
    key = delta.key
    metric = "" if delta.unit == "s" else f": {key.metric.replace('_', ' ')}"
    phase = "" if key.phase in (None, "call") else f" ({key.phase})"
    subject = "" if key.subject == "test" else f"{key.subject} "
    return f"{subject}{printable(key.name)}{phase}{metric}"


def _figure(delta: Delta, value: float | None) -> str:
    if value is None:
        return DASH
    return seconds(value) if delta.unit == "s" else f"{value:g}"


def _change(delta: Delta) -> str:
    if delta.ratio is None:
        return DASH if delta.unit == "s" else f"{(delta.after or 0) - (delta.before or 0):+g}"
    if delta.interval is None:
        return relative(delta.ratio)
    low, high = delta.interval
    return f"{relative(delta.ratio)} [{relative(low)}..{relative(high)}]"


def _why(delta: Delta) -> str:
    parts: list[str] = []
    if delta.justification is not None:
        parts.append(f"{delta.justification.reason} ({delta.justification.owner})")
    for cause in delta.causes[:2]:
        grown = f"{seconds(cause.seconds)} more: " if cause.seconds is not None and cause.seconds > 0 else ""
        parts.append(f"{grown}{cause.text}{f' from {cause.where}' if cause.where else ''}")
    if delta.where is not None and delta.is_worse and not any(cause.where for cause in delta.causes[:2]):
        parts.append(f"at {delta.where}")
    # Where it is known what grew, that says more than how sure it is; a budget is said to be one.
    if delta.reason and not (delta.causes and delta.verdict == "regressed" and delta.key.metric != BUDGET):
        parts.append(delta.reason.partition(":")[0] if delta.verdict == "inconclusive" else delta.reason)
    newest, *others = delta.commits or ("",)
    if newest:
        parts.append(f"commit {newest}{f' and {len(others)} more' if others else ''}")
    if delta.renamed_from is not None:
        parts.append(f"formerly {delta.renamed_from}")
    return printable("; ".join(parts))


def _power(comparison: Comparison) -> Iterable[Note]:
    """Yield what would have been noticed, so that nobody takes "unchanged" for more than it is."""
    seen: list[str] = []
    for subject, word in (("suite", "the suite"), ("fixture", "shared fixtures"), ("test", "single tests")):
        known = [
            delta.detectable
            for delta in comparison.deltas
            if delta.key.subject == subject and delta.verdict == "unchanged" and delta.detectable is not None
            if delta.key.subject != "fixture" or (delta.before or 0.0) >= _WORTH_SAYING
        ]
        if known:
            seen.append(f"{word} from {relative(median(known))}")
    if seen:
        yield Note(text=f"what is unchanged would have been noticed in {', '.join(seen)} on", tone="dim")


def _one_sided(comparison: Comparison) -> Iterable[Note]:
    for verdict in ("added", "removed"):
        tests = [delta for delta in comparison.deltas if delta.verdict == verdict]
        if tests:
            spent = sum((delta.after or delta.before or 0.0) for delta in tests)
            yield _names(
                f"{count(len(tests), 'test')} {verdict}, {seconds(spent)}", [t.key.name for t in tests]
            )
    if comparison.renamed:
        names = [f"{old} → {new}" for new, old in sorted(comparison.renamed.items())]
        yield _names(f"{count(len(names), 'test')} renamed", names)
    if comparison.changed_tests:
        number = count(len(comparison.changed_tests), "test")
        text = f"{number} with changed code of its own, which is not the application's doing"
        yield _names(text, comparison.changed_tests)


def _names(text: str, names: Sequence[str]) -> Note:
    shown = [printable(name) for name in names[:_MOST_NAMES]]
    more = [f"and {len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return Note(text=f"{text}:", tone="dim", items=(*shown, *more))
