"""Which test of one side is which of the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.harness.figures import a_series

from paceline.compare.align import align


def names(tests: object) -> list[str]:
    """Return the node ids of some tests."""
    return [test.nodeid for test in tests]  # type: ignore[attr-defined]  # any iterable of tests


def test_a_test_in_another_file_is_a_moved_one() -> None:
    """Neither added nor removed."""
    found = align([a_series("a.py::test_x[1]")], [a_series("b/c.py::test_x[1]")])
    assert {"b/c.py::test_x[1]": "a.py::test_x[1]"} == found.renamed
    assert ([], []) == (names(found.added), names(found.removed))


def test_two_namesakes_in_other_files_are_told_apart_by_their_code() -> None:
    """A name alone is ambiguous here."""
    before = [a_series("a.py::test_x", source_hash="v:1"), a_series("b.py::test_x", source_hash="v:2")]
    after = [a_series("c.py::test_x", source_hash="v:2"), a_series("d.py::test_x", source_hash="v:1")]
    assert {"c.py::test_x": "b.py::test_x", "d.py::test_x": "a.py::test_x"} == align(before, after).renamed


def test_namesakes_without_code_are_new_and_gone() -> None:
    """Nothing is guessed."""
    before = [a_series("a.py::test_x"), a_series("b.py::test_x")]
    found = align(before, [a_series("c.py::test_x"), a_series("d.py::test_x")])
    assert (2, 2, {}) == (len(found.added), len(found.removed), found.renamed)


def test_a_changed_parameter_id_is_found_by_likeness() -> None:
    """Each to the one that is most alike; what is alike to nothing is new."""
    before = [a_series("a.py::test_x[order-10]"), a_series("a.py::test_x[invoice-10]")]
    after = [a_series(f"a.py::test_x[{name}]") for name in ("order-20", "invoice-20", "zzz")]
    found = align(before, after)
    assert {
        "a.py::test_x[order-20]": "a.py::test_x[order-10]",
        "a.py::test_x[invoice-20]": "a.py::test_x[invoice-10]",
    } == found.renamed
    assert ["a.py::test_x[zzz]"] == names(found.added)


def test_the_only_other_parameter_is_the_renamed_one() -> None:
    """However little the two are alike."""
    found = align([a_series("a.py::test_x[abc]")], [a_series("a.py::test_x[123]")])
    assert {"a.py::test_x[123]": "a.py::test_x[abc]"} == found.renamed


def test_the_same_code_under_another_name_is_a_renamed_test() -> None:
    """Found by its fingerprint alone."""
    found = align(
        [a_series("a.py::test_x", source_hash="v:1")], [a_series("a.py::test_y", source_hash="v:1")]
    )
    assert {"a.py::test_y": "a.py::test_x"} == found.renamed


def test_changed_code_is_told() -> None:
    """An unknown fingerprint, or one made by another Python, says nothing."""
    before = [
        a_series("a.py::one", source_hash="v:1"),
        a_series("a.py::two", source_hash="v:1"),
        a_series("a.py::three"),
        a_series("a.py::four", source_hash="u:1"),
    ]
    after = [
        a_series("a.py::one", source_hash="v:2"),
        a_series("a.py::two", source_hash="v:1"),
        a_series("a.py::three", source_hash="v:1"),
        a_series("a.py::four", source_hash="v:2"),
    ]
    assert {"a.py::one"} == align(before, after).changed


def test_a_skipped_test_is_neither_new_nor_gone() -> None:
    """It is known on both sides and ran on one of them."""
    found = align([a_series("a.py::x", outcome="skipped")], [a_series("a.py::x")])
    assert ((), (), ()) == (found.pairs, found.added, found.removed)


@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30), unique=True))
def test_every_test_is_accounted_for_once(before: list[int], after: list[int]) -> None:
    """In a pair, added, or removed."""
    found = align(
        [a_series(f"a.py::test[{at}]") for at in before], [a_series(f"a.py::test[{at}]") for at in after]
    )
    assert sorted(f"a.py::test[{at}]" for at in after) == sorted(
        [new.nodeid for _, new in found.pairs] + names(found.added)
    )
    assert sorted(f"a.py::test[{at}]" for at in before) == sorted(
        [old.nodeid for old, _ in found.pairs] + names(found.removed)
    )
