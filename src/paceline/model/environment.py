"""Where and from what a run was made: what decides whether two runs can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and the software of one run.

    Attributes:
        python: version of the interpreter, such as "3.12.1".
        implementation: such as "CPython".
        system: operating system and its release.
        machine: processor architecture, such as "x86_64".
        cpu_model: as the kernel names it; None where it doesn't say.
        cpu_count: processors this process may use.
        cpu_limit: processors that the container grants; None without a limit.
        memory_limit: bytes that the container grants; None without a limit.
        no_bytecode: why Python doesn't keep what it compiles, so that every run compiles it anew; None where
            it does.
        ci_provider: such as "github"; None outside of CI.
        pytest: pytest's version.
        python_build: the interpreter's build and compiler; empty in files of earlier versions.
        plugins: distribution name to version of the installed pytest plugins.
        services: such as "postgresql" to its version, as the tests found them.
    """

    python: str
    implementation: str
    system: str
    machine: str
    cpu_model: str | None
    cpu_count: int
    cpu_limit: float | None
    memory_limit: int | None
    no_bytecode: str | None = None
    ci_provider: str | None
    pytest: str
    python_build: str = ""
    plugins: Mapping[str, str] = field(default_factory=dict[str, str])
    services: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The version of the project that was run.

    Attributes:
        commit: full hash.
        branch: None on a detached head.
        dirty: whether tracked files differed from the commit.
        committed_at: ISO 8601 time of the commit.
    """

    commit: str
    branch: str | None
    dirty: bool
    committed_at: str
