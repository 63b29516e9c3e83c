"""``portico models`` and ``portico searches``: what there is, and every number behind it."""

from __future__ import annotations

import inspect
import json
from typing import Any

from .. import registry
from .text import table


def print_json(content: Any) -> None:
    """Print one JSON document; numbers that are not finite become null."""
    print(json.dumps(finite(content), indent=2))


def finite(content: Any) -> Any:
    """Return content with nan and infinities replaced by None."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    if isinstance(content, float) and (content != content or content in (float("inf"), float("-inf"))):
        return None
    return content


def models(name: str | None, *, as_json: bool) -> None:
    """List the models, or describe one."""
    from ..models import model_class

    if name is None:
        listed = [(stem, model_class(stem).TITLE) for stem in registry.names("model")]
        if as_json:
            print_json({"models": [{"name": stem, "title": title} for stem, title in listed]})
            return
        print(table(("model", "what it is"), listed))
        print("\nDescribe one with: portico models NAME")
        return
    from ..models.base import allowed_range

    chosen = model_class(name)
    rows: list[tuple[str, ...]] = []
    for key, spec in chosen.PARAMETERS.items():
        rows.append((key, spec.unit, spec.default, allowed_range(spec), spec.meaning, spec.source))
    if as_json:
        head = ("name", "unit", "default", "allowed", "meaning", "source")
        print_json(
            {
                "model": name,
                "title": chosen.TITLE,
                "parameters": [dict(zip(head, row, strict=True)) for row in rows],
                "sources": list(chosen.SOURCES),
            }
        )
        return
    print(f"{name}: {chosen.TITLE}\n")
    print(inspect.cleandoc(chosen.__doc__ or "").split("Examples\n--------")[0].rstrip())
    print("\n" + table(("parameter", "unit", "default", "allowed", "meaning"), [row[:5] for row in rows]))
    if chosen.EXAMPLE:
        settings = " ".join(f"--set {key}={value:g}" for key, value in chosen.EXAMPLE.items())
        print(f"\nA point to start from: portico widths {name} --set mass=1.25 --set epsilon=1e-3 {settings}")
    limited = [
        f"{key} in [{spec.limit_range[0]:g}, {spec.limit_range[1]:g}]"
        for key, spec in chosen.PARAMETERS.items()
        if spec.limit_range
    ]
    print(f"\nLimits can be set on: {', '.join(limited)}.\nSources: {'; '.join(chosen.SOURCES)}.")


def searches(name: str | None, *, as_json: bool) -> None:
    """List the searches, or describe one."""
    from ..experiments.base import load

    if name is None:
        rows = [(stem, load(stem).title) for stem in registry.names("search")]
        if as_json:
            print_json({"searches": [{"name": stem, "title": title} for stem, title in rows]})
            return
        print(table(("search", "what it is"), rows))
        print("\nDescribe one with: portico searches NAME; your own file works in its place.")
        return
    from ..signatures.base import make_search

    search = make_search(name, {})
    experiment, options = search.experiment, search.signature.OPTIONS
    if as_json:
        print_json({
            "search": experiment.name, "title": experiment.title, "signature": experiment.signature, "sources": list(experiment.sources),
            "entries": [{"name": key, **entry._asdict()} for key, entry in experiment.entries.items()],
            "options": [{"name": key, "choices": list(o.choices), "default": o.default, "meaning": o.meaning,
                         "unit": None if o.field is None else o.field.unit} for key, o in options.items()],
        })  # fmt: skip
        return
    print(f"{experiment.name}: {experiment.title}\n")
    marked = [
        (
            ("! " if e.status == "unverified" else "  ") + key,
            e.shown(),
            e.status,
            e.source + (f" ({e.note})" if e.note else ""),
        )
        for key, e in experiment.entries.items()
    ]
    print(table(("  entry", "value", "status", "source"), marked))
    unverified = sum(e.status == "unverified" for e in experiment.entries.values())
    if unverified:
        print(f"\n! {unverified} unverified: recalled, not looked up; check before relying on them.")
    print(
        "\n" + table(("option", "choices (default first)", "meaning"), [_option(key, o) for key, o in options.items()])
    )


def _option(name: str, option: Any) -> tuple[str, str, str]:
    if option.field is not None:
        return name, f"{option.default} ({option.field.described()})", option.meaning
    first = option.default.split(",")
    rest = [choice for choice in option.choices if choice not in first]
    start = [",".join(first), *(choice for choice in rest if choice != "none")] if option.many else [*first, *rest]
    return name, " | ".join(start + ["none"] * (option.many and "none" in rest)), option.meaning
