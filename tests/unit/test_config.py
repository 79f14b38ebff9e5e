"""`[tool.paceline]` as frozen data, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paceline.config import DEFAULT_SUITES, load_config, parse_config
from paceline.errors import ConfigError, UnknownSuiteError


def test_nothing_configured_gives_the_suites_of_the_mission(tmp_path: Path) -> None:
    """Without a file, without the table, and with an empty one."""
    assert load_config(tmp_path).suites == DEFAULT_SUITES
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert load_config(tmp_path).declared is False
    (tmp_path / "pyproject.toml").write_text("[tool.paceline]\n")
    empty = load_config(tmp_path)
    assert (empty.suites, empty.declared) == (DEFAULT_SUITES, True)


def test_a_suite_has_sensible_defaults() -> None:
    """The marker is the name, the flag follows from it."""
    (suite,) = parse_config({"suite": {"very_slow": {}}}).suites
    assert (suite.marker, suite.flag, suite.rounds, suite.workers) == ("very_slow", "--very-slow", 1, 0)


def test_a_suite_of_the_mission_is_only_changed_where_it_says_so() -> None:
    """The rest stays as by default."""
    config = parse_config({"suite": {"schema": {"workers": 2}}})
    assert [suite.name for suite in config.suites] == ["schema"]
    assert (config.suite("schema").workers, config.suite("schema").isolation) == (2, "transaction")


def test_values_are_frozen() -> None:
    """Lists and tables become tuples; whole numbers become seconds."""
    table = {"stall_timeout": 5, "suite": {"s": {"args": ["-x"], "env": {"B": "2", "A": "1"}}}}
    config = parse_config(table)
    assert config.suite("s").args == ("-x",)
    assert config.suite("s").env == (("A", "1"), ("B", "2"))
    assert isinstance(config.stall_timeout, float)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([], "tool.paceline must be a table, not []"),
        ({"suite": 3}, "tool.paceline.suite must be a table, not 3"),
        ({"suite": {"s": 3}}, "tool.paceline.suite.s must be a table, not 3"),
        ({"slowst": 3}, "unknown key tool.paceline.slowst. Did you mean 'slowest'?"),
        ({"zzz": 3}, "unknown key tool.paceline.zzz. Known keys are"),
        ({"slowest": True}, "tool.paceline.slowest must be a whole number, not True"),
        ({"database": {"bridge": 1}}, "tool.paceline.database.bridge must be true or false, not 1"),
        ({"slowest": 0}, "tool.paceline.slowest is 0. Use 1 or more."),
        ({"stall_timeout": 0.5}, "tool.paceline.stall_timeout is 0.5. Use 1 or more."),
        ({"output": 1}, "tool.paceline.output must be a string, not 1"),
        ({"database": {"uri": ""}}, "unknown key tool.paceline.database.uri. Did you mean 'url'?"),
        ({"suite": {"my suite": {}}}, "tool.paceline.suite.my suite is not a usable suite name"),
        ({"suite": {"s": {"flag": "-s"}}}, "tool.paceline.suite.s.flag is '-s'. Write a long option"),
        ({"suite": {"s": {"flag": "--a b"}}}, "tool.paceline.suite.s.flag is '--a b'"),
        (
            {"suite": {"s": {"requires": ["postgres"]}}},
            "requires holds 'postgres'. Did you mean 'postgresql'?",
        ),
        ({"suite": {"s": {"requires": "postgresql"}}}, "requires must be a list of strings"),
        ({"suite": {"s": {"isolation": "x"}}}, "isolation holds 'x'. Use one of transaction, clone, none."),
        ({"suite": {"s": {"dist": "loadscop"}}}, "dist holds 'loadscop'. Did you mean 'loadscope'?"),
        ({"suite": {"s": {"rounds": 0}}}, "rounds is 0. Use 1 or more."),
        ({"suite": {"s": {"workers": -1}}}, "workers is -1. Use 0 or more."),
        ({"suite": {"s": {"env": {"A": 1}}}}, "env must be a table of strings"),
        ({"suite": {"s": {"name": "t"}}}, "unknown key tool.paceline.suite.s.name"),
        ({"suite": {"s": {}, "t": {"implies": ["z"]}}}, "implies names an unknown suite 'z'"),
    ],
)
def test_what_is_wrong_is_said_with_where(table: Any, said: str) -> None:
    """One error that names the key and, for a near miss, what was meant."""
    with pytest.raises(ConfigError) as caught:
        parse_config(table)
    assert said in str(caught.value)


def test_a_file_that_cant_be_parsed_is_named(tmp_path: Path) -> None:
    """Neither broken TOML nor bytes that aren't UTF-8 raise anything else."""
    path = tmp_path / "pyproject.toml"
    for content in (b"[tool.paceline\n", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="is not valid TOML"):
            load_config(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="can't be read"):
        load_config(tmp_path)


def test_an_unknown_suite_names_the_nearest() -> None:
    """Or all of them."""
    config = parse_config({})
    with pytest.raises(UnknownSuiteError, match="Did you mean 'schema'"):
        config.suite("shema")
    with pytest.raises(UnknownSuiteError, match="The suites are schema, pgvector, contract"):
        config.suite("zzz")
