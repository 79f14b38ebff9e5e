"""Measures how often the rules are wrong, and writes `bench/results/detection.json`.

PYTHONPATH=src python bench/detection/measure.py                  all parts
PYTHONPATH=src python bench/detection/measure.py rules speed      only these; the others stay as they are
python bench/detection/table.py                                   puts the tables into the documentation

The part `rules` needs what `requirements.txt` names, in any environment with Python 3.11.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from typing import Any

import counted
import equal_rates
import recorded
import simulated
import speed
import sums
from noise import PAIRS, RECORDINGS, Session, sessions
from rules import peers

from paceline.stats.robust import middle

RESULTS = Path(__file__).parents[1] / "results" / "detection.json"
RATIOS = (1.1, 1.2, 1.5)
RATE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Recordings that belong together, and how they are replayed.

    Attributes:
        recorded: their conditions.
        pairs: of a session; what is undecided after fewer than twenty counts as not found.
        looped: whether each process ran the tests several times.
        used: whether that is made use of, as the gate does.
    """

    recorded: tuple[str, ...]
    pairs: int = PAIRS
    looped: bool = True
    used: bool = True


_CALM, _NOISY, _CROWDED = ("quiet", "shared"), ("noisy host",), ("crowded",)
#: By what is said of the machine.
MACHINES = {
    "quiet machine": Condition(recorded=_CALM),
    "noisy host, six pairs": Condition(recorded=_NOISY, pairs=6),
    "overloaded machine, six pairs": Condition(recorded=_CROWDED, pairs=6),
    "quiet machine, first loops only": Condition(recorded=_CALM, used=False),
    "noisy host, six pairs, first loops only": Condition(recorded=_NOISY, pairs=6, used=False),
    "overloaded machine, six pairs, first loops only": Condition(recorded=_CROWDED, pairs=6, used=False),
    "quiet machine, tests run once": Condition(recorded=("quiet",), pairs=20, looped=False, used=False),
    "overloaded machine, tests run once": Condition(recorded=("crowded", "shared"), looped=False, used=False),
}
#: Loops of each process of a pair.
LOOPS = 5
#: Simulated pull requests without a change.
REQUESTS = 480


def of_recordings() -> dict[str, Any]:
    """Return what was recorded, and where."""
    found: dict[str, Any] = {}
    for path in sorted(RECORDINGS.glob("*.json.gz")):
        recording = json.loads(gzip.decompress(path.read_bytes()))
        medians = {
            name: [middle(times) / 1e6 for times in suite["tests"].values()]
            for name, suite in recording["suites"].items()
        }
        found[path.name] = {
            **{key: recording[key] for key in ("at", "conditions", "cpu", "python", "runs")},
            "load": round(recording["load"], 1),
            "loops": recording.get("loops", 1),
            "tests": {name: len(values) for name, values in medians.items()},
            "tests_of_5_ms": {
                name: sum(value >= equal_rates.LONG for value in values) for name, values in medians.items()
            },
        }
    return found


def of_the_spreads() -> list[dict[str, Any]]:
    """Return the usual standard deviation of a pair's log ratio, of the controls of every session."""
    return [
        {
            "session": session.recording,
            "suite": session.suite,
            "conditions": session.conditions,
            "spread": round(session.measured().sigma or 0.0, 3),
            "least_spread": round(session.measured(least=True).sigma or 0.0, 3) if session.least else None,
        }
        for session in (*sessions(), *sessions(looped=True))
    ]


def _recorded_in(session: Session) -> str:
    """Return the name of the recording that a session is from."""
    return session.recording.rpartition("-")[0]


def of_the_way() -> dict[str, Any]:
    """Return false alarms and power on recorded noise, from nomination to the second confirmation."""
    found: dict[str, Any] = {}
    for name, condition in MACHINES.items():
        own, short = (
            [
                one if condition.used else replace(one, least={}, second={})
                for one in sessions(pairs=number, looped=condition.looped)
                if one.conditions in condition.recorded
            ]
            for number in (condition.pairs, PAIRS)
        )
        if not own:
            continue
        long = {_recorded_in(session) for session in own}
        # A recording with too few runs for a long session was planted in as well.
        brief = [session for session in short if session.planted and _recorded_in(session) not in long]
        planted = recorded.planted_power([*own, *brief])
        found[name] = {
            "as_shipped": condition.used,
            "unchanged": asdict(recorded.way(own, 1.0, 60, seed=1)[0]),
            "slower": {
                str(ratio): asdict(recorded.way(own, ratio, 30, seed=2, least=equal_rates.LONG)[0])
                for ratio in RATIOS
            },
            "planted": {
                str(1 + share): dict(
                    zip(("tests", "nominated", "confirmed", "repeated"), counts, strict=True)
                )
                for share, counts in planted.items()
            },
            "suites": asdict(sums.of_sessions(short, 1.1, 400, seed=3, suites=True)),
            "files": asdict(sums.of_sessions(short, 1.1, 400, seed=3, suites=False)),
        }
    return found


def of_rules() -> dict[str, Any]:
    """Return the tables of our alternatives and of other tools."""
    _, missing = peers()
    found: dict[str, Any] = {"rate": RATE, "missing": missing, "versions": {}}
    for name in ("asv", "apache-otava", "pytest-benchmark", "pytest-perfguard"):
        try:
            found["versions"][name] = version(name)
        except PackageNotFoundError:
            found["versions"][name] = None
    all_sessions = list(sessions())
    for name, least in (("long", equal_rates.LONG), ("all", 0.0)):
        nulls = equal_rates.population(all_sessions, least, 6, seed=4)
        slowed = equal_rates.population(all_sessions, least, 1, seed=5)
        ours, others = equal_rates.rows(nulls, slowed, RATE)
        found[name] = {
            "samples": len(nulls),
            "ours": [asdict(row) for row in ours],
            "others": [asdict(row) for row in others],
        }
    return found


def of_simulations() -> dict[str, Any]:
    """Return false alarms and power on made-up noise."""
    tests, whole = simulated.of_tests(1, REQUESTS, LOOPS), simulated.of_sums(2, 24_000)
    once = simulated.of_tests(1, REQUESTS)
    every = ((simulated.TESTS, tests), (simulated.SUMS, whole))
    found: dict[str, Any] = {
        "requests": REQUESTS,
        "tests": asdict(tests) | {"rate": tests.rate, "bound": tests.bound},
        "tests_once": asdict(once) | {"rate": once.rate, "bound": once.bound},
        "sums": asdict(whole) | {"rate": whole.rate, "bound": whole.bound},
        "per_request": sum(number * steps.rate for number, steps in every),
        "per_request_bound": sum(number * steps.bound for number, steps in every),
        "power": {},
    }
    for ratio in RATIOS:
        names = ("tests", "nominated", "convicted")
        found["power"][str(ratio)] = dict(
            zip(names, simulated.power_of_tests(3, ratio, 20, LOOPS), strict=True)
        )
    found["sum_power"] = dict(zip(("sums", "convicted"), simulated.power_of_sums(4, 1.1, 500), strict=True))
    return found


PARTS: dict[str, Callable[[], Any]] = {
    "recordings": of_recordings,
    "spreads": of_the_spreads,
    "way": of_the_way,
    "rules": of_rules,
    "simulated": of_simulations,
    "counted": lambda: counted.found_and_invented(Random(6)),
    "speed": speed.seconds,
}


def main() -> None:
    """Measure the parts that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or list(PARTS)
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in wanted:
        results[name] = PARTS[name]()
        print(f"{name}: {json.dumps(results[name])[:400]}", flush=True)
        results.setdefault("measured", {})[name] = {
            "at": datetime.now(UTC).strftime("%Y-%m-%d"),
            "python": platform.python_version(),
        }
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
