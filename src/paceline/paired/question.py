"""One test, fixture, file or suite, two revisions: is it slower in the second one?"""

from __future__ import annotations

from dataclasses import replace

from paceline.config import Suite
from paceline.explain.subject import is_of
from paceline.model.account import Subject
from paceline.model.comparison import BUDGET, DRIFT, Delta
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.run import Run
from paceline.paired.bisection import Answer
from paceline.paired.request import GateRequest, Tally, Watcher, compared, sample
from paceline.paired.rounds import Rounds
from paceline.profile.runner import OutOfTimeError

_ANSWERS: dict[str, Answer] = {"regressed": "slow", "unchanged": "fast"}


def ask(
    request: GateRequest, suite: Suite, subject: Subject, watcher: Watcher, known: Delta | None = None
) -> tuple[Answer, Delta | None]:
    """Tell whether `subject` is slower at the head than at the base, and what of it is.

    Args:
        known: what is looked for, as an earlier answer found it; None looks for what has grown most.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    tally = Tally(deadline=request.deadline)
    # Its own file, for what shares its fixtures and for controls.
    paths = (subject.name.partition("::")[0],) if subject.kind in ("test", "file") else suite.paths
    file = replace(suite, paths=paths, workers=0)
    runs: list[Run] = []
    for place in (request.base, request.head):
        try:
            made = sample(request, file, place, f"{suite.name}-first-{place.name}", (), 1, tally)
        except OutOfTimeError:
            watcher.said(f"{place.name}: did not end within the time limit")
            return "unknown", None
        if made.run is None or made.result.status not in MEASURED_STATUSES:
            watcher.said(f"{place.name}: {made.result.reason or made.result.status.replace('_', ' ')}")
            return "unknown", None
        runs.append(made.run)
    comparison = compared(request, file, runs[:1], runs[1:])
    suspect = _suspect(comparison.deltas, subject, known)
    if suspect is None:
        watcher.said(f"{subject.name} has no figures on both sides")
        return "unknown", None
    if suspect.evidence == "counted" or (suspect.verdict == "unchanged" and suspect.key.subject == "import"):
        return ("slow" if suspect.verdict == "regressed" else "fast"), suspect
    session = Rounds(
        request=request,
        suite=file,
        watcher=watcher,
        tally=tally,
        former=comparison.renamed,
        base=runs[0],
        head=runs[1],
        habits=request.habits(suite, runs[1].header.environment),
        repeats=False,
    )
    verdict = session.decide([suspect])[suspect.key]
    return _ANSWERS.get(verdict.verdict, "unknown"), verdict


def _suspect(deltas: tuple[Delta, ...], subject: Subject, known: Delta | None) -> Delta | None:
    """Return the series to ask about: the known one, else a count that grew, else the time that grew most."""
    own = [delta for delta in deltas if _is_part(delta, subject)]
    if known is not None:
        same = next((delta for delta in own if delta.key == known.key), None)
        # Counts and imports that didn't change aren't listed.
        listed = known.evidence != "counted" and known.key.subject != "import"
        return same or (None if listed or not own else replace(known, verdict="unchanged"))
    counted = [delta for delta in own if delta.evidence == "counted" and delta.verdict == "regressed"]
    timed = [
        delta for delta in own if delta.evidence != "counted" and delta.key.metric not in (BUDGET, DRIFT)
    ]
    timed = [delta for delta in timed if delta.before is not None and delta.after is not None]
    timed.sort(key=lambda delta: (delta.before or 0.0) - (delta.after or 0.0))
    return next(iter([*counted, *timed]), None)


def _is_part(delta: Delta, subject: Subject) -> bool:
    kind, name = delta.key.subject, delta.key.name
    match subject.kind:
        case "run":
            return True
        case "test":
            return kind == "test" and is_of(name, subject.name)
        case "fixture":
            return kind == "fixture" and name.rpartition("::")[2].partition("[")[0] == subject.name
        case "file":
            return kind in ("test", "import") and name.partition("::")[0] == subject.name
