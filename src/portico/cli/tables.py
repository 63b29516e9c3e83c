"""``portico tables``: the tables of the exact emission cross section, listed and made; those of parton luminosities, listed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import units
from ..errors import InvalidInput
from . import parton_tables
from .interrupted import Interrupted, check, raising, say
from .progress import Progress
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..production.table_files import TableFile


def listed(given: dict[str, str], *, as_json: bool) -> None:
    """List the shipped tables and the user's; a file that is none is told on standard error."""
    from ..production import table_files

    if given:
        option = next(iter(given)).replace("_", "-")
        raise InvalidInput(
            f"tables: --{option} is given without --element; expected for example --element Pb, or --parton-luminosities."
        )
    found, problems = table_files.tables()
    luminosities, further = parton_tables.content()
    problems = problems + further
    if as_json:
        print_json({
            "folder": str(table_files.folder()), "tables": [_content(t) for t in found], "parton_luminosities": luminosities, "problems": problems,
        })  # fmt: skip
    else:
        head = ("emitted", "lepton", "elements", "form factor", "energy [GeV]", "mass [GeV]", "error", "file")
        print(table(head, [_row(t) for t in found]))
        print(
            f"\nYours are in {table_files.folder()}; make one with: portico tables --element Pb --energy 50GeV:200GeV\n"
        )
        parton_tables.print_list()
    for sentence in problems:
        say(f"note: {sentence}")


def made(elements: list[str], given: dict[str, str], *, as_json: bool) -> None:
    """Make a table into the user's folder, with a bar on a terminal; interrupted, it leaves an older one in place."""
    from ..production import table_maker

    options: dict[str, Any] = {name: given[name] for name in ("lepton", "kind") if name in given}
    if "pdf" in given:
        raise InvalidInput("tables: --pdf does not go with --element; expected it with --parton-luminosities.")
    if "energy" not in given:
        raise InvalidInput("tables: --energy is missing; expected LOW:HIGH, such as --energy 50GeV:200GeV.")
    energy = _range("--energy", given["energy"])
    if "mass" in given:
        options["mass"] = _range("--mass", given["mass"])
    if "points" in given:
        options["points"] = _points(given["points"])
    symbols = [part.strip() for item in elements for part in item.split(",")]
    total, done = table_maker.size(table_maker.question(symbols, energy, **options)), 0
    if "form_factor" in given:
        options["form_factor"] = given["form_factor"]
    with Progress(total) as progress, raising():

        def finished(count: int) -> None:
            nonlocal done
            done += count
            progress.advance(count)
            check()

        try:
            result = table_maker.make(symbols, energy, **options, on_points=finished)
        except KeyboardInterrupt:
            raise Interrupted(f"{done} of {total} points; no table was written, an older one stays") from None
    if "points" in options and tuple(result.points) != tuple(options["points"]):
        say(f"note: an older table with a smaller error, of {'x'.join(map(str, result.points))} points, is kept.")
    if as_json:
        print_json(_content(result))
        return
    print(f"{', '.join(result.elements)}, {result.lepton} of {result.energy[0]:g} to {result.energy[1]:g} GeV, {result.form_factor}: "
          f"{'x'.join(map(str, result.points))} points, relative error {number(result.error, 2)} "
          f"(of {result.provenance['checked_points']} random points, and integration)\nwrote {result.path}")  # fmt: skip


def _range(option: str, text: str) -> tuple[float, float]:
    parts = text.split(":")
    if len(parts) != 2:
        raise InvalidInput(f"{option} {text}: expected LOW:HIGH, such as {option} {_EXAMPLE[option]}.")
    low, high = (units.convert(part.strip(), units.ENERGY, where=option) for part in parts)
    if not 0 < low < high:
        raise InvalidInput(
            f"{option} {text}: expected two quantities that rise, above 0, such as {option} {_EXAMPLE[option]}."
        )
    return low, high


_EXAMPLE = {"--energy": "50GeV:200GeV", "--mass": "1MeV:1GeV"}


def _points(text: str) -> tuple[int, int, int]:
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
        raise InvalidInput(f"--points {text[:40]}: expected three whole numbers, such as --points 20x6x10.")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _row(t: TableFile) -> tuple[str, ...]:
    return (
        t.kind, t.lepton, ", ".join(t.elements), t.form_factor, f"{t.energy[0]:g} to {t.energy[1]:g}",
        "all" if t.mass == (0.0, math.inf) else f"{t.mass[0]:g} to {t.mass[1]:g}", f"{100 * t.error:.2g}%",
        "shipped" if t.shipped else str(t.path.name),
    )  # fmt: skip


def _content(t: TableFile) -> dict[str, Any]:
    return {
        "path": str(t.path), "shipped": t.shipped, "kind": t.kind, "lepton": t.lepton, "form_factor": t.form_factor, "elements": list(t.elements),
        "energy_gev": list(t.energy), "mass_gev": list(t.mass), "points": list(t.points), "error": t.error, "provenance": t.provenance,
    }  # fmt: skip
