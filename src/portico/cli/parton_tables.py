"""``portico tables --parton-luminosities``: the tables of parton luminosities, listed and made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import units
from ..errors import InvalidInput
from .interrupted import Interrupted, check, raising, say
from .progress import Progress
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..production.parton_tables import TableFile

_EXAMPLE = "portico tables --parton-luminosities --energy 27TeV"


def luminosities(given: dict[str, str], *, as_json: bool) -> None:
    """List the tables or, with an energy, make one."""
    other = next((name for name in given if name not in ("energy", "pdf")), None)
    if other is not None:
        raise InvalidInput(
            f"tables: --{other.replace('_', '-')} does not go with --parton-luminosities; expected for example {_EXAMPLE}."
        )
    if "energy" in given:
        _made(given, as_json=as_json)
    elif given:
        raise InvalidInput(f"tables: --pdf is given without --energy; expected for example {_EXAMPLE}.")
    else:
        found, problems = content()
        if as_json:
            print_json({"folder": _folder(), "parton_luminosities": found, "problems": problems})
        else:
            print_list()
        for sentence in problems:
            say(f"note: {sentence}")


def content() -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the tables say of themselves, and a sentence for each file that is none."""
    from ..production import parton_tables

    found, problems = parton_tables.tables()
    return [_content(t) for t in found], problems


def print_list() -> None:
    """Print the tables in columns."""
    from ..production import parton_tables

    head = ("parton luminosities", "sqrt(s) [TeV]", "mass of the pair [GeV]", "error", "file")
    print(table(head, [_row(t) for t in parton_tables.tables()[0]]))
    print(f"\nYours are in {_folder()}; make one with: {_EXAMPLE}")


def _folder() -> str:
    from ..production import parton_tables

    return str(parton_tables.folder())


def _made(given: dict[str, str], *, as_json: bool) -> None:
    from ..production import parton_table_maker

    energy = units.convert(given["energy"].strip(), units.ENERGY, where="--energy")
    done = 0
    with Progress(parton_table_maker.size()) as progress, raising():

        def finished(count: int) -> None:
            nonlocal done
            done += count
            progress.advance(count)
            check()

        try:
            options = {"pdf": given["pdf"]} if "pdf" in given else {}
            result = parton_table_maker.make(energy, on_points=finished, **options)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{done} of {parton_table_maker.size()} masses; no table was written, an older one stays"
            ) from None
    if as_json:
        print_json(_content(result))
        return
    print(
        f"{result.pdf}, sqrt(s) of {result.energy / 1e3:.10g} TeV, masses of the pair from {result.mass[0]:.3g} to {result.mass[1]:.4g} GeV: "
        f"relative error {number(result.error, 2)} (exceeded at one of 20 random points)\nwrote {result.path}"
    )


def _row(t: TableFile) -> tuple[str, ...]:
    return (
        t.pdf, f"{t.energy / 1e3:.10g}", f"{t.mass[0]:.3g} to {t.mass[1]:.4g}", f"{100 * t.error:.2g}%",
        "shipped" if t.shipped else t.path.name + ("" if _used(t) else " (not used: the shipped one is)"),
    )  # fmt: skip


def _used(t: TableFile) -> bool:
    from ..production import parton_tables

    return t.shipped or not parton_tables.ships(t.energy, t.pdf)


def _content(t: TableFile) -> dict[str, Any]:
    return {
        "path": str(t.path), "shipped": t.shipped, "used": _used(t), "pdf": t.pdf, "energy_gev": t.energy, "pair_mass_gev": list(t.mass), "error": t.error,
        "provenance": t.provenance,
    }  # fmt: skip
