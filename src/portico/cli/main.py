"""Entry point: one sentence and an exit status for whatever happens.

0 done; 2 the user's input is wrong; 3 a numerical result missed its tolerance; 130 interrupted; 1 a defect of ours.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    status = 1
    try:
        status = _run()
    except KeyboardInterrupt as stop:
        print(f"interrupted{': ' + str(stop) if str(stop) else ''}.", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 128 + signal.SIGPIPE
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(status)


def _run() -> int:
    import typer

    from ..errors import DataError, InvalidInput, NumericsError
    from .app import app
    from .interrupted import Interrupted

    try:
        result = app(standalone_mode=False, prog_name="portico")
        return result if isinstance(result, int) else 0
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        place = f" See '{context.command_path} --help'." if context is not None else ""
        message = getattr(error, "format_message", error.__str__)()
        print(f"error: {message.rstrip('.')}.{place}".replace("\n", " "), file=sys.stderr)
        return 2
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.Exit as leave:
        if leave.exit_code == 130:  # how typer tells Ctrl-C
            raise KeyboardInterrupt from None
        return leave.exit_code
    except SystemExit:  # how typer tells that nobody reads the output any more
        raise BrokenPipeError from None
    except Interrupted as stop:
        raise KeyboardInterrupt(str(stop)) from None
    except (InvalidInput, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except NumericsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
