"""False alarms and power of the whole way on made-up noise, whose truth is known.

What is rare is counted step by step: how many unchanged tests are nominated, how many of these the first
pairs confirm, how many of these the repetition. Each step has an exact bound of its own, and they multiply,
because every step is tried on what the one before let through. The expected number of alarms bounds their
probability, whether or not tests disturb one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from paceline.compare.simulate import confirmed_in, nominated_in, simulated_request
from paceline.stats.proportion import upper_bound
from paceline.stats.sequential import AGAIN, LOOKS, TOTALS
from paceline.stats.simulation import Machine, a_suite

TESTS = 5000
#: Sums in a pull request: the suite, its phases, the parts of its session, shared fixtures.
SUMS = 20
#: Standard deviation of a sum's log time within a job.
_SUM_SPREAD = 0.03
_LONG = 0.005
#: Three steps of the tests, two of the sums; together 5 % may be wrong.
_EACH = 1 - 0.05 / 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How many unchanged series got how far, as (passed, tried) of each step.

    Attributes:
        pairs: runs of pairs of a test that it took to clear or convict, per pull request.
    """

    nominated: tuple[int, int]
    confirmed: tuple[int, int]
    repeated: tuple[int, int]
    pairs: float

    @property
    def rate(self) -> float:
        """False alarms per series, as seen."""
        product = 1.0
        for passed, tried in (self.nominated, self.confirmed, self.repeated):
            product *= passed / tried if tried else 0.0
        return product

    @property
    def bound(self) -> float:
        """Upper bound of that rate; those of all series of a pull request hold together with 95 %."""
        product = 1.0
        for passed, tried in (self.nominated, self.confirmed, self.repeated):
            product *= upper_bound(passed, tried, _EACH) if tried else 1.0
        return product


def of_tests(seed: int, requests: int, loops: int = 1, repetitions: int = 100, tests: int = TESTS) -> Steps:
    """Return what becomes of the tests of pull requests that change nothing.

    Args:
        loops: how often each process of a pair runs the tests.
        repetitions: how often what was confirmed is measured again, to see what is rarer still.
    """
    random = Random(seed)
    nominated = confirmed = repeated = tried = pairs = 0
    for _ in range(requests):
        machine = a_suite(random, tests)
        suspects = nominated_in(machine, random, {})
        first, spent = confirmed_in(machine, random, {}, suspects, LOOKS, loops)
        nominated, confirmed, pairs = nominated + len(suspects), confirmed + len(first), pairs + spent
        for _ in range(repetitions if first else 0):
            again, _ = confirmed_in(machine, random, {}, first, AGAIN, loops)
            repeated, tried = repeated + len(again), tried + len(first)
    return Steps(
        nominated=(nominated, requests * tests),
        confirmed=(confirmed, nominated),
        repeated=(repeated, tried),
        pairs=pairs / requests,
    )


def of_sums(seed: int, tries: int, repetitions: int = 20) -> Steps:
    """Return what becomes of unchanged sums, every one of them taken for suspicious."""
    random = Random(seed)
    confirmed = repeated = tried = pairs = 0
    for _ in range(tries):
        machine = a_sum(random)
        first, spent = confirmed_in(machine, random, {}, [0], TOTALS)
        confirmed, pairs = confirmed + len(first), pairs + spent
        for _ in range(repetitions if first else 0):
            again, _ = confirmed_in(machine, random, {}, [0], TOTALS)
            repeated, tried = repeated + len(again), tried + 1
    return Steps(
        nominated=(tries, tries),
        confirmed=(confirmed, tries),
        repeated=(repeated, tried),
        pairs=SUMS * pairs / tries,
    )


def a_sum(random: Random) -> Machine:
    """Return a machine whose first test stands for a sum, and whose others are controls."""
    rest = a_suite(random, 30, median=0.02)
    return Machine(seconds=(0.8, *rest.seconds), sigmas=(_SUM_SPREAD, *rest.sigmas))


def power_of_tests(seed: int, ratio: float, requests: int, loops: int = 1) -> tuple[int, int, int]:
    """Return how many tests of 5 ms and more were made slower, nominated and convicted."""
    random = Random(seed)
    slowed = nominated = convicted = 0
    for _ in range(requests):
        machine = a_suite(random, 1000)
        long = [at for at, seconds in enumerate(machine.seconds) if seconds >= _LONG]
        slower = dict.fromkeys(long[::8], ratio)
        request = simulated_request(machine, random, slower, loops=loops)
        slowed += len(slower)
        nominated += len(request.nominated & slower.keys())
        convicted += len(request.convicted & slower.keys())
    return slowed, nominated, convicted


def power_of_sums(seed: int, ratio: float, tries: int) -> tuple[int, int]:
    """Return how many suspicious sums there were and how many were convicted."""
    random = Random(seed)
    convicted = 0
    for _ in range(tries):
        machine = a_sum(random)
        first, _ = confirmed_in(machine, random, {0: ratio}, [0], TOTALS)
        convicted += bool(first and confirmed_in(machine, random, {0: ratio}, [0], TOTALS)[0])
    return tries, convicted
