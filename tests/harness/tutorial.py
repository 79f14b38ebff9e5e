"""Carries out a page of the documentation: what it says to type is typed, what it shows is what comes.

A block of the language `console` holds commands after `$ ` and what each of them prints, `diff` a change of
files. Any other block is a file if the paragraph before it begins with the file's name in backquotes. In
what a command prints, a line `...` stands for any lines, and figures that differ from machine to machine
stand for any other ones. Within a line `...` stands for the rest of it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w./-]+\.\w+|\.gitignore)`[^\n]*(?:\n[^\n]+)*\n\Z")
_ELLIPSIS = "..."
#: What the machine that carries the page out has done already.
_DONE_ALREADY = ("python3 -m venv", "pip install", "git clone")
#: What is different in every run, and what stands for it.
_FIGURES = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"[─=]{3,}"), "──"),
    (re.compile(r"\b\d+ min \d+ s\b|\b\d+(?:\.\d+)? ?(?:s|ms|µs)\b|(?<=\"duration\": )[\d.]+"), "<time>"),
    (re.compile(r"[+-]?\d+%"), "<percent>"),
    (re.compile(r"\d+\.\d\d MB"), "<size>"),
    (re.compile(r"\b(?=[a-z]*\d)[0-9a-f]{7,40}\b"), "<commit>"),
    (re.compile(r"; machine <percent>|, \d+ (?:suspicious|improved|unchanged)"), ""),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line to type.

    Attributes:
        shown: what the page shows of its output.
        may_fail: whether the page goes on to ask for its exit code.
    """

    line: str
    shown: tuple[str, ...]
    may_fail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to write."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change to apply, as a diff."""

    text: str


def steps(page: str) -> Iterator[Command | File | Change]:
    """Yield what a page says to do, in its order."""
    at = 0
    for block in _BLOCK.finditer(page):
        language, text = block[1], block[2]
        before = page[at : block.start()].rstrip("\n").rpartition("\n\n")[2] + "\n"
        at = block.end()
        if language == "console":
            yield from _commands(text)
        elif language == "diff":
            yield Change(text=text)
        elif named := _NAMED.match(before):
            yield File(name=named[1], text=text)


def _commands(text: str) -> Iterator[Command]:
    first, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if first:
        raise ValueError(f"a block of commands begins with {first!r}")
    for at, part in enumerate(parts):
        line, *shown = part.rstrip("\n").split("\n")
        asked = parts[at + 1].startswith("echo $?") if at + 1 < len(parts) else False
        yield Command(line=line, shown=tuple(shown), may_fail=asked)


def carried_out(page: str, folder: Path, variables: Mapping[str, str]) -> list[str]:
    """Do in `folder` what `page` says; return what came differently, at the first such step."""
    code = 0
    for step in steps(page):
        match step:
            case File():
                path = folder / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text, encoding="utf-8")
            case Change():
                apply = ["git", "apply", "--unidiff-zero", "-"]
                subprocess.run(apply, cwd=folder, input=step.text, text=True, check=True)
            case Command() if not step.line.startswith(_DONE_ALREADY):
                code, said, folder = _typed(step.line, folder, variables, code)
                if code and not step.may_fail:
                    return [f"{step.line}: exit code {code}", said]
                if missing := not_found(step.shown, said):
                    return [f"{step.line}: not in its output, or not in this order: {missing}", said]
            case _:
                pass
    return []


def _typed(line: str, folder: Path, variables: Mapping[str, str], code: int) -> tuple[int, str, Path]:
    script = f'(exit {code})\n{line}\ncode=$?\npwd >&3\nexit "$code"'
    where = folder.parent / "where"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", f"exec 3>{where}\n{script}"],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, Path(where.read_text().strip())


def not_found(shown: Sequence[str], said: str) -> str:
    """Return the first line of `shown` that `said` lacks where it belongs; empty if there is none."""
    come = [line for line in map(plain, said.splitlines()) if line]
    at, anywhere = 0, False
    for line in filter(None, map(plain, shown)):
        if line == _ELLIPSIS:
            anywhere = True
            continue
        rest = come[at:] if anywhere else come[at : at + 1]
        found = next((number for number, said_line in enumerate(rest) if _is_like(line, said_line)), None)
        if found is None:
            return line
        at += found + 1
        anywhere = False
    return "" if anywhere or at == len(come) or not shown else come[at]


def _is_like(shown: str, said: str) -> bool:
    """Tell whether a line is the one that is shown, in which `...` stands for anything."""
    return (
        re.fullmatch(".*".join(re.escape(part.strip()) for part in shown.split(_ELLIPSIS)), said) is not None
    )


def plain(line: str) -> str:
    """Return a line without what is different in every run."""
    for pattern, replacement in _FIGURES:
        line = pattern.sub(replacement, line)
    return line.strip()
