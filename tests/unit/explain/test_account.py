"""Each cause is told by its name, with its seconds and its place, and nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.costs import (
    FILE,
    a_run,
    a_test,
    explained,
    line_about,
    operation,
    phase,
    shared,
    spans,
    use,
)

from paceline.model.cost import ModuleMemory, Operation, SessionPart
from paceline.model.run import Phase, Run, RunEnd

SELECT = "SELECT order_lines.id FROM order_lines WHERE order_lines.order_id = %(order_id)s"


def parts_of(run: Run, target: str = "test_a") -> list[tuple[str, float]]:
    """Return cause and seconds of each part, the most first."""
    return [(part.cause, round(part.seconds, 6)) for part in explained(run, target).parts]


def test_the_first_line_names_the_largest_parts_with_their_places() -> None:
    """As a person would say it: the whole, then what it was spent on, the most first."""
    run = a_run(
        a_test(
            "test_a",
            phase(
                "call",
                0.51,
                cpu_time=0.08,
                operations=[
                    operation("sql", 0.31, what=SELECT, where="shop/orders.py:88", count=412),
                    operation("sleep", 0.12, where="tests/test_orders.py:9"),
                ],
            ),
        ),
        fixtures=[
            shared("migrated_db", 2.1),
            shared("migrated_db", 2.0, nodeid=f"{FILE}::test_b", worker="gw1"),
        ],
    )

    assert line_about(run, "test_a") == (
        "2.61 s, of which 2.10 s is fixture `migrated_db` (session scope, built 2 times, in 2 workers) "
        "at tests/conftest.py, "
        "310 ms is 412 times one SELECT of order_lines (N+1) from shop/orders.py:88, "
        "120 ms is 1 sleep from tests/test_orders.py:9"
    )


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param(phase("call", 1.0), "1.00 s is Python, in the test and what it calls", id="processor"),
        pytest.param(
            phase("call", 1.0, cpu_time=0.1),
            "900 ms is waiting for something unrecorded",
            id="waiting",
        ),
        pytest.param(
            phase("call", 1.0, gc_time=0.7, gc_full_collections=2), "garbage collection (2 full)", id="gc"
        ),
        pytest.param(
            phase("call", 1.0, cpu_time=0.2, run_delay=0.8),
            "800 ms is waiting for a processor, because the machine was busy",
            id="machine",
        ),
        pytest.param(
            phase("call", 1.0, operations=[operation("subprocess", 0.9, what="python", where="t.py:3")]),
            "900 ms is waiting for subprocess `python` from t.py:3",
            id="subprocess",
        ),
        pytest.param(
            phase("call", 1.0, operations=[operation("http", 0.9, what="GET api.test/x", count=3)]),
            "900 ms is 3 HTTP requests GET api.test/x",
            id="http",
        ),
        pytest.param(
            phase("call", 1.0, operations=[operation("dns", 0.9, what="db.test")]),
            "900 ms is 1 DNS look-up of db.test",
            id="dns",
        ),
        pytest.param(
            phase("call", 1.0, operations=[operation("connect", 0.9, what="db.test:5432", count=40)]),
            "900 ms is 40 connections to db.test:5432",
            id="connect",
        ),
        pytest.param(
            phase("call", 1.0, operations=[operation("sql", 0.01, what=f"SELECT {at}") for at in range(60)]),
            "600 ms is 60 quick SQL statements",
            id="statements",
        ),
        pytest.param(
            phase(
                "call", 1.0, operations=[operation("sql", 0.9, what="SELECT x FROM orders", where="a.py:1")]
            ),
            "900 ms is SELECT of orders from a.py:1",
            id="slow statement",
        ),
        pytest.param(
            phase("call", 1.0, sql_time=0.9, sql_statements=7),
            "900 ms is 7 quick SQL statements",
            id="metric",
        ),
        pytest.param(phase("call", 1.0, sleep_time=0.9), "900 ms is 1 sleep", id="sleep metric"),
        pytest.param(
            phase("setup", 1.0, fixtures=[use("orders", 0.9)]),
            "900 ms is fixture `orders` (function scope, built once) at tests/conftest.py",
            id="fixture",
        ),
        pytest.param(
            phase("teardown", 1.0, fixtures=[use("orders", 0.9)]),
            "tear-down of fixture `orders`",
            id="tear-down",
        ),
        pytest.param(
            phase("setup", 1.0, fixtures=[use("schema_isolation", 0.9, baseid="")]),
            "900 ms is Paceline's isolation of the test",
            id="isolation",
        ),
        pytest.param(
            phase("call", 0.1, isolation_time=0.9),
            "900 ms is Paceline's isolation of the test",
            id="isolation time",
        ),
    ],
)
def test_every_cause_says_what_it_is(call: Phase, expected: str) -> None:
    """With its seconds, and the place where it is known."""
    # A fixture in another test: this run records them.
    other = a_test("test_b", phase("setup", 0.1, fixtures=[use("other", 0.1)]))

    told = line_about(a_run(a_test("test_a", call), other), "test_a")

    assert expected in told


def test_a_busy_machine_takes_no_causes_place() -> None:
    """It is told beside the three largest things that are the test's own."""
    waits = [operation(kind, 0.1, what=kind) for kind in ("sleep", "subprocess", "sql")]
    run = a_run(a_test("test_a", phase("call", 1.0, cpu_time=0.0, run_delay=0.7, operations=waits)))

    told = line_about(run, "test_a")

    assert told.endswith(", 700 ms is waiting for a processor, because the machine was busy")
    assert all(word in told for word in ("1 sleep", "subprocess", "SQL"))


def test_a_fixture_tells_what_it_is_slow_for() -> None:
    """What it does most of is named beside it."""
    inserts = Operation(
        kind="sql",
        what="INSERT INTO products VALUES (%s)",
        where="shop/samples.py:12",
        count=1500,
        duration=1.8,
    )
    run = a_run(a_test("test_a"), fixtures=[shared("bulk", 2.0, scope="module", operations=[inserts])])

    assert line_about(run, "test_a") == (
        "2.00 s, of which 2.00 s is fixture `bulk` (module scope, built once) at tests/conftest.py: "
        "1.80 s of it 1500 times one INSERT of products (row by row) from shop/samples.py:12"
    )


def test_requests_that_the_process_answers_itself_are_its_own_work() -> None:
    """What the application spends on them is processor time; waiting for another server is told apart."""
    requests = [operation("http", 0.9, what="POST http://testserver/orders", count=30)]
    inside = a_test("test_a", phase("call", 1.0, cpu_time=0.95, operations=requests))
    outside = a_test("test_b", phase("call", 1.0, cpu_time=0.1, operations=requests))

    assert parts_of(a_run(inside)) == [("python", 0.95), ("waiting", 0.05)]
    assert parts_of(a_run(outside), "test_b") == [("http_requests", 0.9), ("python", 0.1)]


def test_what_is_done_in_several_places_is_told_as_one() -> None:
    """With the place of most of it; the table has the others."""
    selects = [
        operation("sql", 0.1 + at / 10, what=f"SELECT x FROM t{at}", where=f"a.py:{at}", count=10)
        for at in range(3)
    ]
    run = a_run(a_test("test_a", phase("call", 0.6, operations=selects)))

    assert line_about(run, "test_a") == (
        "600 ms, of which 600 ms is 30 repetitions of 3 statements (N+1), 10 of them from a.py:2"
    )
    parts = explained(run, "test_a").parts[0].parts
    assert [(part.where, round(part.seconds, 6)) for part in parts] == [
        ("a.py:2", 0.3),
        ("a.py:1", 0.2),
        ("a.py:0", 0.1),
    ]


def test_what_frames_statements_is_told_apart() -> None:
    """However often there was a commit or a new connection, it is no repeated statement."""
    run = a_run(
        a_test(
            "test_a",
            phase(
                "call",
                1.0,
                operations=[
                    operation("sql", 0.5, what="COMMIT", where="a.py:1", count=50),
                    operation("sql", 0.3, what="CONNECT postgresql", where="a.py:2", count=20),
                    operation("sql", 0.2, what="ROLLBACK", where="a.py:1", count=9),
                ],
            ),
        )
    )

    assert line_about(run, "test_a") == (
        "1.00 s, of which 700 ms is 59 commits, rollbacks and savepoints, most from a.py:1, "
        "300 ms is 20 connections to postgresql from a.py:2"
    )


def test_what_a_function_fixture_did_is_not_the_tests_own() -> None:
    """An operation that names a fixture belongs to it; the rest of the phase has none of it."""
    run = a_run(
        a_test(
            "test_a",
            phase(
                "setup",
                1.0,
                cpu_time=1.0,
                fixtures=[use("orders", 0.9)],
                operations=[operation("sleep", 0.6, fixture="orders")],
            ),
            phase("call", 0.5, operations=[operation("sleep", 0.5)]),
        )
    )

    found = explained(run, "test_a")

    assert [(part.cause, round(part.seconds, 6)) for part in found.parts] == [
        ("fixture_setup", 0.9),
        ("sleeps", 0.5),
        ("python", 0.1),
    ]
    assert [(part.cause, round(part.seconds, 6)) for part in found.parts[0].parts] == [
        ("sleeps", 0.6),
        ("python", 0.3),
    ]


def test_causes_that_overlap_share_what_there_is() -> None:
    """A request, its look-up and its connection are counted by all three; the test took one second."""
    operations = [operation("http", 0.9), operation("connect", 0.5), operation("dns", 0.4)]
    run = a_run(
        a_test("test_a", phase("call", 1.0, operations=operations)), a_test("test_b", phase("call", 1.0))
    )

    assert parts_of(run) == [("connections", 0.5), ("host_names", 0.4), ("http_requests", 0.1)]


def test_a_file_has_its_tests_its_fixtures_and_its_collection() -> None:
    """What its module imports first is part of its collection; what another one imports is not."""
    run = a_run(
        a_test("test_a", phase("call", 0.5)),
        a_test("test_c", phase("call", 0.2), path="tests/test_other.py"),
        fixtures=[shared("database", 1.0)],
        parts=[
            SessionPart(part="conftest", name="tests/conftest.py", duration=0.4, own=0.1, worker="main"),
            SessionPart(part="import", name="sqlalchemy", duration=0.3, own=0.3, worker="main"),
            SessionPart(part="module", name=FILE, duration=2.0, own=0.5, worker="main"),
            SessionPart(part="import", name="fastapi.routing", duration=1.5, own=1.5, worker="main"),
        ],
        spans=spans(startup=1.0, configure=0.5, collection=2.5, tests=1.8, finish=0.1),
    )

    assert parts_of(run, FILE) == [("collection", 2.0), ("fixture_setup", 1.0), ("python", 0.5)]
    assert parts_of(run, "tests/conftest.py") == [("fixture_setup", 1.0), ("conftests", 0.4)]
    assert round(explained(run).seconds, 6) == 5.9


def test_old_runs_are_explained_as_far_as_they_go() -> None:
    """Without fixtures in the record, a set-up is told as a whole, and what is missing is said."""
    test = a_test("test_a", phase("setup", 0.8, cpu_time=0.1), phase("call", 0.2))
    old = a_run(test)
    header = old.header
    run = Run(
        header=type(header)(**{name: getattr(header, name) for name in header.__slots__} | {"metrics": ()}),
        tests=old.tests,
        end=RunEnd(exit_code=0),
    )

    found = explained(run, "test_a")

    assert [(part.cause, round(part.seconds, 6)) for part in found.parts] == [
        ("unrecorded_fixtures", 0.8),
        ("python", 0.2),
    ]
    assert "this run did not record fixtures, SQL statements, sleeps" in found.notes[0]


def test_a_run_that_was_cut_says_so() -> None:
    """The figures are those of what ran until then."""
    run = a_run(a_test("test_a", phase("call", 1.0)), collected=(f"{FILE}::test_a", "b", "c"), end=None)

    note = explained(run).notes[0]

    assert note == "only part of the run was recorded, it was interrupted: 2 of 3 tests had not run"


def test_a_module_that_leaves_memory_behind_is_named() -> None:
    """Ten mebibytes and more; it has no seconds, so it is a note."""
    memory = [
        ModuleMemory(path="small.py", before=0, after=2**20, worker="main"),
        ModuleMemory(path=FILE, before=2**26, after=2**26 + 48 * 2**20, worker="main"),
    ]

    found = explained(a_run(a_test("test_a", phase("call", 1.0)), memory=memory))

    assert [note for note in found.notes if "memory" in note] == [
        f"48 MiB of memory stay behind after {FILE} in main"
    ]


def test_the_rest_is_for_a_profiler() -> None:
    """Where much of a test is Python, the command that looks into it is given."""
    run = a_run(a_test("test_a[x y]", phase("call", 1.0)), a_test("test_b", phase("call", 1.0, cpu_time=0.1)))

    command = f"python -m cProfile -s cumulative -m pytest '{FILE}::test_a[x y]'"
    assert f"run `{command}` to see which Python it was" in explained(run, "test_a[x y]").notes
    assert not [note for note in explained(run, "test_b").notes if "cProfile" in note]


def test_all_attempts_at_a_test_are_counted() -> None:
    """Reruns take their time, too."""
    first = a_test("test_a", phase("call", 1.0))
    run = a_run(first, replace(first, attempt=2))

    found = explained(run, "test_a")

    assert (found.seconds, found.notes[0]) == (2.0, "it was run 2 times, and all attempts are counted")


def test_a_test_without_time_has_no_parts() -> None:
    """Nothing to rank, and no division by nothing."""
    run = a_run(a_test("test_a"))

    assert (explained(run, "test_a").parts, line_about(run, "test_a")) == ((), "0 µs")


@pytest.mark.parametrize(
    ("python", "first"),
    [
        (0.8, "1.00 s is 400 times one SELECT"),
        (1.4, "1.00 s is 400 times one SELECT"),
        (1.6, "1.60 s is Python"),
    ],
)
def test_a_cause_of_its_own_is_named_before_what_it_leaves(python: float, first: str) -> None:
    """Python around statements isn't measured as theirs: they lead as long as they are nearly as much."""
    select = operation("sql", 1.0, what=SELECT, where="shop/orders.py:88", count=400)
    told = line_about(a_run(a_test("test_a", phase("call", 1.0 + python, operations=[select]))), "test_a")

    assert told.partition(", of which ")[2].startswith(first)


def test_threads_wait_for_the_processor_as_the_run_does() -> None:
    """Of other threads only the CPU time is known; what they waited isn't taken for something unrecorded."""
    crowded = a_test("test_b", phase("call", 3.0, cpu_time=1.0, run_delay=1.0))
    hashes_in_a_thread = a_test("test_a", phase("call", 1.0, cpu_time=0.4))
    waits = a_test("test_c", phase("call", 1.0, cpu_time=0.01))

    run = a_run(crowded, hashes_in_a_thread, waits)

    assert parts_of(run) == [("machine", 0.6 - 0.032624), ("python", 0.4), ("waiting", 0.032624)]
    assert parts_of(run, "test_c")[0] == ("waiting", round(0.99 - 0.02 / 1.41, 6))


def test_an_application_that_answers_in_the_process_is_no_wait_for_a_server_on_a_busy_machine() -> None:
    """Its threads waited for a processor: most of the seconds of the request aren't processor time."""
    crowded = a_test("test_b", phase("call", 5.7, cpu_time=1.0, run_delay=4.7))
    request = operation("http", 3.0, what="POST http://testserver/customers")
    signs_in = a_test("test_a", phase("call", 3.0, cpu_time=0.39, operations=[request]))

    assert line_about(a_run(crowded, signs_in), "test_a").startswith("3.00 s, of which 390 ms is Python")


def test_a_fixture_of_the_session_is_named_behind_what_the_test_does_itself() -> None:
    """As long as that is nearly as much: it is in the first test only because somebody has to be first."""
    sleeps = a_test("test_a", phase("call", 0.6, operations=[operation("sleep", 0.6, where="t.py:34")]))

    for seconds, first in ((0.8, "600 ms is 1 sleep"), (2.0, "2.00 s is fixture `template`")):
        run = a_run(sleeps, fixtures=[shared("template", seconds)])
        assert line_about(run, "test_a").partition(", of which ")[2].startswith(first)


def test_what_the_session_needs_doesnt_crowd_out_what_the_test_does() -> None:
    """One such fixture is told; the test's own causes are, however small beside it."""
    sleeps = a_test("test_a", phase("call", 0.4, operations=[operation("sleep", 0.4, where="t.py:34")]))
    needed = [shared(name, seconds) for name, seconds in (("server", 7.0), ("template", 5.0), ("app", 3.0))]

    told = line_about(a_run(sleeps, fixtures=needed), "test_a")

    assert told == (
        "15.40 s, of which 7.00 s is fixture `server` (session scope, built once) at tests/conftest.py, "
        "400 ms is 1 sleep from t.py:34"
    )


def test_a_run_without_fixtures_is_not_one_that_did_not_record_them() -> None:
    """What records imports records fixtures: there just were none."""
    part = SessionPart(part="module", name=FILE, duration=0.1, own=0.1, worker="main")

    notes = explained(a_run(a_test("test_a", phase("call", 1.0)), parts=[part])).notes

    assert not any("fixtures" in note for note in notes)


def test_what_the_session_needs_takes_the_place_of_nothing_the_test_does() -> None:
    """Three of the test's own are told, and one of the session's beside them."""
    own = [operation("sleep", 0.4), operation("subprocess", 0.3), operation("sql", 0.2)]
    run = a_run(a_test("test_a", phase("call", 0.9, operations=own)), fixtures=[shared("server", 0.5)])

    told = line_about(run, "test_a")

    assert all(word in told for word in ("1 sleep", "subprocess", "SQL", "fixture `server`"))


def test_a_fixture_is_not_named_for_the_collection_that_fell_on_it() -> None:
    """It is anybody's; what the test does a lot of comes first."""
    swept = use("client", 0.5)
    swept = replace(swept, own={**swept.own, "gc_time": 0.4})
    sleep = operation("sleep", 0.3, where="t.py:34")
    run = a_run(
        a_test("test_a", phase("setup", 0.5, fixtures=[swept]), phase("call", 0.3, operations=[sleep]))
    )

    first, second = line_about(run, "test_a").partition(", of which ")[2].split(", 500 ms is ")

    assert first == "300 ms is 1 sleep from t.py:34"
    assert second.startswith("fixture `client`")
