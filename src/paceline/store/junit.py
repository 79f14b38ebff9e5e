"""JUnit XML, as pytest's `--junitxml` writes it, read as a run.

The file knows one time per test with three decimals, all phases together, so it becomes the time of
`call`; it knows neither the machine nor the workers. What a file doesn't say stays unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from paceline.errors import UnreadableFileError
from paceline.model.run import CollectionError, Phase, PhaseName, PhaseOutcome, Run, RunEnd, TestRecord
from paceline.store.imported import imported_header

_NOTE = "whole test in one figure, set-up and tear-down included, to the millisecond"
_ROOTS = ("testsuites", "testsuite")


def parse_junit(content: bytes, name: str, modified_at: float) -> Run:
    """Return the run that a JUnit XML file describes.

    Args:
        name: used in messages.
        modified_at: seconds since the epoch, for a file that doesn't say when it was made.

    Raises:
        UnreadableFileError: it isn't JUnit XML, or declares entities or a document type.
    """
    try:
        root = _tree(content)
    except (ParseError, expat.ExpatError, ValueError) as error:
        raise UnreadableFileError(f"{name} is not JUnit XML: {error}") from error
    if root.tag not in _ROOTS:
        raise UnreadableFileError(f"{name} is not JUnit XML: its root is <{root.tag[:40]}>")
    errors: list[CollectionError] = []
    tests: list[TestRecord] = []
    attempts: dict[str, int] = {}
    for case in root.iter("testcase"):
        if not case.get("classname"):
            # pytest tells what it could not collect like this, with the dotted name of the module.
            errors += [
                CollectionError(nodeid=_path(case.get("name", "")), reason=reason)
                for reason in [_reason(error) for error in case.findall("error")]
            ]
            continue
        nodeid, path = _nodeid(case)
        attempts[nodeid] = attempts.get(nodeid, 0) + 1
        tests.append(_test(case, nodeid, path, attempts[nodeid]))
    started_at = _started_at(root)
    failed = any(test.outcome in ("failed", "error") for test in tests)
    digest = hashlib.sha256(content).hexdigest()[:8]
    return Run(
        header=imported_header("junit", digest, modified_at if started_at is None else started_at, _NOTE),
        collected=tuple(test.nodeid for test in tests),
        collection_errors=tuple(errors),
        tests=tuple(tests),
        # The file holds no exit code; these are what its contents lead to.
        end=RunEnd(exit_code=2 if errors else 1 if failed else 0),
    )


def _tree(content: bytes) -> Element:
    """Parse without ever expanding what a hostile file declares: a document type is refused."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        raise ValueError("it declares a document type")

    def start(tag: str, attributes: dict[str, str]) -> None:
        builder.start(tag, attributes)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(content, True)
    return builder.close()


def _test(case: Element, nodeid: str, path: str, attempt: int) -> TestRecord:
    outcomes: dict[PhaseName, PhaseOutcome] = {"setup": "passed", "call": "passed", "teardown": "passed"}
    reasons: dict[PhaseName, str] = {}
    for phase, outcome, reason in _troubles(case):
        outcomes[phase], reasons[phase] = outcome, reason
        if phase == "setup":
            outcomes.pop("call", None)
    seconds = _number(case.get("time"))
    line = case.get("line", "")
    return TestRecord(
        nodeid=nodeid,
        path=path,
        lineno=int(line) if line.isascii() and line.isdigit() and len(line) < 9 else None,
        markers=(),
        worker="main",
        attempt=attempt,
        phases=tuple(
            Phase(
                phase=phase,
                outcome=outcome,
                start=None,
                values={"duration": seconds} if phase == "call" and seconds is not None else {},
                reason=reasons.get(phase),
            )
            for phase, outcome in outcomes.items()
        ),
    )


def _troubles(case: Element) -> Iterator[tuple[PhaseName, PhaseOutcome, str]]:
    for element in case:
        reason = _reason(element)
        match element.tag:
            case "failure":
                yield "call", "failed", reason
            case "error" if reason.startswith("failed on teardown"):
                yield "teardown", "failed", reason
            case "error":
                yield "setup", "failed", reason
            case "skipped" if element.get("type") == "pytest.xfail":
                yield "call", "xfailed", reason
            case "skipped":
                yield "setup", "skipped", reason
            case _:
                pass


def _reason(element: Element) -> str:
    text = element.get("message") or (element.text or "").strip()
    return text.partition("\n")[0]


def _nodeid(case: Element) -> tuple[str, str]:
    """Return the node id and the file; without a `file`, classes are told by their capital letter."""
    dotted = case.get("classname", "").split(".")
    file = case.get("file")
    split = next((at for at, part in enumerate(dotted) if part[:1].isupper()), len(dotted))
    if file is not None:
        stem = file.replace("\\", "/").removesuffix(".py").split("/")
        split = len(stem) if dotted[: len(stem)] == stem else split
    path = file.replace("\\", "/") if file is not None else _path(".".join(dotted[:split]))
    return "::".join([path, *dotted[split:], case.get("name", "")]), path


def _path(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _started_at(root: Element) -> float | None:
    for suite in root.iter("testsuite"):
        try:
            moment = datetime.fromisoformat(suite.get("timestamp", ""))
        except ValueError:
            continue
        # Versions of pytest that write no offset write the local time of a machine nobody knows.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None
