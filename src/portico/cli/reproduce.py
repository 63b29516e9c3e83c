"""``portico reproduce`` and ``portico cite``: source documents computed anew, and the sources of a result."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import DataError, InvalidInput, NumericsError, unknown_name
from .interrupted import Interrupted, check, raising, say
from .progress import Progress
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..reproductions.base import Claim, Reproduction


def reproduce(names: list[str] | None, output: str | None, *, figures: bool, as_json: bool) -> int:
    """Compute source documents anew, or list them; raises NumericsError where something could not be computed."""
    if not names:
        _list(as_json=as_json)
        return 0
    chosen = _chosen(names)
    if output is None:
        say("note: no figures and no files without a folder; give one with -o DIR.")
    results = [_compute(name, output, figures=figures) for name in chosen]
    if as_json:
        single = len(names) == 1 and names[0] != "all"
        documents = [result.as_document() for result in results]
        print_json(documents[0] if single else {"reproductions": documents})
    else:
        for result in results:
            _print(result, output)
    failures = [f"{result.id}, {failure}" for result in results for failure in result.failures]
    if failures:
        raise NumericsError(f"reproduce: {len(failures)} could not be computed, the first: {failures[0].rstrip('.')}.")
    return 0


def _list(*, as_json: bool) -> None:
    from ..reproductions.base import reproductions

    rows = list(reproductions().items())
    if as_json:
        print_json({"reproductions": [{"id": name, "title": title} for name, title in rows]})
        return
    print(table(("id", "what it is"), rows))
    print("\nCompute one with: portico reproduce ID -o DIR; 'all' computes all.")


def _chosen(names: list[str]) -> list[str]:
    """The ids that are asked for, each once; raises UnknownName before anything is computed."""
    known = registry.names("reproduction")
    for name in names:
        if name != "all" and name not in known:
            raise unknown_name("reproduction", name, [*known, "all"])
    return known if "all" in names else list(dict.fromkeys(names))


def _compute(name: str, output: str | None, *, figures: bool) -> Reproduction:
    import jax  # noqa: F401  # before an interruption can be raised inside its start

    from ..limits.files import output_folder
    from ..reproductions.base import reproduce as computed

    if output is not None:
        output_folder(output)
    finished = [0, 0]
    with Progress(0, name) as progress, raising():

        def step(done: int, total: int) -> None:
            progress.advance(done - finished[0], total=total)
            finished[:] = done, total
            check()

        try:
            return computed(name, output, figures=figures, on_step=step)
        except KeyboardInterrupt:
            where = "" if output is None else f" are in {Path(output) / name / 'claims.json'}"
            raise Interrupted(f"{finished[0]} of {finished[1]} steps of {name}{where or ' were finished'}") from None


# --- text ---------------------------------------------------------------------------------------------------------------


def _print(result: Reproduction, output: str | None) -> None:
    print(f"{result.title}\n{result.source}\n")
    print(table(("id", "statement", "expected", "computed", "tolerance", "verdict"), list(_rows(result.claims))))
    holding = sum(claim.holds for claim in result.claims)
    print(f"\n{holding} of {len(result.claims)} claims hold.")
    for note in dict.fromkeys(claim.note for claim in result.claims if claim.note and not claim.holds):
        ids = [claim.id for claim in result.claims if claim.note == note and not claim.holds]
        print(f"{', '.join(ids)}: {note}")
    for figure in result.figures:
        if figure.failure:
            print(f"figure {figure.name}: {figure.failure}")
    if output is not None:
        folder = Path(output) / result.id
        files = [str(folder / "claims.json"), str(folder / "claims.md"), *(f for g in result.figures for f in g.files)]
        print("wrote " + "\n      ".join(files))


def _rows(claims: tuple[Claim, ...]) -> list[tuple[str, ...]]:
    return [
        (
            claim.id, claim.statement, f"{number(claim.expected, 7)}{'' if claim.unit == '1' else ' ' + claim.unit}",
            "" if claim.computed is None else number(claim.computed, 7), claim.allowed(), claim.verdict,
        )
        for claim in claims
    ]  # fmt: skip


# --- cite ---------------------------------------------------------------------------------------------------------------


def cite(names: list[str]) -> None:
    """Print BibTeX of what results, searches and reproductions rest on, each entry once."""
    from ..sources import bibtex

    print(bibtex(dict.fromkeys(text for name in names for text in _sources(name))))


def _sources(name: str) -> list[str]:
    """Sources behind one name: a search, a reproduction (what bears both names gives both), or a folder of results."""
    from ..limits.front import search
    from ..reproductions.base import document

    found: list[str] = []
    if name in registry.names("search"):
        found += search(name).sources
    if name in registry.names("reproduction"):
        module = document(name).module
        found += module.sources(module.begin())
    if found:
        return found
    if name.endswith(".toml"):
        return list(search(name).sources)
    path = Path(name)
    if not name.strip():
        raise InvalidInput("cite: no name is given; expected a folder of results, a search or a reproduction.")
    files: list[Path] = []
    with contextlib.suppress(OSError, ValueError):  # a name too long for a file, or with a zero in it, names none
        places = [path, path / "provenance.json", path / "claims.json", *sorted(path.glob("*/claims.json"))]
        files = [file for file in places if file.is_file()]
    if files:
        return [text for file in files for text in _sources_of_file(file)]
    known = dict.fromkeys([*registry.names("search"), *registry.names("reproduction")])
    hint = str(unknown_name("search or reproduction", name, known))
    raise InvalidInput(
        f"cite: {hint} A folder that 'portico reach' or 'portico reproduce' wrote is cited too; '{name}' is none."
    )


def _sources_of_file(file: Path) -> list[str]:
    """Sources named in a provenance or in the claims of a reproduction, with those of the curves in its picture."""
    import json

    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        compared = content.get("comparison", {}).values()
        texts = [*content["sources"], *(text for curve in compared for text in curve["sources"])]
        if not isinstance(content["sources"], list) or not texts:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(f"{file}: expected provenance.json of a reach or claims.json of a reproduction.") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}.") from None
    if not all(isinstance(text, str) for text in texts):
        raise DataError(f"{file}: expected texts under 'sources'.")
    return texts
