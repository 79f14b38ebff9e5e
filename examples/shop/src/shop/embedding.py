"""Text to vector without a model: hashed words and character trigrams.

Texts that share words or parts of words end up near each other, which is enough for a search to be worth
testing, and the same text gives the same vector on every machine.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

DIMENSIONS = 96
EMBEDDER = "hashed-ngrams-1"

_WORD = re.compile(r"[^\W_]+")
_WORD_WEIGHT = 2.0
_PAIR_WEIGHT = 1.0
_TRIGRAM_WEIGHT = 0.5


class NoWordsError(ValueError):
    """The text holds no words, so it has no direction in space."""


def embed(text: str) -> list[float]:
    """Return the unit vector of `text`.

    Raises:
        NoWordsError: `text` holds no letters or digits.
    """
    weights = _features(_WORD.findall(text.casefold()))
    if not weights:
        raise NoWordsError(f"{text!r} holds no words")
    vector = [0.0] * DIMENSIONS
    for feature, weight in weights.items():
        position, sign = _place(feature)
        vector[position] += sign * weight
    length = math.hypot(*vector)
    if length == 0.0:  # every feature met its opposite
        position, _ = _place(text)
        vector[position] = length = 1.0
    return [component / length for component in vector]


def _features(words: list[str]) -> Mapping[str, float]:
    """Return the weight of each word, pair of neighbouring words and trigram."""
    weights: defaultdict[str, float] = defaultdict(float)
    for word in words:
        weights[f"word:{word}"] += _WORD_WEIGHT
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            weights[f"part:{padded[start : start + 3]}"] += _TRIGRAM_WEIGHT
    for first, second in pairwise(words):
        weights[f"pair:{first} {second}"] += _PAIR_WEIGHT
    return weights


@lru_cache(maxsize=65536)
def _place(feature: str) -> tuple[int, float]:
    """Return the dimension of a feature and its sign there."""
    digest = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
    return (digest >> 1) % DIMENSIONS, 1.0 if digest & 1 else -1.0
