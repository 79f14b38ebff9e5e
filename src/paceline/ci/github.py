"""The jobs and the comment workflow for GitHub: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from paceline import __version__
from paceline.ci.actions import ACTIONS
from paceline.ci.edits import Edit
from paceline.ci.project import Project, workflows
from paceline.ci.suites import Proposal
from paceline.ci.templates import rendered
from paceline.ci.yaml_text import keys, member, members, with_members
from paceline.store.state_folder import HISTORY_BRANCH

JOB = "heavy-tests"
NEW_WORKFLOW = ".github/workflows/heavy-tests.yml"
COMMENT_WORKFLOW = ".github/workflows/heavy-tests-comment.yml"
#: What to install for a database that a suite requires.
_EXTRAS = {"postgresql": "postgres", "mariadb": "mariadb", "sqlite": "sqlalchemy"}
_RUNS_TESTS = re.compile(r"\b(?:pytest|tox|nox|make test|hatch (?:run )?test|manage\.py test)\b")


def github_edits(
    project: Project, suites: Sequence[Proposal], shards: int = 1, workflow: str | None = None
) -> Iterator[Edit]:
    """Yield the edits that make GitHub run, judge and report `suites`.

    Args:
        workflow: file to add the jobs to; None takes the one that runs the tests now, or a new one.
    """
    texts = {name: project.sources.texts[name] for name in workflows(project.sources)}
    home = next((name for name, text in texts.items() if JOB in keys(members(text).get("jobs"))), None)
    if home is None:
        edit = _jobs_edit(project, texts, jobs(project, suites, shards), workflow)
        home, texts = edit.path, texts | {edit.path: edit.after}
        yield edit
    if not any("paceline comment" in text for text in texts.values()):
        yield Edit(
            path=COMMENT_WORKFLOW,
            before=None,
            after=comment_workflow(_workflow_name(home, texts[home]), project.packages.python),
            what="the comment on pull requests",
        )


def jobs(project: Project, suites: Sequence[Proposal], shards: int = 1) -> str:
    """Return the jobs as YAML, indented by two."""
    paceline = requirement(suites)
    return rendered(
        "github-jobs.yml.jinja",
        actions=ACTIONS,
        branch=HISTORY_BRANCH,
        install=[
            *server_install(suites, "sudo "),
            *(command.replace("{paceline}", paceline) for command in project.packages.install),
        ],
        leg="-${{ matrix.shard }}" if shards > 1 else "",
        paceline=requirement(()),
        python=project.packages.python,
        shards=shards,
        suites=f"[{', '.join(suite.name for suite in suites)}]",
        switches=project.switches,
    )


def comment_workflow(workflow: str, python: str) -> str:
    """Return the workflow that comments when the one called `workflow` has ended."""
    plain = re.fullmatch(r"[A-Za-z][\w .-]*\w|\w", workflow)
    name = workflow if plain else "'" + workflow.replace("'", "''") + "'"
    return rendered(
        "github-comment.yml.jinja",
        actions=ACTIONS,
        paceline=requirement(()),
        python=python,
        workflow=name,
    )


def requirement(suites: Sequence[Proposal]) -> str:
    """Return what to install of Paceline, quoted for the shell."""
    if not suites:
        return f'"pytest-paceline>={__version__}"'
    required = {product for suite in suites for product in suite.requires}
    extras = [_EXTRAS[product] for product in _EXTRAS if product in required]
    return f'"pytest-paceline[{",".join([*extras, "xdist"])}]>={__version__}"'


def server_install(suites: Sequence[Proposal], prefix: str) -> list[str]:
    """Return the command that installs a server which no wheel brings; `prefix` stands before it."""
    if not any("mariadb" in suite.requires for suite in suites):
        return []
    update, install = f"{prefix}apt-get update --quiet=2", f"{prefix}apt-get install --yes --quiet=2"
    return [f"{update} && {install} mariadb-server"]


def _jobs_edit(project: Project, texts: dict[str, str], addition: str, wanted: str | None) -> Edit:
    candidates = [name for name, text in texts.items() if name == wanted or (not wanted and _is_home(text))]
    for name in candidates:
        after = with_members(texts[name], "jobs", addition)
        if after is not None:
            return Edit(path=name, before=texts[name], after=after, what="the jobs")
    path = wanted if wanted is not None and wanted not in texts else NEW_WORKFLOW
    after = rendered(
        "github-workflow.yml.jinja", jobs=addition.rstrip("\n"), default_branch=project.sources.branch
    )
    return Edit(path=path, before=None, after=after, what="the jobs")


def _is_home(text: str) -> bool:
    """Tell whether a workflow runs tests for pushes and pull requests, and doesn't get in the way of jobs."""
    found = members(text)
    events = found.get("on")
    if not {"push", "pull_request"} <= {*keys(events)} or not _RUNS_TESTS.search(text):
        return False
    filtered = any(
        word in keys(member(events, event))
        for event in ("push", "pull_request")
        for word in ("paths", "paths-ignore")
    )
    return not filtered and "working-directory" not in keys(member(found.get("defaults"), "run"))


def _workflow_name(path: str, text: str) -> str:
    """Return what GitHub calls a workflow: its name, or else its path."""
    return next(iter(keys(members(text).get("name"))), path)
