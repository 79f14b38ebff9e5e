"""The report of a profile: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paceline.model.change import Change
from paceline.model.profile import BETWEEN, ISOLATION, SHARED, Attempt, Profile, SlowTest
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.words import DASH, because, count, printable, relative, seconds, share

#: Columns for parts of a session, and the totals that each of them adds up.
_PARTS = {
    "Start-up": ("startup", "configure"),
    "Collection": ("collection",),
    "Shared fixtures": (SHARED,),
    "Set-up": ("setup",),
    "Call": ("call",),
    "Tear-down": ("teardown",),
    "Isolation": (ISOLATION,),
    "Between phases": (BETWEEN,),
    "Finish": ("finish",),
}
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport:
    """What is said about one suite.

    Attributes:
        slowest: the slowest first.
        failed_attempt: the newest attempt, where it gave no figures and older ones were kept.
        refused: regressions for which the figures were not stored, a sentence per cause.
        accept: the command that stores them all the same.
    """

    profile: Profile
    change: Change
    slowest: tuple[SlowTest, ...]
    kept: Profile | None = None
    failed_attempt: Attempt | None = None
    refused: tuple[str, ...] = ()
    accept: str = ""


def profile_document(suites: Sequence[SuiteReport], output: str) -> Document:
    """Return the report of a profile that was stored in `output`."""
    blocks: list[Table | Note] = [_overview(suites)]
    if any(suite.profile.totals for suite in suites):
        blocks.append(_parts(suites))
    for suite in suites:
        blocks.extend(_suite_blocks(suite))
    refused = all(suite.refused for suite in suites)
    blocks.append(Note(text=f"{output} is as it was" if refused else f"Stored in {output}", tone="dim"))
    return Document(title="Paceline profile", blocks=tuple(blocks))


def _overview(suites: Sequence[SuiteReport]) -> Table:
    columns = (
        Column(name="Suite"),
        Column(name="Status"),
        Column(name="Tests"),
        Column(name="Wall", numeric=True),
        Column(name="CPU", numeric=True),
        Column(name="Since baseline"),
    )
    return Table(title="Suites", columns=columns, rows=tuple(_row(suite) for suite in suites))


def _row(suite: SuiteReport) -> tuple[Cell, ...]:
    profile = suite.profile
    return (
        Cell(text=profile.suite),
        _status(profile),
        Cell(text=_outcomes(profile)),
        Cell(text=seconds(profile.wall_time.median if profile.wall_time else None)),
        Cell(text=seconds(profile.cpu_time.median if profile.cpu_time else None)),
        _change(suite.change),
    )


def _status(profile: Profile) -> Cell:
    tones: dict[str, Tone] = {"measured": "good", "not_provisioned": "warning", "no_tests": "warning"}
    return Cell(text=profile.status.replace("_", " "), tone=tones.get(profile.status, "bad"))


def _outcomes(profile: Profile) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in profile.outcomes.items()) or DASH


def _parts(suites: Sequence[SuiteReport]) -> Table:
    """Return what each part of a session took, summed over its processes, and its share."""
    profiles = [suite.profile for suite in suites if suite.profile.totals]
    columns = (
        Column(name="Part of the session"),
        *(Column(name=profile.suite, numeric=True) for profile in profiles),
    )
    # A row of zeros would only ask what it is for.
    isolated = any(ISOLATION in profile.totals for profile in profiles)
    parts = {name: names for name, names in _PARTS.items() if isolated or ISOLATION not in names}
    shares = [_shares(profile, parts) for profile in profiles]
    rows = [(Cell(text=name), *cells) for name, *cells in zip(parts, *shares, strict=True)]
    return Table(title="Where the time went", columns=columns, rows=tuple(rows))


def _shares(profile: Profile, parts: Mapping[str, tuple[str, ...]]) -> list[Cell]:
    spent = [sum(_duration(profile, name) for name in names) for names in parts.values()]
    whole = sum(spent)
    return [Cell(text=f"{seconds(part)}  {share(part, whole):>4}") for part in spent]


def _duration(profile: Profile, part: str) -> float:
    summary = profile.totals.get(part, {}).get("duration")
    return summary.median if summary is not None else 0.0


def _change(change: Change) -> Cell:
    moved = "".join(
        f", {len(tests)} {word}"
        for tests, word in ((change.added, "added"), (change.removed, "removed"))
        if tests
    )
    match change.kind:
        case "changed":
            return Cell(text=f"wall {relative(change.wall_ratio)}, CPU {relative(change.cpu_ratio)}{moved}")
        case "first":
            return Cell(text="first profile", tone="dim")
        case "baseline_not_measured":
            return Cell(text="baseline was not measured", tone="dim")
        case "not_comparable":
            return Cell(text=f"not comparable: {'; '.join(change.reasons)}{moved}", tone="warning")
        case "not_measured":
            return Cell(text=DASH, tone="dim")


def _suite_blocks(suite: SuiteReport) -> list[Table | Note]:
    profile = suite.profile
    blocks: list[Table | Note] = []
    if profile.reason:
        tone: Tone = "warning" if profile.status in ("not_provisioned", "no_tests") else "bad"
        text = f"{profile.suite}: {because(profile.status, profile.reason)}"
        blocks.append(Note(text=text, tone=tone))
    attempt = suite.failed_attempt
    if attempt is not None and profile.has_figures:
        text = f"{profile.suite}: a round gave no figures: {because(attempt.status, attempt.reason)}"
        blocks.append(Note(text=text, tone="bad"))
    if suite.refused:
        text = (
            "not stored, because of what nobody has justified; "
            f"'{suite.accept}' takes the figures all the same"
        )
        blocks.append(_names(profile, text, suite.refused))
    if suite.kept is not None and not suite.refused:
        text = f"{profile.suite}: the figures of {suite.kept.recorded_at or 'an earlier profile'} were kept"
        blocks.append(Note(text=text, tone="dim"))
    if profile.unreported:
        text = f"{count(len(profile.unreported), 'test')} collected but never reported"
        blocks.append(_names(profile, text, profile.unreported))
    if profile.unstable:
        text = f"{count(len(profile.unstable), 'test')} ended differently in different rounds"
        blocks.append(_names(profile, text, profile.unstable))
    if suite.change.turned:
        turns = [f"{turn.nodeid}: {turn.before} → {turn.after}" for turn in suite.change.turned]
        text = f"{count(len(turns), 'test')} ended differently than in the baseline"
        layout = f" ({'; '.join(suite.change.reasons)})" if suite.change.reasons else ""
        blocks.append(_names(profile, f"{text}{layout}", turns))
    if suite.slowest:
        blocks.append(_slowest(suite))
    return blocks


def _names(profile: Profile, text: str, names: Sequence[str]) -> Note:
    shown = [printable(name) for name in names[:_MOST_NAMES]]
    more = [f"and {len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return Note(text=f"{profile.suite}: {text}:", tone="bad", items=(*shown, *more))


def _slowest(suite: SuiteReport) -> Table:
    return Table(
        title=f"Slowest of {suite.profile.suite}",
        columns=(Column(name="Duration", numeric=True), Column(name="Phase"), Column(name="Test")),
        rows=tuple(
            (Cell(text=seconds(test.duration)), Cell(text=test.phase), Cell(text=printable(test.nodeid)))
            for test in suite.slowest
        ),
    )
