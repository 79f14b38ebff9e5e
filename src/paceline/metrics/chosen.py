"""Which metrics a run records: the built-in ones, those of other distributions, and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from math import isfinite

from paceline.errors import ConfigError
from paceline.metrics import DERIVED, PROBES, duration
from paceline.metrics.base import Probe
from paceline.model.metric import Metric
from paceline.tables import nearest

#: Entry points of this group are a `Probe`, or a `Metric` that is derived from others.
GROUP = "paceline.metrics"
#: Without it a run file says nothing; it is always on.
ALWAYS = "duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Every metric there is.

    Attributes:
        probes: in the order in which they are read.
        derived: in the order in which they are tried.
    """

    probes: tuple[Probe, ...]
    derived: tuple[Metric, ...]


def known_metrics(warn: Callable[[str], None]) -> Known:
    """Return the built-in metrics and those of other distributions; one that can't be loaded is a warning."""
    probes: list[Probe] = []
    derived: list[Metric] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found = point.load()
        except Exception as error:  # noqa: BLE001  another distribution's failure never changes a suite's outcome
            warn(f"the metric {point.name!r} can't be loaded: {type(error).__name__}: {error}")
            continue
        if isinstance(found, Probe):
            probes.append(found if found.read is None else replace(found, read=_checked(found.read)))
        elif isinstance(found, Metric) and found.derived:
            derived.append(found)
        else:
            warn(f"the metric {point.name!r} is neither a Probe nor a derived Metric: {point.value}")
    # What is dear is read first, the time last: no read counts as the test's time.
    ordered = sorted((*probes, *PROBES), key=lambda probe: (not probe.dear, probe is duration.PROBE))
    return Known(probes=tuple(ordered), derived=(*DERIVED, *derived))


def chosen(words: Sequence[str], known: Known) -> tuple[Probe, ...]:
    """Return the probes that `words` ask for, in the order of `known`.

    Plain names are all that is recorded; `+NAME` and `-NAME` add to the default and take away from it; `all`
    and `none` stand for every metric and for none but `duration`. Metrics that are read in one go come
    together.

    Raises:
        ConfigError: there is no such metric; the hint names the nearest.
    """
    names = {metric.name for probe in known.probes for metric in probe.metrics}
    derived = {metric.name for metric in known.derived}
    wanted = _start(words, known)
    for word in words:
        name = word.lstrip("+-")
        if name in ("all", "none"):
            continue
        if name not in names | derived:
            hint = (
                nearest(name, sorted(names | derived))
                or f"The metrics are {', '.join(sorted(names | derived))}."
            )
            raise ConfigError(f"there is no metric {name!r}", hint=hint)
        if word.startswith("-"):
            wanted -= {name}
        else:
            wanted |= {name} if name in names else _inputs(name, known)
    return tuple(
        probe
        for probe in known.probes
        if any(metric.name in wanted or metric.name == ALWAYS for metric in probe.metrics)
    )


def declared(probes: Iterable[Probe], derived: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return what the header of a run says: what `probes` read, and what can be derived from it."""
    read = tuple(metric for probe in probes for metric in probe.metrics)
    found = {metric.name: metric for metric in read}
    for metric in derived:
        if metric.name not in found and all(name in found for name in metric.derived):
            found[metric.name] = metric
    return tuple(found.values())


def _checked(read: Callable[[], tuple[float, ...]]) -> Callable[[], tuple[float, ...]]:
    """Return what reads the same, and raises where that isn't numbers to subtract and to write."""

    def read_numbers() -> tuple[float, ...]:
        numbers = tuple([float(number) for number in read()])
        if not all(map(isfinite, numbers)):
            raise ValueError(f"{numbers} can't be recorded")
        return numbers

    return read_numbers


def _start(words: Sequence[str], known: Known) -> set[str]:
    if "all" in words:
        return {metric.name for probe in known.probes for metric in probe.metrics}
    if words and ("none" in words or any(word[0] not in "+-" for word in words)):
        return set()
    return {metric.name for probe in known.probes if probe.default for metric in probe.metrics}


def _inputs(name: str, known: Known) -> set[str]:
    names = {metric.name for probe in known.probes for metric in probe.metrics}
    for metric in known.derived:
        if metric.name == name and set(metric.derived) <= names:
            return set(metric.derived)
    return set()
