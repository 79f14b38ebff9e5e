"""What a suite is compared with where nobody has said it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from paceline.cli import git
from paceline.cli.sides import Found, default_base, find, with_output
from paceline.config import Config
from paceline.model.profile import Profile
from paceline.store.state_folder import NAME


def base_of(
    root: Path, config: Config, suite: str, base: str | None, *, committed: bool = False
) -> Found | None:
    """Return what a suite is compared with; None if there is nothing.

    Args:
        base: named by somebody, for where there is no history.
        committed: never take the baseline file as it lies there, which may hold the very runs in question.
    """
    history = root / NAME / "history"
    if history.is_dir() and any(history.glob("*.jsonl*")):
        found = find(f"{NAME}/history", root)
        if suite in found.runs:
            return replace(found, label="the history of the main branch")
    if base:
        return find(with_output(base, config), root)
    if git.show(root, "HEAD", config.output) is None and (committed or not (root / config.output).exists()):
        return None
    return default_base(root, config)


def unusable(old: Found | None, suite: str) -> str:
    """Return why there is nothing to compare a suite with; empty if there is something."""
    if old is None:
        return "neither a history nor a committed baseline"
    if suite not in old.suites:
        return f"{old.label} doesn't hold it"
    profile: Profile | None = old.baseline.suites[suite].profile if old.baseline is not None else None
    if profile is not None and not profile.has_figures:
        return f"{old.label} holds no figures of it: {profile.reason or profile.status.replace('_', ' ')}"
    return ""
