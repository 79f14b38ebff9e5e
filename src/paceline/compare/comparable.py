"""Whether two profiles were made under conditions that allow a comparison: pure."""

from __future__ import annotations

from paceline.model.environment import Environment
from paceline.model.profile import Profile


def selections(before: Profile, after: Profile) -> tuple[str, ...]:
    """Return in words what makes the two run different tests in different ways, so that nothing compares."""
    found = [_changed("marker", before.marker, after.marker)]
    if not any(found) and before.command and after.command:
        found.append(_changed("options", _options(before), _options(after)))
    return tuple(difference for difference in found if difference)


def _options(profile: Profile) -> str:
    """Return the command without its number of workers, which changes times and not what is tested."""
    words = profile.command.split()
    for at, word in enumerate(words):
        if word == "-n":
            words[at : at + 2] = ["", ""]
    return " ".join(word for word in words if word and not word.startswith(("--dist=", "--durations=")))


def differences(before: Profile, after: Profile) -> tuple[str, ...]:
    """Return in words what keeps `after` from being compared with `before`; empty if nothing does."""
    found = [
        _changed("workers", before.workers, after.workers),
        _changed("dist", before.dist, after.dist),
        _changed("marker", before.marker, after.marker),
    ]
    if not any(found):  # the command also holds what was compared so far
        found.append(_changed("command", before.command, after.command))
    if before.environment is not None and after.environment is not None:
        found.extend(_environments(before.environment, after.environment))
    elif before.environment is not after.environment:
        found.append("unknown environment")
    # Where neither says, as in JUnit XML, the reader is told and has to know.
    return tuple(difference for difference in found if difference)


def _environments(before: Environment, after: Environment) -> list[str]:
    services = sorted({*before.services} | {*after.services})
    return [
        _changed("Python", _minor(before), _minor(after)),
        _changed("machine", before.machine, after.machine),
        _changed("CPU", before.cpu_model, after.cpu_model),
        _changed("CPU count", before.cpu_count, after.cpu_count),
        _changed("CPU limit", before.cpu_limit, after.cpu_limit),
        *(_changed(name, before.services.get(name), after.services.get(name)) for name in services),
    ]


def _minor(environment: Environment) -> str:
    major, minor, *_ = environment.python.split(".")
    return f"{environment.implementation} {major}.{minor}"


def _changed(name: str, before: object, after: object) -> str:
    return "" if before == after else f"{name} {_word(before)} → {_word(after)}"


def _word(value: object) -> str:
    return "none" if value is None else str(value)
