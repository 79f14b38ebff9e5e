"""The report of an account: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.model.account import Account, Part, Suggestion
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.words import DASH, printable, seconds, share

#: Share of the whole from which on a part is worth a row of its own.
_LEAST = 0.005
_MOST_PARTS = 12
_MOST_INNER = 4
_MOST_SUGGESTIONS = 10
_IN_HEADLINE = 3
_HEADLINE_SHARE = 0.03
#: Share of a part from which on something in it is named beside it.
_TELLING_SHARE = 0.1
#: Causes that say nothing more about what they are part of.
_UNNAMED = ("python", "waiting", "machine")
#: Causes that others leave: what belongs to one and wasn't measured as such is in them, and what is our own.
_ASIDE = {"python": 1, "waiting": 1, "isolation": 2}
#: Causes that a part has for no reason of its own.
_ANYBODYS = ("machine", "garbage")
#: Of the first of these, from which on another cause is named before it.
_NEARLY = 2 / 3
#: Causes whose place is where something is, and not from where it was called.
_AT = ("fixture_setup", "fixture_teardown", "python", "waiting")


def explain_document(account: Account) -> Document:
    """Return the report of `account`; its first line says it all."""
    blocks: list[Table | Note] = [Note(text=headline(account))]
    if account.parts:
        blocks.append(_parts(account))
    if account.shared >= _HEADLINE_SHARE * account.seconds > 0:
        blocks.append(_shared(account))
    if account.workers:
        blocks.append(_workers(account))
        blocks.append(_by_the_clock(account))
    if account.suggestions:
        blocks.append(_suggestions(account))
    if account.notes:
        blocks.extend(Note(text=_sentence(note), tone="dim") for note in account.notes)
    return Document(title=f"Where the time of {printable(account.subject.name)} went", blocks=tuple(blocks))


def _sentence(note: str) -> str:
    text = printable(note)
    return f"{text[:1].upper()}{text[1:]}."


def headline(account: Account) -> str:
    """Return the account in one sentence."""
    name, whole = printable(account.subject.name), account.seconds
    telling = _telling(account)
    if not telling:
        return f"{name}: {seconds(whole)}"
    told = ", ".join(f"{seconds(part.seconds)} is {_told(part)}" for part in telling)
    return f"{name}: {seconds(whole)}, of which {told}"


def _telling(account: Account) -> Sequence[Part]:
    """Return the parts that are worth a word.

    A cause of its own comes first if it is nearly the largest. Of what a test only did for the whole session,
    one is told; it may take the place of what is left over, and of nothing that the test does itself.

    How busy the machine was is said last: it explains nothing. That, and the garbage collection that fell on
    a part, are no reason to name it before another.
    """
    of_test = account.subject.kind == "test"
    common = [part for part in account.parts if of_test and part.widely_used]
    whole = account.seconds - sum(part.seconds for part in common)
    own = [part for part in account.parts if part not in common and part.cause != "machine"]
    first = sorted(_worth(own, whole), key=_clean, reverse=True)
    leads = [part for part in first if _clean(part) >= _NEARLY * _clean(first[0])]
    leads.sort(key=lambda part: _ASIDE.get(part.cause, 0))
    first = [*leads, *(part for part in first if part not in leads)][:_IN_HEADLINE]
    for part in sorted(_worth(common, account.seconds), key=_clean, reverse=True)[:1]:
        is_largest = not first or _clean(first[0]) < _NEARLY * _clean(part)
        larger = sum(_clean(one) >= _clean(part) for one in first)
        first.insert(0 if is_largest else max(1, larger), part)
        if len(first) > _IN_HEADLINE and first[-1].cause in _ASIDE:
            first.pop()
    machine = [part for part in account.parts if part.cause == "machine"]
    return [*first, *_worth(machine, account.seconds)]


def _worth(parts: Sequence[Part], whole: float) -> list[Part]:
    return [part for part in parts if part.seconds >= _HEADLINE_SHARE * whole and part.seconds > 0]


def _clean(part: Part) -> float:
    """Return the seconds of a part without what falls on whichever test is running."""
    return part.seconds - sum(one.seconds for one in part.parts if one.cause in _ANYBODYS)


def _told(part: Part) -> str:
    named = [one for one in part.parts if one.cause not in _UNNAMED]
    if part.cause == _cause_of(named) or not named or named[0].seconds < _TELLING_SHARE * _clean(part):
        return _placed(part)
    return f"{_placed(part)}: {seconds(named[0].seconds)} of it {_placed(named[0])}"


def _cause_of(parts: Sequence[Part]) -> str | None:
    return parts[0].cause if parts else None


def _placed(part: Part) -> str:
    """Return a part with its place, or with the place of most of it."""
    text = printable(part.text)
    return f"{text}, {printable(part.mostly)}" if part.mostly else f"{text}{_from(part)}"


def _from(part: Part) -> str:
    if not part.where or part.where in part.text:
        return ""
    return f" {'at' if part.cause in _AT else 'from'} {printable(part.where)}"


def _parts(account: Account) -> Table:
    columns = (
        Column(name="Seconds", numeric=True),
        Column(name="Share", numeric=True),
        Column(name="Spent on"),
        Column(name="Where", whole=True),
    )
    return Table(title="Where the time went", columns=columns, rows=tuple(_rows(account)))


def _rows(account: Account) -> Iterator[tuple[Cell, ...]]:
    shown = [part for part in account.parts[:_MOST_PARTS] if part.seconds >= _LEAST * account.seconds]
    for part in shown:
        yield _row(part, account.seconds)
        yield from _inner_rows(part, account.seconds, depth=1)
    left = account.seconds - sum(part.seconds for part in shown)
    if len(shown) < len(account.parts):
        text = f"{len(account.parts) - len(shown)} more"
        yield (
            Cell(text=seconds(left)),
            Cell(text=share(left, account.seconds)),
            Cell(text=text),
            Cell(text=""),
        )


def _inner_rows(part: Part, whole: float, depth: int) -> Iterator[tuple[Cell, ...]]:
    for one in part.parts[: _MOST_INNER // depth]:
        if one.seconds >= _LEAST * whole:
            yield _row(one, whole, depth)
            yield from _inner_rows(one, whole, depth + 1)


def _row(part: Part, whole: float, depth: int = 0) -> tuple[Cell, ...]:
    tone: Tone = "dim" if depth else "plain"
    text = f"{'  ' * depth}{printable(part.text)}"
    return (
        Cell(text=seconds(part.seconds), tone=tone),
        Cell(text="" if depth else share(part.seconds, whole), tone=tone),
        Cell(text=text, tone=tone),
        Cell(text=printable(part.where or ""), tone=tone),
    )


def _workers(account: Account) -> Table:
    columns = (
        Column(name="Worker"),
        *(Column(name=name, numeric=True) for name in ("Tests", "Busy", "Between tests", "Idle at the end")),
        Column(name="# tests, = shared fixtures"),
    )
    rows = [
        (
            Cell(text=lane.worker),
            Cell(text=str(lane.tests)),
            Cell(text=seconds(lane.busy)),
            Cell(text=seconds(lane.gaps)),
            Cell(text=seconds(lane.idle) if lane.idle else DASH),
            Cell(text=lane.strip),
        )
        for lane in account.workers
    ]
    return Table(title="Workers", columns=columns, rows=tuple(rows))


def _shared(account: Account) -> Note:
    text = f"{seconds(account.shared)} of it is shared fixtures"
    return Note(text=f"{text}, which fall to whichever test needs them first or last.", tone="dim")


def _by_the_clock(account: Account) -> Note:
    text = f"The tests took {seconds(account.wall)} by the clock"
    return Note(text=f"{text}; {seconds(account.balanced)} if all workers had ended together.")


def _suggestions(account: Account) -> Table:
    columns = (
        Column(name="Gives back", numeric=True),
        Column(name="What to do first"),
        Column(name="Where", whole=True),
    )
    return Table(
        title="What to do first",
        columns=columns,
        rows=tuple(_suggestion(one) for one in _first(account.suggestions)),
    )


def _first(suggestions: Sequence[Suggestion]) -> Sequence[Suggestion]:
    return suggestions[:_MOST_SUGGESTIONS]


def _suggestion(one: Suggestion) -> tuple[Cell, ...]:
    return (
        Cell(text=f"up to {seconds(one.seconds)}", tone="good"),
        Cell(text=printable(one.text)),
        Cell(text=printable(one.where or "")),
    )
