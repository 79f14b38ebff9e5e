"""A data directory survives being one file, and one that is damaged isn't taken for whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from paceline.isolation.archive import pack, unpack


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A directory with whatever there can be, packed."""
    source = tmp_path / "data"
    (source / "base" / "1").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "base" / "1" / "large").write_bytes(bytes(range(256)) * 8192)
    (source / "base" / "none").write_bytes(b"")
    (source / "link").symlink_to("base/1")
    pack(str(source), str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_everything_comes_back(packed: Path, tmp_path: Path) -> None:
    """Folders, files and links; for nobody but their owner."""
    unpack(str(packed), str(tmp_path / "again"))
    again = tmp_path / "again"
    assert {str(path.relative_to(again)) for path in again.rglob("*")} == {
        *("base", "base/1", "base/1/large", "base/none", "empty", "link")
    }
    assert (again / "base/1/large").read_bytes() == bytes(range(256)) * 8192
    assert str((again / "link").readlink()) == "base/1"
    assert (again / "base/none").stat().st_size == 0
    assert {path.stat().st_mode & 0o077 for path in (again, *again.rglob("*"))} == {0}


def test_a_shorter_one_is_an_error(packed: Path, tmp_path: Path) -> None:
    """Instead of a server with files that end too early."""
    (file,) = packed.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(OSError, match="shorter"):
        unpack(str(packed), str(tmp_path / "again"))
