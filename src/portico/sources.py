"""Where numbers come from: sources named in results, turned into BibTeX."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("sources.toml")


@cache
def bibliography() -> dict[str, dict[str, str]]:
    """Return the entries of ``sources.toml`` by their key."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def keys_in(text: str) -> list[str]:
    """Return the bibliography keys that a source string names, in the order of the bibliography."""
    return [
        key
        for key, entry in bibliography().items()
        if re.search(rf"(?<![\w.]){re.escape(entry['match'])}(?![\w.]*\w)", text)
    ]


def bibtex(texts: Iterable[str]) -> str:
    """Return BibTeX for source strings, each entry once; a source that no entry covers becomes a ``@misc`` with its text."""
    found: dict[str, str] = {}
    for text in texts:
        keys = keys_in(text)
        for key in keys:
            entry = bibliography()[key]
            fields = "".join(
                f",\n  {name} = {{{value}}}" for name, value in entry.items() if name not in ("match", "type")
            )
            found[key] = f"@{entry.get('type', 'article')}{{{key}{fields}\n}}"
        if not keys and re.search(r"arXiv:|[a-z-]+/\d{7}|doi:", text):
            label = re.sub(r"\W+", "_", text).strip("_")
            found.setdefault(label, f"@misc{{{label},\n  note = {{{text}}}\n}}")
    return "\n\n".join(found[key] for key in sorted(found))


def cite(result: Any) -> str:
    """Return BibTeX of the sources that a result really used.

    Parameters
    ----------
    result : SignalYield, Limit, Reach dataset, search or any object with ``sources``; or a list of them
    """
    if isinstance(result, list | tuple) and not hasattr(result, "sources"):
        return bibtex(text for each in result for text in _sources_of(each))
    return bibtex(_sources_of(result))


def _sources_of(result: Any) -> list[str]:
    sources: Any
    if isinstance(getattr(result, "attrs", None), dict):
        sources = str(result.attrs.get("sources", "")).split("\n")
    else:
        sources = getattr(result, "sources", None)
    if sources is None:
        from .errors import InvalidInput

        raise InvalidInput(
            f"cite: {type(result).__name__} carries no sources; expected a signal, limit, reach or search of portico."
        )
    return list(sources)
