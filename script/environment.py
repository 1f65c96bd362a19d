"""Makes .venv what requirements.lock says, with the Python that runs this file.

A stamp inside .venv names the lock, the project file, the Python and the place it was made for; it is written
last. While it fits there is nothing to do; without one (a run was cut short) .venv is made from nothing.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "solvent-stamp"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"


def main() -> None:
    """Bring .venv up to date; one run at a time, others wait for it."""
    with LOCK.open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if stamp() != wanted():
            make()


def wanted() -> str:
    """Return what the stamp of an up-to-date environment says."""
    content = hashlib.sha256(LOCK.read_bytes() + PROJECT.read_bytes()).hexdigest()
    return f"{place()}\n{content}\n"


def place() -> str:
    """Return the Python and the path that an environment is bound to and cannot outlive."""
    return f"{sys.version.split()[0]} {sys.base_prefix} {ROOT}"


def stamp() -> str | None:
    """Return the stamp, or None where the environment is absent, half made or has lost its Python."""
    if not (VENV / "bin" / "python").exists() or not STAMP.exists():
        return None
    return STAMP.read_text(encoding="utf-8") or None


def make() -> None:
    """Create the environment, or update one that is whole but old, and leave the stamp."""
    old = stamp()
    STAMP.unlink(missing_ok=True)
    if old is None or old.splitlines()[0] != place():
        print("Making .venv (about a minute the first time) …", flush=True)
        create()
    else:
        print("Updating .venv …", flush=True)
    pip("--require-hashes", "--requirement", str(LOCK))
    pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    STAMP.write_text(wanted(), encoding="utf-8")


def create() -> None:
    """Put an empty environment in the place of whatever stands there."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    venv.create(VENV, with_pip=True, symlinks=True)


def pip(*arguments: str) -> None:
    """Install into the environment, with the user's own pip configuration but never outside it."""
    command = [str(VENV / "bin" / "python"), "-I", "-m", "pip", "install", "-qq"]
    quiet = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    done = subprocess.run([*command, *arguments], env=os.environ | quiet, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit("pip could not install what requirements.lock names; its own message stands above.")


if __name__ == "__main__":
    main()
