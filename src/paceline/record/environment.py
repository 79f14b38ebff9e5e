"""What this machine and this interpreter are."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.model.environment import Environment
from paceline.record.distributions import installed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

#: Variable that each provider sets on its machines, as their documentation says.
_CI_PROVIDERS = {
    "GITHUB_ACTIONS": "github",
    "GITLAB_CI": "gitlab",
    "CIRCLECI": "circleci",
    "BUILDKITE": "buildkite",
    "TF_BUILD": "azure",
    "JENKINS_URL": "jenkins",
    "TEAMCITY_VERSION": "teamcity",
    "CI": "unknown",
}


def environment(config: pytest.Config) -> Environment:
    """Describe this process and its machine."""
    import pytest

    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu_model=_cpu_model(),
        cpu_count=_cpu_count(),
        cpu_limit=_cpu_limit(),
        memory_limit=_memory_limit(),
        no_bytecode=no_bytecode(config.rootpath),
        ci_provider=ci_provider(os.environ),
        pytest=pytest.__version__,
        python_build=" ".join((*platform.python_build(), platform.python_compiler())),
        plugins=_plugins(config),
    )


def ci_provider(variables: Mapping[str, str]) -> str | None:
    """Return the CI provider that set `variables`, or None."""
    return next((name for variable, name in _CI_PROVIDERS.items() if variables.get(variable)), None)


def no_bytecode(root: Path) -> str | None:
    """Return why Python keeps no bytecode of the modules under `root`; None where it does."""
    if sys.dont_write_bytecode:
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            return "PYTHONDONTWRITEBYTECODE is set"
        return "python runs with -B" if sys.flags.dont_write_bytecode else "sys.dont_write_bytecode is set"
    if sys.pycache_prefix:
        folder, name = Path(sys.pycache_prefix), "the folder of PYTHONPYCACHEPREFIX"
    else:
        folder, name = root, "the root directory"
    # One that doesn't exist yet is created.
    return f"{name} is read-only" if folder.exists() and not os.access(folder, os.W_OK) else None


def _plugins(config: pytest.Config) -> dict[str, str]:
    return dict(sorted({name: version for _, name, version in installed(config)}.items()))


def _cpu_model() -> str | None:
    return _first_value("/proc/cpuinfo", "model name") or platform.processor() or None


def _first_value(path: str, key: str) -> str | None:
    # Line by line: the kernel takes its time for each processor.
    try:
        with Path(path).open() as file:
            for line in file:
                name, found, value = line.partition(":")
                if found and name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return None


def _cpu_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_limit() -> float | None:
    # cgroup v2, "quota period" in microseconds, or "max period".
    fields = " ".join(_lines("/sys/fs/cgroup/cpu.max")).split()
    return int(fields[0]) / int(fields[1]) if len(fields) == 2 and fields[0].isdigit() else None


def _memory_limit() -> int | None:
    text = "".join(_lines("/sys/fs/cgroup/memory.max"))
    return int(text) if text.isdigit() else None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
