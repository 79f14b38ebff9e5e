"""The jobs for GitLab: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.ci.edits import Edit, appended
from paceline.ci.github import JOB, requirement, server_install
from paceline.ci.project import Project
from paceline.ci.suites import Proposal
from paceline.ci.templates import rendered
from paceline.ci.yaml_text import keys, members
from paceline.store.state_folder import HISTORY_BRANCH

PATH = ".gitlab-ci.yml"


def gitlab_edits(project: Project, suites: Sequence[Proposal], shards: int = 1) -> Iterator[Edit]:
    """Yield the edit that makes GitLab run, judge and report `suites`; none if it does already."""
    before = project.sources.texts.get(PATH)
    present = members(before or "")
    if JOB in present:
        return
    stages = keys(present.get("stages"))
    paceline = requirement(suites)
    addition = rendered(
        "gitlab-jobs.yml.jinja",
        branch=HISTORY_BRANCH,
        install=[
            *server_install(suites, ""),
            *(_for_gitlab(command).replace("{paceline}", paceline) for command in project.packages.install),
        ],
        paceline=requirement(()),
        python=project.packages.python,
        shards=shards,
        shard_list=f"[{', '.join(str(number) for number in range(1, shards + 1))}]",
        switches=project.switches,
        stage="test" if not stages or "test" in stages else stages[-1],
        suites=f"[{', '.join(suite.name for suite in suites)}]",
    )
    yield Edit(path=PATH, before=before, after=appended(before, addition), what="the jobs")


def _for_gitlab(command: str) -> str:
    return 'export PATH="$PWD/.venv/bin:$PATH"' if "GITHUB_PATH" in command else command
