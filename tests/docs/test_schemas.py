"""The published JSON Schemas against what the product really writes and reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from tests.harness.project import Project
from tests.harness.schemas import closed

from paceline.errors import UnreadableFileError
from paceline.store.baseline_schema import baseline_schema
from paceline.store.run_file import parse_run
from paceline.store.schema import attribute_texts, run_file_schema, schema_of

ROOT = Path(__file__).resolve().parents[2]
#: Lines of a probe that fails.
_SELDOM = {"metric_off"}
CONFTEST = """
import time
import pytest

time.sleep(0.02)  # long enough for a line of its own

@pytest.fixture(scope="session", autouse=True)
def server(pytestconfig):
    pytestconfig.hook.pytest_paceline_service(name="postgresql", version="18.6")
"""
TESTS = """
import pytest

@pytest.mark.fast
def test_passes():
    pass

@pytest.mark.fast
def test_fails():
    assert 1 == 2

@pytest.mark.fast
def test_skipped():
    pytest.skip("not today")

@pytest.mark.fast
@pytest.mark.xfail(reason="known")
def test_expected():
    raise ValueError

def test_elsewhere():
    pass
"""


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a suite of every outcome, one that can't be collected and one without tests."""
    made = Project(tmp_path_factory.mktemp("profiled"))
    made.configure(
        '[tool.paceline.suite.fast]\npaths = ["tests"]\n[tool.paceline.suite.empty]\npaths = ["tests"]\n'
        '[tool.paceline.suite.broken]\npaths = ["broken"]\n'
    )
    made.write(tests__conftest=CONFTEST, tests__test_all=TESTS, broken__test_broken="import nonsense_module")
    done = made.profile("fast", "broken", "--rounds", "2")
    assert done.returncode == 3, done.stderr
    made.profile("empty")
    return made


@pytest.fixture(scope="module")
def lines(profiled: Project) -> list[dict[str, Any]]:
    """Every line of every run file of that project."""
    import gzip

    found = sorted((profiled.root / ".paceline" / "runs").glob("*.gz"))
    return [json.loads(line) for path in found for line in gzip.decompress(path.read_bytes()).splitlines()]


def complaints(schema: dict[str, Any], value: object) -> list[str]:
    """Return what is wrong with `value`."""
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.parametrize("schema", [run_file_schema(), baseline_schema()], ids=["run file", "baseline"])
def test_each_schema_is_one(schema: dict[str, Any]) -> None:
    """A schema that is itself wrong validates nothing."""
    jsonschema.Draft202012Validator.check_schema(schema)


def test_each_line_of_real_runs_is_described(lines: list[dict[str, Any]]) -> None:
    """No line has a member that the schema doesn't name, and none lacks one."""
    schema = closed(run_file_schema())
    assert [] == [problem for line in lines for problem in complaints(schema, line)]


def test_the_runs_hold_every_kind_of_line(lines: list[dict[str, Any]]) -> None:
    """Otherwise the test above says nothing about the kinds that are missing."""
    kinds = {reference["$ref"].rpartition("/")[2] for reference in run_file_schema()["oneOf"]}
    assert kinds - _SELDOM == {line["kind"] for line in lines}


def test_schema_and_reader_want_the_same_members(lines: list[dict[str, Any]]) -> None:
    """A line without a member that the schema requires is not read either, and the other way round."""
    schema = run_file_schema()
    header = next(line for line in lines if line["kind"] == "header")
    samples = {line["kind"]: line for line in lines}
    disagreements: list[str] = []
    for kind in ("header", "test", "span", "part", "end", "collection_error"):
        for member in samples[kind].keys() - {"kind"}:
            less = {name: value for name, value in samples[kind].items() if name != member}
            rest = [less] if kind == "header" else [header, less]
            described = not complaints(schema, less)
            if described != is_read("".join(json.dumps(line) + "\n" for line in rest)):
                disagreements.append(f"{kind}.{member}")
    assert [] == disagreements


def is_read(text: str) -> bool:
    """Tell whether the product reads `text` as a run file."""
    try:
        parse_run(text.encode(), "text")
    except UnreadableFileError:
        return False
    return True


def test_the_baseline_of_a_real_profile_is_described(profiled: Project) -> None:
    """Two rounds, a failing test, a suite that was never measured and one without tests."""
    document = json.loads(profiled.baseline_path.read_text())

    assert [] == complaints(closed(baseline_schema()), document)
    assert {"broken": "collection_error", "empty": "no_tests", "fast": "tests_failed"} == {
        name: entry["status"] for name, entry in document["profiles"].items()
    }


def test_an_entry_of_an_earlier_script_is_described() -> None:
    """It stays byte for byte until its suite is profiled; only without a status is it such an entry."""
    entry = {"marker": "schema", "command": "pytest -m schema", "wall_time_seconds": 0.0, "slow_tests": []}
    document = {"schema_version": 1, "generated_at": "2026-01-01T00:00:00Z", "profiles": {"schema": entry}}

    assert [] == complaints(baseline_schema(), document)
    assert complaints(baseline_schema(), document | {"profiles": {"schema": entry | {"status": "fine"}}})


def test_a_single_round_is_described(profiled: Project) -> None:
    """Its figures are numbers, not lists."""
    path = profiled.root / "single.json"
    profiled.profile("fast", "--output", str(path))
    document = json.loads(path.read_text())

    assert [] == complaints(closed(baseline_schema()), document)
    assert isinstance(document["profiles"]["fast"]["process"]["duration"], float)


def test_members_are_described_in_the_order_in_which_they_are_written(profiled: Project) -> None:
    """Who reads the schema beside a file finds his way."""
    written = [*profiled.entry("fast")]
    assert written == [*baseline_schema()["$defs"]["profile"]["properties"]]


def test_the_committed_baseline_is_described() -> None:
    """The figures of this repository's own example."""
    path = ROOT / "perf_metrics" / "pytest_marker_baselines.json"
    if not path.exists():
        pytest.skip("nothing has been profiled here")
    assert [] == complaints(closed(baseline_schema()), json.loads(path.read_text()))


@pytest.mark.parametrize(
    "change",
    [
        {"status": "fine"},
        {"wall_time_seconds": "0.5"},
        {"process": {"duration": [2, 0.5, None, 0.5]}},
        {"outcomes": {"exploded": 1}},
        {"totals": {"lunch": {}}},
        {"environment": {"python": "3.12"}},
    ],
)
def test_a_wrong_entry_is_refused(profiled: Project, change: dict[str, Any]) -> None:
    """A schema that accepts everything would pass every other test here."""
    document = json.loads(profiled.baseline_path.read_text())
    document["profiles"]["fast"] |= change
    assert complaints(baseline_schema(), document)


@dataclass
class Leaf:
    """A leaf."""

    weight: float | None


@dataclass
class Tree:
    """A tree.

    Attributes:
        name: of the tree,
            in Latin; None if unknown.
    """

    name: str | None
    kind: Literal["oak", "elm"]
    leaves: tuple[Leaf, ...]
    place: tuple[int, float]
    tall: bool = True


def test_a_type_becomes_a_schema() -> None:
    """Optional, Literal, tuples, nested types, defaults and texts."""
    assert schema_of(Tree) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "A tree.",
        "type": "object",
        "properties": {
            "name": {"description": "of the tree, in Latin; null if unknown.", "type": ["string", "null"]},
            "kind": {"enum": ["oak", "elm"]},
            "leaves": {"type": "array", "items": {"$ref": "#/$defs/Leaf"}},
            "place": {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "number"}],
                "items": False,
                "minItems": 2,
            },
            "tall": {"type": "boolean"},
        },
        "required": ["name", "kind", "leaves", "place"],
        "$defs": {
            "Leaf": {
                "description": "A leaf.",
                "type": "object",
                "properties": {"weight": {"type": ["number", "null"]}},
                "required": ["weight"],
            }
        },
    }


def test_the_texts_of_attributes_are_read_from_the_docstring() -> None:
    """Also those that go on in a second line."""
    assert attribute_texts(Tree) == {"name": "of the tree, in Latin; None if unknown."}


def test_an_annotation_without_a_schema_is_an_error() -> None:
    """A new kind of field can't slip into a file undescribed."""

    @dataclass
    class Strange:
        """Strange."""

        value: complex

    with pytest.raises(TypeError, match="no JSON Schema for"):
        schema_of(Strange)
