"""Vectors without a model."""

import math

import pytest

from shop.embedding import DIMENSIONS, NoWordsError, embed


def cosine(first: list[float], second: list[float]) -> float:
    """Return the cosine of the angle between two unit vectors."""
    return sum(a * b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("text", ["kettle", "a", "Ünïcödé 茶壺", "x " * 5_000])
def test_vector_has_the_right_number_of_dimensions_and_length_one(text: str) -> None:
    """Short, long and foreign texts all land on the unit sphere."""
    vector = embed(text)
    assert len(vector) == DIMENSIONS
    assert math.hypot(*vector) == pytest.approx(1.0)


def test_case_and_punctuation_do_not_matter() -> None:
    """The words are what counts."""
    assert embed("Steel kettle!") == embed("steel, KETTLE")


def test_order_of_words_matters_a_little() -> None:
    """Neighbouring words are a feature of their own."""
    similarity = cosine(embed("garden hose"), embed("hose garden"))
    assert 0.7 < similarity < 1.0


def test_more_in_common_is_more_similar() -> None:
    """The same word beats a part of it, and that beats nothing."""
    query = embed("kettle")
    same, part, nothing = (cosine(query, embed(text)) for text in ("steel kettle", "kettles", "umbrella"))
    assert max(same, part) > 0.5
    assert nothing < min(same, part)


def test_vectors_are_the_same_on_every_machine() -> None:
    """Known values guard stored vectors against a change of the hash."""
    nonzero = {position: round(value, 6) for position, value in enumerate(embed("tea")) if value}
    assert nonzero == {33: 0.917663, 67: 0.229416, 77: -0.229416, 80: -0.229416}


@pytest.mark.parametrize("text", ["", " ", "?!", "_"])
def test_text_without_words_has_no_direction(text: str) -> None:
    """There is nothing to normalise."""
    with pytest.raises(NoWordsError):
        embed(text)
