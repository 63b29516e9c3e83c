"""``portico events``: unweighted events of a model at a search's production, written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import InvalidInput
from .arguments import make_model, make_search
from .interrupted import Interrupted, check, raising
from .progress import Progress
from .show import print_json
from .text import number

if TYPE_CHECKING:
    from ..cascades.event_source import EventSource
    from ..events.files import Written
    from ..models.base import Model
    from ..signatures.base import Search

_LARGEST_SEED = 2**32 - 1


def events(
    search_name: str,
    model_name: str,
    settings: list[str] | None,
    options: list[str] | None,
    *,
    count: int,
    seed: int,
    output: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write events, with a bar on a terminal; interrupted, the finished chunks are kept."""
    from ..events import files

    files.check(output, overwrite=overwrite)
    search, model = make_search(search_name, options), make_model(model_name, settings)
    if not 0 <= seed <= _LARGEST_SEED:
        raise InvalidInput(f"--seed {str(seed)[:30]}: expected a whole number from 0 to 2^32 - 1.")
    files.check_count(count)
    source = event_source(search, model, seed)
    question = about(search, model, seed)
    with Progress(count, "events") as progress, raising():

        def finished(events: int) -> None:
            progress.advance(events)
            check()

        try:
            written = files.write(output, source, count, about=question, overwrite=overwrite, on_chunk=finished)
        except KeyboardInterrupt as stop:
            raise Interrupted(str(stop)) from None
    _report(written, source, question, as_json=as_json)


def event_source(search: Search, model: Model, seed: int) -> EventSource:
    """Return where events of a search come from; raises InvalidInput for a search that makes none, with those that do."""
    make = getattr(search.signature, "event_source", None)
    if make is None:
        able = ", ".join(name for name in registry.names("search") if _makes_events(name))
        raise InvalidInput(f"search '{search.name}' makes no events; searches that do: {able or 'none'}.")
    source: EventSource = make(search, model, seed)
    return source


def _makes_events(name: str) -> bool:
    from ..experiments.base import load

    return hasattr(registry.load("signature", load(name).signature), "event_source")


def about(search: Search, model: Model, seed: int) -> dict[str, Any]:
    """Return what a file of events tells of the question behind it."""
    return {
        "search": search.name,
        "search_file_sha256": search.experiment.sha256,
        "options": search.options,
        "model": model.NAME,
        "parameters": {name: value for name, value in model.parameters().items() if value is not None},
        "seed": seed,
        "search_sources": list(search.sources),
        "model_sources": list(model.SOURCES),
    }


def _report(written: Written, source: EventSource, question: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        told = {name: question[name] for name in ("search", "model", "parameters", "seed")}
        print_json(
            {
                **told,
                "events": written.events,
                "modes": written.modes,
                "sigma_pb": source.sigma_pb,
                "file": str(written.path),
            }
        )
        return
    shares = ", ".join(f"{name} {100 * n / written.events:.3g}%" for name, n in written.modes.items() if n)
    print(f"{question['search']}, {question['model']}: {written.events} events (mediator to {shares})")
    if source.sigma_pb is not None:
        print(f"cross section within the cuts of their generation: {number(source.sigma_pb)} pb")
    print(f"wrote {written.path}")
