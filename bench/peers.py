"""The environment of the benchmark: Paceline from this checkout, and the peers of peers.txt beside it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

_HERE = Path(__file__).parent
_FOLDER = _HERE / ".venv"


def move_in() -> None:
    """Make the environment if that is needed, and go on in its interpreter.

    Raises:
        CalledProcessError: pip failed.
    """
    python = _FOLDER / "bin" / "python"
    if Path(sys.prefix) == _FOLDER:
        return
    wanted = _HERE / "peers.txt"
    stamp = hashlib.sha256(wanted.read_bytes() + (_HERE.parent / "pyproject.toml").read_bytes()).hexdigest()
    known = _FOLDER / "stamp"
    if not known.exists() or known.read_text() != stamp:
        sys.stderr.write(f"install Paceline and {wanted.name} into {_FOLDER}\n")
        venv.create(_FOLDER, with_pip=True, clear=True)
        project = f"{_HERE.parent}[sqlalchemy,xdist]"
        subprocess.run([python, "-m", "pip", "install", "-qq", "-e", project, "-r", wanted], check=True)
        known.write_text(stamp)
    # pip has compiled the peers, and would have compiled Paceline if it had copied it.
    subprocess.run([python, "-m", "compileall", "-q", _HERE.parent / "src"], check=True)
    os.execv(python, [str(python), *sys.argv])
