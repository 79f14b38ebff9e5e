"""A fixture that is set up: for how many tests, in how many workers, how often for nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import saving
from paceline.explain.shares import Share
from paceline.explain.stretches import FixtureName, Stretch

NAME = "fixture_setup"
#: Seconds of a set-up below which sharing it isn't worth anybody's while.
_WORTHWHILE = 0.005


def _heads(stretch: Stretch) -> Hashable | None:
    if stretch.fixture is None or stretch.teardown:
        return None
    return stretch.fixture.argname, stretch.fixture.baseid


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    fixture = shares[0].stretch.fixture
    assert fixture is not None
    builds = [
        build
        for name, stretches in evidence.setups.items()
        if (name.argname, name.baseid) == (fixture.argname, fixture.baseid)
        for build in stretches
    ]
    times = "once" if len(builds) == 1 else f"{len(builds)} times"
    workers = len({build.worker for build in builds})
    params = len({name.param for name in evidence.setups if name.argname == fixture.argname})
    details = [f"{fixture.scope} scope", f"built {times}"]
    if workers > 1:
        details.append(f"in {workers} workers")
    if params > 1:
        details.append(f"for {params} parameters")
    return f"fixture `{fixture.argname}` ({', '.join(details)})"


def _advises(evidence: Evidence) -> Iterator[Advice]:
    shares: dict[FixtureName, list[Share]] = {}
    for share in evidence.shares:
        name = share.stretch.fixture
        if name is not None and not share.stretch.teardown:
            shares.setdefault(name, []).append(share)
    for name, builds in evidence.setups.items():
        mean = sum(build.seconds for build in builds) / len(builds)
        where = evidence.place(name)
        # One of a plugin isn't the reader's to change.
        if len(builds) > 1 and mean >= _WORTHWHILE and where is not None:
            yield Advice(
                text=_order(name, builds),
                where=where,
                saves=saving(shares[name], 1 - 1 / len(builds)),
            )


def _order(name: FixtureName, builds: Sequence[Stretch]) -> str:
    times, workers = len(builds), len({build.worker for build in builds})
    what = f"`{name.argname}`" + (f" with parameter {name.param}" if name.param is not None else "")
    if name.scope == "function":
        return (
            f"build fixture {what} once for its module if the tests only read it: it is built {times} times"
        )
    if workers == times:
        return (
            f"prepare what fixture {what} builds once and let each worker copy it: {workers} workers build it"
        )
    return f"give fixture {what} a wider scope than {name.scope}: it is built {times} times"


CAUSE = Cause(name=NAME, rank=20, words=_words, heads=_heads, advises=_advises)
