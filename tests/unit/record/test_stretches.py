"""How stretches of time become parts of a session."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from paceline.model.cost import SessionPart
from paceline.record.stretches import REST, Stretch, Timeline, parts


def stretch(name: str, start: float, end: float | None, **more: object) -> Stretch:
    """Return an import, or another stretch, from `start` to `end`."""
    made = Stretch(more.get("kind", "import"), name, more.get("parent"), start)  # type: ignore[arg-type]
    made.ended = end
    made.compiled = more.get("compiled")  # type: ignore[assignment]
    return made


def brief(found: list[SessionPart]) -> list[tuple[str, str, float, float]]:
    """Return kind, name, duration and own seconds."""
    return [(part.part, part.name, part.duration, part.own) for part in found]


def test_own_time_is_without_what_lies_within() -> None:
    """Also two levels down, and of what began right after another one."""
    app = stretch("app", 0.0, 10.0)
    orm = stretch("orm", 1.0, 6.0, parent=app)
    driver = stretch("driver", 2.0, 5.0, parent=orm)
    http = stretch("http", 6.0, 8.0, parent=app)

    assert brief(parts([app, orm, driver, http], "main")) == [
        ("import", "app", 10.0, 3.0),
        ("import", "orm", 5.0, 2.0),
        ("import", "driver", 3.0, 3.0),
        ("import", "http", 2.0, 2.0),
    ]


def test_the_import_of_the_collected_file_itself_is_no_part_of_its_own() -> None:
    """Whatever name Python gives it."""
    module = stretch("tests/api/test_it.py", 0.0, 5.0, kind="module")
    itself = stretch("tests.api.test_it", 1.0, 4.0, parent=module, compiled=True)
    package = stretch("tests.api", 1.0, 2.0, parent=itself)
    conftest = stretch("tests/conftest.py", 5.0, 7.0, kind="conftest")
    its_import = stretch("conftest", 5.0, 7.0, parent=conftest, compiled=False)
    initial = stretch("tests/db/__init__.py", 7.0, 9.0, kind="module")
    its_package = stretch("tests.db", 7.0, 9.0, parent=initial)

    found = parts([module, itself, package, conftest, its_import, initial, its_package], "main")

    assert brief(found) == [
        ("module", "tests/api/test_it.py", 5.0, 4.0),
        ("import", "tests.api", 1.0, 1.0),
        ("conftest", "tests/conftest.py", 2.0, 2.0),
        ("module", "tests/db/__init__.py", 2.0, 2.0),
    ]
    assert [part.compiled for part in found] == [True, None, False, None]


def test_a_module_that_is_collected_in_pieces_is_one_part() -> None:
    """First the file, then each class in it."""
    pieces = [
        stretch("test_it.py", 0.0, 1.0, kind="module"),
        stretch("test_other.py", 1.0, 4.0, kind="module"),
        stretch("test_it.py", 4.0, 6.0, kind="module"),
    ]
    assert brief(parts(pieces, "main")) == [
        ("module", "test_it.py", 3.0, 3.0),
        ("module", "test_other.py", 3.0, 3.0),
    ]


def test_a_plugin_is_called_by_its_distribution() -> None:
    """Several modules of one distribution are one plugin, also where one imports the other."""
    first = stretch("xdist.plugin", 0.0, 4.0)
    library = stretch("execnet", 1.0, 2.0, parent=first)
    second = stretch("xdist.looponfail", 2.0, 3.0, parent=first)
    third = stretch("xdist.extra", 5.0, 6.0)
    names = dict.fromkeys(("xdist.plugin", "xdist.looponfail", "xdist.extra"), "pytest-xdist")

    found = parts([first, library, second, third], "gw0", names)

    assert brief(found) == [("plugin", "pytest-xdist", 5.0, 4.0), ("import", "execnet", 1.0, 1.0)]
    assert {part.worker for part in found} == {"gw0"}


def test_a_module_that_its_own_package_has_imported_counts_once() -> None:
    """`import a.b` loads `a`, which may import `a.b`."""
    outer = stretch("a.b", 0.0, 3.0)
    package = stretch("a", 0.0, 3.0, parent=outer)
    inner = stretch("a.b", 1.0, 2.0, parent=package)
    found = parts([outer, package, inner], "main")
    assert brief(found) == [("import", "a.b", 3.0, 1.0), ("import", "a", 3.0, 2.0)]
    assert [part.count for part in found] == [1, 1]


def test_fast_imports_are_summed_up_by_whether_they_were_compiled() -> None:
    """Otherwise a run file would hold every module of the standard library."""
    slow = stretch("slow", 0.0, 0.002)
    fast = [stretch(f"fast{at}", at, at + 0.0005, compiled=at % 3 == 0) for at in range(1, 10)]

    found = parts([slow, *fast], "main")

    assert brief(found) == [
        ("import", "slow", 0.002, 0.002),
        ("import", REST, 0.003, 0.003),
        ("import", REST, 0.0015, 0.0015),
    ]
    assert [(part.compiled, part.count) for part in found[1:]] == [(False, 6), (True, 3)]


def test_the_slowest_hundred_imports_are_listed() -> None:
    """By their own time, or by that with those within; every conftest is listed."""
    many = [stretch(f"m{at:03}", at, at + (at + 2) / 1000) for at in range(150)]
    conftests = [stretch(f"c{at}/conftest.py", at, at, kind="conftest") for at in range(150)]

    found = parts([*many, *conftests], "main")

    assert [part.name for part in found if part.part == "import"] == [
        *(f"m{at:03}" for at in range(50, 150)),
        REST,
    ]
    assert found[-1].count == 50
    assert [part.name for part in found if part.part == "conftest"] == [one.name for one in conftests]


def test_what_never_ended_is_left_out() -> None:
    """Its time is unknown; what lies within it is not."""
    endless = stretch("endless", 0.0, None)
    assert brief(parts([endless, stretch("inner", 1.0, 2.0, parent=endless)], "main")) == [
        ("import", "inner", 1.0, 1.0)
    ]


@given(st.lists(st.sampled_from(["import a", "import b.c", "module b/c.py", "conftest a.py", "end"])))
def test_own_times_add_up_to_the_outermost_ones(events: list[str]) -> None:
    """Nothing is counted twice and nothing is lost, however things are nested."""
    clock = count()
    timeline = Timeline(lambda: float(next(clock)))
    for event in events:
        if event != "end":
            kind, name = event.split()
            timeline.begin(kind, name)  # type: ignore[arg-type]
        elif timeline.current is not None:
            timeline.end(timeline.current)
    while timeline.current is not None:
        timeline.end(timeline.current)
    outermost = [one for one in timeline.stretches if one.parent is None]

    found = parts(timeline.stretches, "main")

    assert sum(part.own for part in found) == sum((one.ended or 0) - one.started for one in outermost)
    assert all(part.own <= part.duration for part in found)
