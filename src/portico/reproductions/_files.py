"""A reproduction on disk: ``claims.json`` and ``claims.md``, rewritten whole as claims come."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..limits.files import output_folder

if TYPE_CHECKING:
    from .base import Document, Reproduction


class ResultFolder:
    """The folder of one reproduction; earlier results there are removed."""

    def __init__(self, output: str | Path, document: Document) -> None:
        """Make ``output/<id>``; raises InvalidInput where it cannot be written."""
        self.path = output_folder(str(Path(output) / document.id))
        figures = [f"{name}.{ending}" for name in document.module.FIGURES for ending in ("png", "pdf")]
        for name in ("claims.json", "claims.md", *figures):
            (self.path / name).unlink(missing_ok=True)

    def write(self, result: Reproduction) -> None:
        """Write what there is so far; at any moment the files hold one whole state."""
        self._replace("claims.json", json.dumps(result.as_document(self.path), indent=2) + "\n")
        self._replace("claims.md", _markdown(result))

    def _replace(self, name: str, text: str) -> None:
        part = self.path / f".{name}.part"
        try:
            part.write_text(text, encoding="utf-8")
            os.replace(part, self.path / name)
        finally:
            part.unlink(missing_ok=True)


def _markdown(result: Reproduction) -> str:
    lines = [f"# {result.title}", "", result.source, ""]
    holding = sum(claim.holds for claim in result.claims)
    lines += [f"{holding} of {len(result.claims)} claims hold.", ""]
    lines += ["| id | statement | expected | computed | tolerance | unit | verdict | note |", "|" + "---|" * 8]
    for claim in result.claims:
        computed = "" if claim.computed is None else f"{claim.computed:.7g}"
        cells = (
            claim.id, claim.statement, f"{claim.expected:.7g}", computed, claim.allowed(), claim.unit, claim.verdict, claim.note,
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    for figure in result.figures:
        lines += ["", f"## {figure.name}", "", figure.caption, ""]
        lines.append(f"![{figure.name}]({figure.name}.png)" if figure.files else figure.failure)
    return "\n".join(lines) + "\n"
