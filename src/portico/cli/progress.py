"""A progress bar on standard error, on a terminal only."""

from __future__ import annotations

import sys
from typing import Any


class Progress:
    """A bar on standard error, on a terminal only."""

    def __init__(self, total: int, label: str = "points") -> None:
        """Count up to ``total`` under a label."""
        self._total, self._label = total, label
        self._bar: Any = None

    def __enter__(self) -> Progress:
        """Show the bar."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._label, total=self._total or None)
        return self

    def advance(self, count: int, *, total: int | None = None) -> None:
        """Move on by so many; ``total`` is given where it was not known at the start."""
        if self._bar is not None:
            self._bar.update(self._task, advance=count, total=total)

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
