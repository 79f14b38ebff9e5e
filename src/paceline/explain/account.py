"""What the time of a test, a fixture, a file or a run was spent on, the most first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from paceline.explain.advice import suggestions
from paceline.explain.cause import Cause
from paceline.explain.causes import causes
from paceline.explain.evidence import Evidence
from paceline.explain.notes import notes
from paceline.explain.shares import Share
from paceline.explain.subject import contains
from paceline.explain.whereabouts import mostly
from paceline.model.account import Account, Part, Subject, WorkerAccount
from paceline.model.run import place_of

#: Pieces that the time of a worker is drawn in.
_SLOTS = 40


def account(evidence: Evidence, subject: Subject) -> Account:
    """Return what the time of `subject` was spent on."""
    shares = [share for share in evidence.shares if contains(subject, share.stretch)]
    parts = parts_of(shares, evidence)
    workers = _workers(evidence) if subject.kind == "run" else ()
    return Account(
        subject=subject,
        run_id=evidence.run.header.run_id,
        suite=evidence.run.header.suite,
        seconds=sum(share.seconds for share in shares),
        parts=parts,
        suggestions=suggestions(evidence, shares),
        shared=_shared(shares) if subject.kind == "test" else 0.0,
        workers=workers,
        wall=evidence.timeline.duration if workers else None,
        balanced=evidence.timeline.balanced if workers else None,
        notes=notes(evidence, subject, parts),
    )


def _shared(shares: Sequence[Share]) -> float:
    return sum(share.seconds for share in shares if share.stretch.kind == "shared")


def _workers(evidence: Evidence) -> tuple[WorkerAccount, ...]:
    lanes = evidence.timeline.lanes
    if len(lanes) < 2:
        return ()
    return tuple(
        WorkerAccount(
            worker=lane.worker,
            tests=lane.tests,
            busy=lane.busy,
            gaps=lane.gaps,
            idle=evidence.timeline.end - lane.end,
            strip=lane.strip(evidence.timeline.start, evidence.timeline.end, _SLOTS),
        )
        for lane in lanes
    )


def parts_of(shares: Sequence[Share], evidence: Evidence) -> tuple[Part, ...]:
    """Return what `shares` of `evidence` were spent on, the most first."""
    groups: dict[tuple[Cause, Hashable | None], list[Share]] = {}
    leaves: list[Share] = []
    for share in shares:
        head = _head(share)
        if head is None:
            leaves.append(share)
        else:
            groups.setdefault(head, []).append(share)
    parts = [*_leaves(leaves, evidence)]
    for (cause, _), members in groups.items():
        inner = _leaves(members, evidence)
        stretches = {id(share.stretch) for share in members}
        first, text = members[0].stretch, cause.words(members, evidence)
        says_more = any(part.cause not in ("python", cause.name) for part in inner)
        parts.append(
            Part(
                cause=cause.name,
                seconds=sum(share.seconds for share in members),
                text=text,
                where=evidence.place(first.fixture) if first.fixture is not None else _file(members),
                count=len(stretches),
                parts=tuple(part for part in inner if part.text != text) if says_more else (),
                widely_used=first.fixture is not None and first.fixture.scope in ("session", "package"),
            )
        )
    return _ranked(parts)


def _leaves(shares: Sequence[Share], evidence: Evidence) -> tuple[Part, ...]:
    parts: list[Part] = []
    for cause in causes():
        groups: dict[tuple[str, str | None], list[Share]] = {}
        for share in shares:
            if share.cause == cause.name:
                groups.setdefault((share.what, share.where), []).append(share)
        found = _ranked([_leaf(cause, members, evidence) for members in groups.values()])
        if cause.bundled and len(found) > 1:
            together = [share for members in groups.values() for share in members]
            whole = _leaf(cause, together, evidence)
            parts.append(replace(whole, where=None, parts=found, mostly=mostly(found)))
        else:
            parts.extend(found)
    return _ranked(parts)


def _leaf(cause: Cause, shares: Sequence[Share], evidence: Evidence) -> Part:
    return Part(
        cause=cause.name,
        seconds=sum(share.seconds for share in shares),
        text=cause.words(shares, evidence),
        where=_test(shares) if cause.of_test else shares[0].where,
        count=sum(share.count for share in shares),
    )


def _test(shares: Sequence[Share]) -> str | None:
    """Return the line of the test in whose own code all of `shares` were spent."""
    tests = {(one.stretch.path, one.stretch.lineno) for one in shares}
    if len(tests) > 1 or any(one.stretch.phase != "call" for one in shares):
        return None
    path, lineno = tests.pop()
    return None if path is None else place_of(path, lineno)


def _ranked(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(
        sorted((part for part in parts if part.seconds > 0), key=lambda part: (-part.seconds, part.text))
    )


def _file(members: Sequence[Share]) -> str | None:
    """Return the file that all of `members` are about."""
    files = {share.stretch.path for share in members}
    return files.pop() if len(files) == 1 else None


def _head(share: Share) -> tuple[Cause, Hashable] | None:
    for cause in causes():
        key = cause.heads(share.stretch)
        if key is not None:
            return cause, key
    return None
