"""False alarms and power of the gate's whole way on recorded runs of real suites.

python bench/recorded.py FOLDER      FOLDER/JOB/SUITE-NN.jsonl.gz: twenty runs of each suite in each job

Nomination, confirmation and its repetition each take another job's runs, neighbours in time as pairs; either
side is the head in turn. The slowdowns are multiplied into every eighth test of 5 ms or more.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import exp
from pathlib import Path

from paceline.compare.confirm import Suspect, decide
from paceline.compare.timing import series_of
from paceline.stats.controls import chosen_controls
from paceline.stats.noise import fit, scored, widened
from paceline.stats.nomination import Nomination
from paceline.stats.proportion import upper_bound
from paceline.stats.robust import middle
from paceline.stats.sequential import AGAIN, LOOKS, Look
from paceline.store.run_file import read_run

RATIOS = (1.2, 1.5)
LEAST = 0.005
#: What `paceline gate` calls suspicious.
SUSPICIOUS = Nomination(z=0.3, change=0.05)
PULL_REQUEST = 5000

Job = Mapping[str, Sequence[float]]


def jobs(folder: Path) -> dict[str, list[Job]]:
    """Return, for each suite, the clean seconds of each test's call in the runs of each job."""
    files: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*.jsonl.gz")):
        files[path.name.rpartition("-")[0], path.parent.name].append(path)
    found: dict[str, list[Job]] = defaultdict(list)
    for (suite, _), paths in sorted(files.items()):
        series = series_of([read_run(path) for path in paths], "clean_time")
        found[suite].append(
            {
                nodeid: [value for value in values if value is not None]
                for (nodeid, phase), values in series.items()
                if phase == "call" and all(values)
            }
        )
    return found


def sides(job: Job, slower: Mapping[str, float], swapped: bool) -> dict[str, tuple[list[float], list[float]]]:
    """Return the seconds of base and head in each pair of a job."""
    at = (1, 0) if swapped else (0, 1)
    return {
        test: (list(times[at[0] :: 2]), [value * slower.get(test, 1.0) for value in times[at[1] :: 2]])
        for test, times in job.items()
    }


def nominated(job: Job, slower: Mapping[str, float], swapped: bool) -> set[str]:
    """Return what looks slower in two runs of each side."""
    both = sides(job, slower, swapped)
    noises = fit({test: base[:2] for test, (base, _) in both.items()})
    scores = widened(scored(noises, {test: middle(head[:2]) for test, (_, head) in both.items()}), noises)
    return {
        test
        for test, score in scores.scores.items()
        if SUSPICIOUS.direction(score, exp(noises[test].centre)) > 0
    }


def confirmed(
    job: Job, slower: Mapping[str, float], suspects: set[str], looks: tuple[Look, ...], swapped: bool
) -> set[str]:
    """Return the suspects that the pairs of a job confirm."""
    both = sides(job, slower, swapped)
    alive, found = suspects & both.keys(), set[str]()
    usual = {test: middle(base) for test, (base, _) in both.items()}
    controls = chosen_controls(usual, sorted(alive))
    for look in looks:
        decisions = decide(
            {test: Suspect(sides=_first(both[test], look.pairs)) for test in alive},
            {test: _first(both[test], look.pairs) for test in controls},
            look.pairs,
            looks,
        )
        found |= {test for test, one in decisions.items() if one.state == "confirmed"}
        alive = {test for test, one in decisions.items() if one.state == "go on"}
    return found


def _first(both: tuple[list[float], list[float]], pairs: int) -> tuple[list[float], list[float]]:
    return both[0][:pairs], both[1][:pairs]


def requests(suite: Sequence[Job]) -> Iterator[tuple[Job, Job, Job, bool]]:
    """Return the jobs of each simulated pull request: nomination, confirmation, repetition."""
    for first in range(len(suite)):
        for swapped in (False, True):
            yield (*(suite[(first + step) % len(suite)] for step in range(3)), swapped)  # type: ignore[misc]


def count(suites: Mapping[str, Sequence[Job]], ratio: float) -> Counter[str]:
    """Return how many tests got how far, over all requests."""
    seen = Counter[str]()
    for suite in suites.values():
        long = [test for test, times in sorted(suite[0].items()) if middle(times) >= LEAST]
        slower = dict.fromkeys(long[::8], ratio) if ratio > 1 else {}
        for look, pairs, again, swapped in requests(suite):
            suspects = nominated(look, slower, swapped)
            once = confirmed(pairs, slower, suspects, LOOKS, swapped)
            twice = confirmed(again, slower, once, AGAIN, swapped)
            everything = confirmed(pairs, slower, set(pairs), LOOKS, swapped) if ratio == 1 else set[str]()
            judged = look.keys() & pairs.keys() & again.keys()
            for name, tests in (("nominated", suspects), ("once", once), ("twice", twice)):
                seen[f"{name} slower"] += len(tests & slower.keys())
                seen[f"{name} others"] += len(tests - slower.keys())
            seen["slower"] += len(judged & slower.keys())
            seen["others"] += len(judged - slower.keys())
            seen["once of all"] += len(everything)
    return seen


def main() -> None:
    """Print what was found, as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    suites = jobs(parser.parse_args().folder)
    null = count(suites, 1.0)
    bound = upper_bound(null["twice others"], null["others"])
    found: dict[str, object] = {
        "tests": {name: len(suite[0]) for name, suite in suites.items()},
        "jobs": {name: len(suite) for name, suite in suites.items()},
        "unchanged": dict(sorted(null.items())),
        "false_alarms_per_test_at_most": bound,
        "pull_requests_of_5000_tests_with_a_false_alarm_at_most": 1 - (1 - bound) ** PULL_REQUEST,
    }
    for ratio in RATIOS:
        seen = count(suites, ratio)
        found[f"+{ratio - 1:.0%}"] = {
            "slowed": seen["slower"],
            "nominated": round(seen["nominated slower"] / seen["slower"], 3),
            "confirmed_twice": round(seen["twice slower"] / seen["slower"], 3),
            "false_alarms": seen["twice others"],
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
