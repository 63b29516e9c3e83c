"""Create a virtual environment wherever one can be made, and install portico in it.

Standard library only. `scripts/set-up` runs this file for the project's own .venv; `scripts/wheel-check` takes
`create` and `run_quietly` from it for an environment outside the tree.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / ".portico-installed"
INPUTS = ("pyproject.toml", "constraints.txt")


class SetUpFailed(Exception):
    """A step of the set-up failed; the message is what the user is shown."""


def run_quietly(command: Sequence[str | Path], *, environment: dict[str, str] | None = None, **options) -> str:
    """Standard output of a command that shows nothing unless it fails; then the error carries its log."""
    settings = {**(os.environ if environment is None else environment), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
    )
    if done.returncode != 0:
        log = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
        raise SetUpFailed(f"{log}\nfailed with status {done.returncode}: {' '.join(words)}")
    return done.stdout


def create(directory: Path) -> list[str]:
    """Make an empty virtual environment and return the command that runs pip on it.

    Three ways, in this order: venv with its own pip; venv without pip, served by the pip of this python (Debian
    ships ensurepip apart from python3); virtualenv, fetched into a temporary folder. None of them installs into
    this python, so an externally managed one will do.
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    reasons = []
    for way in (_with_own_pip, _with_pip_of_base, _with_virtualenv):
        shutil.rmtree(directory, ignore_errors=True)
        try:
            return way(base, directory)
        except SetUpFailed as failure:
            reasons.append(str(failure))
    shutil.rmtree(directory, ignore_errors=True)
    log = "\n".join(reasons)
    raise SetUpFailed(
        f"{log}\n\n{base} can make no virtual environment: install its venv module or its pip "
        "(on Debian and Ubuntu: apt install python3-venv python3-pip), then run make again."
    )


def _with_own_pip(base: str, directory: Path) -> list[str]:
    run_quietly([base, "-m", "venv", directory])
    return _working_pip([str(directory / "bin" / "python"), "-m", "pip"])


def _with_pip_of_base(base: str, directory: Path) -> list[str]:
    run_quietly([base, "-m", "venv", "--without-pip", directory])
    return _working_pip([base, "-m", "pip", "--python", str(directory / "bin" / "python")])


def _with_virtualenv(base: str, directory: Path) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="portico-virtualenv-") as tools:
        run_quietly([base, "-m", "pip", "install", "--target", tools, "virtualenv"])
        run_quietly([base, "-m", "virtualenv", directory], environment={**os.environ, "PYTHONPATH": tools})
    return _working_pip([str(directory / "bin" / "python"), "-m", "pip"])


def _working_pip(pip: list[str]) -> list[str]:
    run_quietly([*pip, "--version"])
    return pip


def pip_for(directory: Path) -> list[str]:
    """The command that runs pip on an environment that exists already, whichever way it was made."""
    try:
        return _working_pip([str(directory / "bin" / "python"), "-m", "pip"])
    except (SetUpFailed, OSError):
        return _working_pip([sys.executable, "-m", "pip", "--python", str(directory / "bin" / "python")])


def fingerprint() -> list[str]:
    """What an installation depends on: where the tree stands, and the files that say what to install."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return [str(ROOT), digest.hexdigest()]


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second set-up of the same tree wait for the first; a file system without locks goes on without."""
    with (ROOT / "pyproject.toml").open("rb") as held:
        with contextlib.suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def set_up() -> None:
    """Bring .venv to what pyproject.toml and constraints.txt ask for; a half-made one is made again from nothing."""
    with one_at_a_time():
        wanted, present = fingerprint(), STAMP.read_text().splitlines() if STAMP.exists() else []
        if wanted == present:
            STAMP.touch()
            return
        print("portico: setting up .venv (once; about a minute)", file=sys.stderr, flush=True)
        pip = None
        STAMP.unlink(missing_ok=True)
        if present[:1] == wanted[:1]:  # the programs of an environment that was moved point to its old place
            with contextlib.suppress(SetUpFailed, OSError):
                pip = pip_for(ENVIRONMENT)
        pip = pip or create(ENVIRONMENT)
        run_quietly([*pip, "install", "--quiet", "-c", "constraints.txt", "-e", ".[dev,statistics,events]"], cwd=ROOT)
        STAMP.write_text("\n".join(wanted) + "\n")


if __name__ == "__main__":
    try:
        set_up()
    except SetUpFailed as failure:
        sys.exit(f"{failure}")
