"""A comparison as GitHub's workflow commands: annotations beside the lines that they are about. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.model.comparison import Comparison, Delta
from paceline.report.comparison_document import groups, sentence

#: GitHub shows ten of each kind per step.
_MOST = 10


def render(comparisons: Sequence[Comparison]) -> str:
    """Return an error for each regression and a warning for what is suspicious or can't be compared."""
    errors: list[str] = []
    warnings: list[str] = []
    for comparison in comparisons:
        for group in groups(comparison.deltas):
            delta = group.worst
            if delta.is_failure:
                errors.append(_command("error", delta, group.size))
            elif delta.is_worse and delta.justification is None:
                warnings.append(_command("warning", delta, group.size))
        if comparison.selections:
            reasons = "; ".join(comparison.selections)
            warnings.append(
                f"::warning title=Paceline::{_data(f'{comparison.suite}: not comparable: {reasons}')}"
            )
    return "".join(f"{line}\n" for line in (*errors[:_MOST], *warnings[:_MOST]))


def _command(level: str, delta: Delta, size: int) -> str:
    where = next((cause.where for cause in delta.causes if cause.where), None)
    place = ""
    if where is not None:
        file, _, line = where.rpartition(":")
        place = f"file={_property(file)},line={_property(line)},"
    elif delta.key.subject == "test":
        place = f"file={_property(delta.key.name.partition('::')[0])},"
    return f"::{level} {place}title=Paceline::{_data(sentence(delta, size))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
