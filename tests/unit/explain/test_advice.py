"""What to do first, and how much it gives back."""

from __future__ import annotations

from tests.harness.costs import FILE, a_run, a_test, explained, operation, phase, shared, spans, use

from paceline.model.cost import SessionPart
from paceline.model.run import Run

LINES = {"what": "SELECT x FROM order_lines", "where": "shop/orders.py:88"}


def advice(run: Run, target: str = "") -> list[tuple[str, float, str | None]]:
    """Return cause, seconds and place of each suggestion."""
    return [(one.cause, round(one.seconds, 6), one.where) for one in explained(run, target).suggestions]


def test_a_fixture_that_every_worker_builds_could_be_built_once() -> None:
    """All but one of its builds would be saved, wherever they were."""
    builds = [shared("database", 2.0, worker=f"gw{at}", nodeid=f"{FILE}::test_{at}") for at in range(4)]
    run = a_run(*[a_test(f"test_{at}", worker=f"gw{at}") for at in range(4)], fixtures=builds, workers=4)

    assert advice(run) == [("fixture_setup", 6.0, "tests/conftest.py")]
    assert advice(run, "test_1") == [("fixture_setup", 1.5, "tests/conftest.py")]
    assert "4 workers build it" in explained(run).suggestions[0].text


def test_a_parameter_is_not_a_rebuild() -> None:
    """What is different each time can't be built once."""
    builds = [shared("database", 2.0, param=param) for param in ("sqlite", "postgresql")]

    assert advice(a_run(a_test("test_a"), fixtures=builds)) == []


def test_a_narrow_scope_is_named() -> None:
    """One worker builds it again for each module."""
    builds = [shared("catalogue", 1.0, scope="module", nodeid=f"{FILE}::test_{at}") for at in range(3)]

    found = explained(a_run(a_test("test_0"), fixtures=builds)).suggestions

    assert [round(one.seconds, 6) for one in found] == [2.0]
    assert found[0].text == "give fixture `catalogue` a wider scope than module: it is built 3 times"


def test_what_a_rebuild_would_save_is_not_saved_again_by_its_statements() -> None:
    """Half of the fixture goes with one of its two builds; the statements of the other half are left."""
    tests = [
        a_test(
            name,
            phase(
                "setup",
                1.0,
                fixtures=[use("orders", 1.0)],
                operations=[operation("sql", 0.8, fixture="orders", count=1000, **LINES)],
            ),
        )
        for name in ("test_a", "test_b")
    ]

    found = advice(a_run(*tests))

    assert [cause for cause, _, _ in found] == ["repeated_statements", "fixture_setup"]
    assert sum(seconds for _, seconds, _ in found) <= 2.0
    assert found[0][1:] == (1.5984, "shop/orders.py:88")


def test_statements_of_one_line_are_one_suggestion_for_all_tests() -> None:
    """Whoever mends the line mends them all."""
    tests = [
        a_test(f"test_{at}", phase("call", 0.2, operations=[operation("sql", 0.1, count=10, **LINES)]))
        for at in range(3)
    ]

    found = explained(a_run(*tests)).suggestions

    assert [(one.text, round(one.seconds, 6)) for one in found] == [
        ("do at once what 30 times one SELECT of order_lines does in 3 tests", 0.27)
    ]


def test_files_whose_tests_were_not_to_run_are_named_with_all_that_they_import() -> None:
    """Collecting them is what the run could do without."""
    fuzz = "tests/test_fuzz.py"
    run = a_run(
        a_test("test_a", phase("call", 0.1)),
        parts=[
            SessionPart(part="module", name=FILE, duration=0.2, own=0.2, worker="main"),
            SessionPart(part="module", name=fuzz, duration=3.0, own=0.5, worker="main"),
            SessionPart(part="import", name="schemathesis", duration=2.5, own=2.5, worker="main"),
        ],
        spans=spans(collection=3.5),
    )

    assert advice(run) == [("collection", 3.0, fuzz)]


def test_what_a_conftest_imports_for_everybody_is_named() -> None:
    """Library by library; what is quickly imported may stay."""
    parts = [
        SessionPart(part="conftest", name="tests/conftest.py", duration=1.0, own=0.1, worker="main"),
        SessionPart(part="import", name="alembic.command", duration=0.5, own=0.5, worker="main"),
        SessionPart(part="import", name="alembic.config", duration=0.3, own=0.3, worker="main"),
        SessionPart(part="import", name="tomllib", duration=0.01, own=0.01, worker="main"),
    ]

    found = explained(a_run(a_test("test_a"), parts=parts), "tests/conftest.py")

    assert [(one.where, round(one.seconds, 6)) for one in found.suggestions] == [("tests/conftest.py", 0.8)]
    assert found.suggestions[0].text.startswith("import `alembic` in the fixture that needs it")


def test_bytecode_that_is_not_kept_is_named() -> None:
    """Modules that Python had to compile, together."""
    parts = [
        SessionPart(part="import", name=f"m{at}", duration=0.5, own=0.5, compiled=at > 0, worker="main")
        for at in range(3)
    ]

    found = explained(a_run(a_test("test_a"), parts=parts)).suggestions

    assert [(one.cause, round(one.seconds, 6)) for one in found] == [("imports", 1.0)]
    assert "2 modules had to be compiled" in found[0].text


def test_only_compiling_is_saved_by_kept_bytecode() -> None:
    """Not what the modules do when they are imported; the file for which most is compiled is named."""
    file = SessionPart(
        part="module", name=FILE, duration=2.5, own=0.5, compiled=True, compiling=0.2, worker="main"
    )
    library = SessionPart(
        part="import", name="orm", duration=2.0, own=2.0, compiled=True, compiling=1.5, worker="main"
    )

    found = explained(a_run(a_test("test_a"), parts=[file, library])).suggestions

    assert [(one.cause, round(one.seconds, 6), one.where) for one in found] == [("imports", 1.7, FILE)]


def test_what_would_give_back_next_to_nothing_is_not_said() -> None:
    """Below a millisecond nobody should be bothered."""
    run = a_run(a_test("test_a", phase("call", 1.0, operations=[operation("sleep", 0.0005)])))

    assert advice(run) == []


def test_one_slow_statement_is_worth_advice() -> None:
    """By what it does; many quick ones aren't."""
    statements = [
        operation("sql", 2.6, what="INSERT INTO vectors (v) VALUES (?)", where="shop/samples.py:77"),
        operation("sql", 0.9, what="SELECT x FROM orders", where="shop/orders.py:3", count=3),
        operation("sql", 0.5, what="REINDEX INDEX vectors_hnsw", where="tests/test_index.py:9"),
        operation("sql", 0.3, what="SELECT y FROM orders", where="shop/orders.py:5", count=4),
    ]
    run = a_run(a_test("test_a", phase("call", 4.4, operations=statements)))

    assert [(round(one.seconds, 6), one.where) for one in explained(run).suggestions] == [
        (2.6, "shop/samples.py:77"),
        (0.9, "shop/orders.py:3"),
        (0.5, "tests/test_index.py:9"),
    ]
    assert [one.text.partition(":")[0] for one in explained(run).suggestions] == [
        "make this INSERT of vectors cheaper",
        "look at the plan of this SELECT of orders with EXPLAIN",
        "do this REINDEX once, and keep what it leaves as a template",
    ]
