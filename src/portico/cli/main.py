"""Entry point: one sentence and an exit status for whatever happens.

0 done; 2 the user's input is wrong; 3 a numerical result missed its tolerance; 130 interrupted; 1 a defect of ours.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from . import interrupted
from .interrupted import Interrupted, say

_CLOSED_PIPE = 128 + signal.SIGPIPE


def main() -> NoReturn:
    """Run the command line."""
    interrupted.install()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
    try:
        status = _run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (KeyboardInterrupt, Interrupted) as stop:
        say(f"interrupted{': ' + str(stop) if str(stop) else ''}.")
        status = 130
    except BrokenPipeError:
        _drop_output()
        status = _CLOSED_PIPE
    except OSError as error:
        _drop_output()
        place = f" '{error.filename}'" if error.filename else ""
        reason = error.strerror or str(error)
        say(f"error: cannot write{place}: {reason[:1].lower()}{reason[1:]}.")
        status = 2
    raise SystemExit(status)


def _drop_output() -> None:
    """Let nothing more be written, so that no second error comes at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> int:
    import typer

    from ..errors import DataError, InvalidInput, NumericsError
    from .app import app

    try:
        result = app(standalone_mode=False, prog_name="portico")
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        place = f" See '{context.command_path} --help'." if context is not None else ""
        message = getattr(error, "format_message", error.__str__)().replace("\n", " ").rstrip(".")
        say(f"error: {message}{'' if message.endswith('?') else '.'}{place}")
        return 2
    except typer.Exit as leave:
        result = leave.exit_code
    except SystemExit:  # how typer tells that nobody reads the output any more
        raise BrokenPipeError from None
    except (InvalidInput, DataError) as error:
        say(f"error: {error}")
        return 2
    except NumericsError as error:
        say(f"error: {error}")
        return 3
    if result == 130:  # how typer tells Ctrl-C
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0
