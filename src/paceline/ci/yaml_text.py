"""Additions to YAML files as text, so that comments, quotes and order of everything else stay: pure."""

from __future__ import annotations

from typing import Any

import yaml

from paceline.ci.edits import appended


def members(text: str) -> dict[str, yaml.Node]:
    """Return the values of a YAML mapping by key; empty for anything else, such as an invalid file."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError):
        return {}
    return _members(node)


def _members(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def keys(node: yaml.Node | None) -> tuple[str, ...]:
    """Return the keys of a mapping, the items of a list, or the one text that `node` is."""
    if isinstance(node, yaml.ScalarNode):
        return (str(node.value),)
    if isinstance(node, yaml.SequenceNode):
        return tuple(str(item.value) for item in node.value if isinstance(item, yaml.ScalarNode))
    return tuple(_members(node))


def member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a key of a mapping; None if there is none."""
    return _members(node).get(name)


def with_members(text: str, name: str, addition: str) -> str | None:
    """Return `text` with `addition` at the end of its top-level block mapping `name`.

    Args:
        addition: YAML of further members, indented by two.

    Returns:
        None where that can't be done and leave everything else as it is.
    """
    block = members(text).get(name)
    if not isinstance(block, yaml.MappingNode) or block.flow_style or not block.value:
        return None
    first = block.value[0][0].start_mark
    end = _end(text, block)
    lines = text.splitlines(keepends=True)
    head, tail = "".join(lines[:end]), "".join(lines[end:])
    indented = _indented(addition, first.column)
    found = appended(head, indented)
    if tail:
        found = f"{found}{chr(13) if chr(13) in text else ''}{chr(10)}{tail}"
    return found if _is_only_added(text, found, name) else None


def _end(text: str, block: yaml.MappingNode) -> int:
    """Return the number of lines up to the last one of `block` that belongs to it."""
    lines = text.splitlines()
    end = block.end_mark.line if block.end_mark.column == 0 else block.end_mark.line + 1
    end = min(end, len(lines))
    column = block.value[0][0].start_mark.column
    while end > 0 and (not lines[end - 1].strip() or _is_comment_of_others(lines[end - 1], column)):
        end -= 1
    return end


def _is_comment_of_others(line: str, column: int) -> bool:
    stripped = line.lstrip()
    return stripped.startswith("#") and len(line) - len(stripped) < column


def _indented(text: str, column: int) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(" " * column + line[2:] if line.strip() else line for line in lines)


def _is_only_added(before: str, after: str, name: str) -> bool:
    old, new = members(before), members(after)
    if old.keys() != new.keys():
        return False
    apart = all(_same(old[key], new[key]) for key in old if key != name)
    inner_old, inner_new = _members(old[name]), _members(new[name])
    return (
        apart
        and len(inner_new) > len(inner_old)
        and all(key in inner_new and _same(value, inner_new[key]) for key, value in inner_old.items())
    )


def _same(one: yaml.Node, other: yaml.Node) -> bool:
    # The stubs leave some of its types open.
    serialize: Any = yaml.serialize  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return bool(serialize(one) == serialize(other))
