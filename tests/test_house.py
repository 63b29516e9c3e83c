"""The order of the house: rules over the whole tree, each shown to fail on a small broken example.

A check is a function of a folder that returns a list of complaints, so that it runs on the real tree and on a
synthetic one alike.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "portico"

PUBLIC_NAMES = [
    "DataError",
    "InvalidInput",
    "NumericsError",
    "OutOfValidity",
    "PorticoError",
    "UnknownName",
    "__version__",
    "cite",
    "count_limit",
    "limit",
    "models",
    "plot",
    "reach",
    "recast",
    "reproduce",
    "search",
    "searches",
    "signal",
]

# Ground floor first. Rooms of one floor do not import each other, except on the floors of OPEN_FLOORS.
FLOORS = [
    ["errors"],
    ["constants"],
    ["units"],
    ["particles", "sources", "registry"],
    ["numerics"],
    ["kinematics"],
    ["matter"],
    ["electroweak"],
    ["decays"],
    ["precision", "cosmology"],
    ["models"],
    ["flux"],
    ["beams"],
    ["production"],
    ["transport"],
    ["cascades"],
    ["detection"],
    ["statistics"],
    ["experiments"],
    ["signatures"],
    ["limits"],
    ["scans", "events", "plotting", "reproductions"],
    ["cli", "explorer"],
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
OPEN_FLOORS = {FLOOR_OF["scans"], FLOOR_OF["cli"]}
FRONT_DOOR = "the front door"  # what 'import portico' gives; it names everything, so only the open floors may use it
FOUNDATION = [room for room, floor in FLOOR_OF.items() if floor < FLOOR_OF["numerics"]]
PHYSICS_ROOMS = [
    "kinematics",
    "matter",
    "electroweak",
    "decays",
    "precision",
    "cosmology",
    "production",
    "transport",
    "beams",
    "statistics",
]

STATUSES = {"published", "digitised", "inferred", "assumed", "unverified", "computed"}
HEAVY_MODULES = ["jax", "matplotlib", "xarray", "scipy", "pint"]
LONGEST_FILE = 500
LONGEST_BARE_FUNCTION = 60

# Written in pieces, or this file would break its own rules.
INDEX_HOST = re.compile(
    r"py" + r"pi\.(org|python\.org)|python" + r"hosted\.org|ana" + r"conda\.(org|com)|download\.py" + r"torch\.org"
    r"|--(extra-)?index" + r"-url\b"
)
LOOSE_END = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
BINARY = {".png", ".pdf", ".nc", ".npz", ".npy", ".gz", ".parquet", ".whl"}
NOT_OURS = {".git", ".venv", "__pycache__", "build", "dist", "out", ".mypy_cache", ".ruff_cache", ".pytest_cache"}

NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
BARE_NUMBER = re.compile(rf"\s*{NUMBER}(\s*/\s*{NUMBER})?\s*")


# --- reading -----------------------------------------------------------------------------------------------------


def modules(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the package, parsed."""
    for path in sorted(package.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def room_of(path: Path, package: Path) -> str:
    """The room that a file of the package belongs to; empty for the front door."""
    first = path.relative_to(package).parts[0].removesuffix(".py")
    return {"__init__": "", "__main__": "cli"}.get(first, first)


class Import(NamedTuple):
    """One import statement: its line, the module with its dots resolved, and the names taken from it, if any."""

    line: int
    module: str
    names: tuple[str, ...]


def imports(tree: ast.Module, path: Path, package: Path) -> Iterator[Import]:
    """All imports of a file, also those inside functions."""
    holder = [package.name, *path.relative_to(package).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = holder[: len(holder) - node.level + 1] if node.level else []
            module = ".".join([*stem, *([node.module] if node.module else [])])
            yield Import(node.lineno, module, tuple(alias.name for alias in node.names))


def rooms_used(imported: Import, package: Path) -> Iterator[str]:
    """The rooms that an import enters; those of other packages are none."""
    first, *rest = imported.module.split(".")
    if first != package.name:
        return
    if rest:
        yield rest[0]
        return
    for name in imported.names or ("",):
        if name in FLOOR_OF and ((package / name).is_dir() or (package / f"{name}.py").is_file()):
            yield name
        elif name != "__version__":
            yield FRONT_DOOR


# --- the checks --------------------------------------------------------------------------------------------------


def may_enter(room: str, used: str) -> bool:
    """Whether a file of `room` may import from `used`."""
    if used == room:
        return True
    if used == FRONT_DOOR:
        return FLOOR_OF[room] in OPEN_FLOORS
    if FLOOR_OF[used] == FLOOR_OF[room]:
        return FLOOR_OF[room] in OPEN_FLOORS
    return FLOOR_OF[used] < FLOOR_OF[room]


def check_order(package: Path) -> list[str]:
    """A room imports only from rooms above it in the list, and stands in the list."""
    complaints = []
    for path, tree in modules(package):
        room, where = room_of(path, package), path.relative_to(package)
        if not room:
            continue
        if room not in FLOOR_OF:
            complaints.append(f"{where}: no room is named '{room}'")
            continue
        for imported in imports(tree, path, package):
            for used in rooms_used(imported, package):
                if used != FRONT_DOOR and used not in FLOOR_OF:
                    complaints.append(f"{where}:{imported.line}: no room is named '{used}'")
                elif not may_enter(room, used):
                    complaints.append(f"{where}:{imported.line}: {room} may not import from {used}")
    return complaints


def check_foundation(package: Path) -> list[str]:
    """What lies below numerics imports neither jax nor equinox, not even inside a function."""
    return [
        f"{path.relative_to(package)}:{imported.line}: imports {imported.module}"
        for path, tree in modules(package)
        if room_of(path, package) in FOUNDATION
        for imported in imports(tree, path, package)
        if imported.module.split(".")[0] in ("jax", "jaxlib", "equinox")
    ]


def check_docstrings(package: Path) -> list[str]:
    """Public functions and classes have a docstring; public formulas of the physics rooms say their source."""
    complaints = []
    for path, tree in modules(package):
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            where, docstring = f"{path.relative_to(package)}:{node.lineno}", ast.get_docstring(node)
            if not docstring:
                complaints.append(f"{where}: {node.name} has no docstring")
            elif (
                room_of(path, package) in PHYSICS_ROOMS
                and not isinstance(node, ast.ClassDef)
                and "Source" not in docstring
            ):
                complaints.append(f"{where}: {node.name} names no Source")
    return complaints


def check_lengths(package: Path) -> list[str]:
    """Files stay readable, and a long function says what it does."""
    complaints = []
    for path, tree in modules(package):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            complaints.append(f"{path.relative_to(package)}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not ast.get_docstring(node):
                length = (node.end_lineno or 0) - node.body[0].lineno + 1
                if length > LONGEST_BARE_FUNCTION:
                    complaints.append(
                        f"{path.relative_to(package)}:{node.lineno}: {node.name} has {length} lines and no docstring"
                    )
    return complaints


def tables(value: object, where: str = "") -> Iterator[tuple[str, dict]]:
    """Every table of a TOML document, with the path to it."""
    if isinstance(value, dict):
        yield where, value
        for key, inner in value.items():
            yield from tables(inner, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from tables(inner, f"{where}[{position}]")


def lacks_unit(table: dict) -> bool:
    """Whether a value is a number, or numbers, with no unit said: neither in its text nor beside it."""
    values = table["value"] if isinstance(table["value"], list) else [table["value"]]
    bare = any(
        (isinstance(value, int | float) and not isinstance(value, bool))
        or (isinstance(value, str) and BARE_NUMBER.fullmatch(value))
        or (isinstance(value, list) and lacks_unit({"value": value}))
        for value in values
    )
    return bare and not (isinstance(table.get("unit"), str) and table["unit"].strip())


def data_files(package: Path) -> list[Path]:
    """The TOML files whose numbers must say unit, source and status."""
    return sorted(
        [
            *package.glob("experiments/*.toml"),
            *package.glob("limits/published/*.toml"),
            *package.glob("matter/materials.toml"),
            *package.glob("decays/*.toml"),
            *package.glob("precision/*.toml"),
            *package.glob("reproductions/*.toml"),
        ]
    )


def check_data(package: Path) -> list[str]:
    """Every table with a value says its unit, its source and its status."""
    complaints = []
    for path in data_files(package):
        for where, table in tables(tomllib.loads(path.read_text(encoding="utf-8"))):
            if "value" not in table:
                continue
            place = f"{path.relative_to(package)}: {where}"
            if not (isinstance(table.get("source"), str) and table["source"].strip()):
                complaints.append(f"{place} has no source")
            if table.get("status") not in STATUSES:
                complaints.append(f"{place} has status {table.get('status')!r}, not one of {sorted(STATUSES)}")
            if lacks_unit(table):
                complaints.append(f'{place} has no unit (write unit = "1" where there is none)')
    return complaints


def files_of(root: Path) -> list[Path]:
    """The text files of a tree: those that git would keep or, without git, all but what the tools leave behind."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        listed = None
    if (root / ".git").exists() and listed is not None and listed.returncode == 0:
        paths = [root / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in root.rglob("*") if not NOT_OURS.intersection(path.relative_to(root).parts)]
    return sorted(path for path in paths if path.is_file() and path.suffix not in BINARY)


def check_text(root: Path) -> list[str]:
    """No file names the host of a package index, and none holds a loose end: a known gap is an issue."""
    complaints = []
    for path in files_of(root):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            for kind, pattern in (("a package index", INDEX_HOST), ("a loose end", LOOSE_END)):
                if found := pattern.search(line):
                    complaints.append(f"{path.relative_to(root)}:{number}: {kind}: {found.group()}")
    return complaints


def heavy_modules_after(statement: str, *, folder: Path | None = None) -> list[str]:
    """The slow modules that a fresh interpreter holds after a statement, which may end in SystemExit(0)."""
    program = (
        "import json, sys\n"
        "try:\n"
        f"    {statement}\n"
        "except SystemExit as end:\n"
        "    if end.code: raise\n"
        "finally:\n"
        f"    print(json.dumps([name for name in {HEAVY_MODULES!r} if name in sys.modules]), file=sys.stderr)\n"
    )
    settings = {**os.environ, "PYTHONPATH": str(folder or SOURCE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{statement}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stderr.splitlines()[-1])


# --- the tree passes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [check_order, check_foundation, check_docstrings, check_lengths, check_data])
def test_package_keeps_the_rules(check):
    complaints = check(SOURCE)
    assert not complaints, "\n".join(complaints)


def test_tree_names_no_package_index_and_holds_no_loose_end():
    complaints = check_text(ROOT)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    "statement",
    [
        "import portico",
        "import runpy; sys.argv = ['portico', '--help']; runpy.run_module('portico', run_name='__main__')",
        "sys.argv = ['portico', '--help']; from portico.cli import main; main()",
        "sys.argv = ['portico', 'models', '--help']; from portico.cli import main; main()",
    ],
)
def test_help_and_import_load_nothing_slow(statement):
    assert heavy_modules_after(statement) == []


def test_public_names_are_these():
    import portico

    assert sorted(portico.__all__) == PUBLIC_NAMES


def test_public_names_are_reachable():
    import portico

    assert [name for name in PUBLIC_NAMES if not hasattr(portico, name)] == []


def test_every_room_of_the_list_has_one_floor():
    assert len(FLOOR_OF) == sum(map(len, FLOORS))
    assert set(PHYSICS_ROOMS) <= set(FLOOR_OF)


# --- each check can fail -----------------------------------------------------------------------------------------


def write(package: Path, files: dict[str, str]) -> Path:
    """A synthetic package of the given files."""
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("decays/vector.py", "from portico.models import dark_photon\n", "decays may not import from models"),
        ("decays/vector.py", "import portico.limits.base as base\n", "decays may not import from limits"),
        ("decays/vector.py", "def f():\n    from ..models import base\n", "decays may not import from models"),
        ("decays/vector.py", "from .. import models\n", "decays may not import from models"),
        ("decays/deep/vector.py", "from ...signatures.base import X\n", "decays may not import from signatures"),
        ("decays/vector.py", "from .. import reach\n", "decays may not import from the front door"),
        ("decays/vector.py", "import portico\n", "decays may not import from the front door"),
        ("decays/vector.py", "from portico.tools import x\n", "no room is named 'tools'"),
        ("helpers.py", "x = 1\n", "no room is named 'helpers'"),
        ("particles.py", "from .registry import names\n", "particles may not import from registry"),
        ("errors.py", "from .units import parse\n", "errors may not import from units"),
        ("limits/base.py", "from portico.cli import main\n", "limits may not import from cli"),
    ],
)
def test_order_is_seen_to_be_broken(tmp_path, file, text, complaint):
    package = write(tmp_path / "portico", {"models/__init__.py": "", file: text})
    complaints = check_order(package)
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_order_lets_the_right_imports_pass(tmp_path):
    package = write(
        tmp_path / "portico",
        {
            "__init__.py": "from .cli import main\n",
            "__main__.py": "from .cli import main\n",
            "decays/__init__.py": "",
            "decays/vector.py": "import numpy\nfrom .. import __version__, constants\nfrom . import phase\n",
            "models/dark_photon.py": "from ..decays.vector import width\nfrom portico import decays\n",
            "constants.py": "from .errors import InvalidInput\n",
            "reproductions/figures.py": "from ..plotting import exclusion\nimport portico\n",
            "cli/__init__.py": "def main():\n    from ..explorer import serve\n    from portico import reach\n",
        },
    )
    assert check_order(package) == []


def test_jax_in_the_foundation_is_seen(tmp_path):
    package = write(
        tmp_path / "portico",
        {
            "units.py": "def f():\n    import jax.numpy as jnp\n",
            "registry.py": "from equinox import Module\n",
            "numerics/rules.py": "import jax\n",
            "sources.py": "import jaxtyping\n",
        },
    )
    assert check_foundation(package) == ["registry.py:1: imports equinox", "units.py:2: imports jax.numpy"]


def test_missing_docstrings_and_sources_are_seen(tmp_path):
    package = write(
        tmp_path / "portico",
        {
            "decays/vector.py": (
                "def bare(): ...\n"
                "def sourceless():\n    'A width.'\n"
                "def good():\n    'A width. Source: a paper, eq. (1).'\n"
                "def _private(): ...\n"
                "class Thing:\n    'A thing.'\n"
            ),
            "models/base.py": "class Bare: ...\ndef good():\n    'No source needed here.'\n",
        },
    )
    assert check_docstrings(package) == [
        "decays/vector.py:1: bare has no docstring",
        "decays/vector.py:2: sourceless names no Source",
        "models/base.py:1: Bare has no docstring",
    ]


def test_long_files_and_long_bare_functions_are_seen(tmp_path):
    body = "    x = 1\n" * (LONGEST_BARE_FUNCTION + 1)
    package = write(
        tmp_path / "portico",
        {
            "long.py": "x = 1\n" * (LONGEST_FILE + 1),
            "just.py": "x = 1\n" * LONGEST_FILE,
            "bare.py": f"class A:\n  def f(self):\n{body}",
            "said.py": f"def f():\n    'Why it is long.'\n{body}",
        },
    )
    assert check_lengths(package) == [
        f"bare.py:2: f has {LONGEST_BARE_FUNCTION + 1} lines and no docstring",
        f"long.py: {LONGEST_FILE + 1} lines",
    ]


@pytest.mark.parametrize("file", ["experiments/a.toml", "limits/published/a.toml", "matter/materials.toml"])
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[energy]\nvalue = "7 GeV"\nstatus = "published"\n', "energy has no source"),
        ('[energy]\nvalue = "7 GeV"\nsource = " "\nstatus = "published"\n', "energy has no source"),
        ('[energy]\nvalue = "7 GeV"\nsource = "a"\n', "energy has status None"),
        ('[energy]\nvalue = "7 GeV"\nsource = "a"\nstatus = "guessed"\n', "energy has status 'guessed'"),
        ('[energy]\nvalue = 7\nsource = "a"\nstatus = "assumed"\n', "energy has no unit"),
        ('[energy]\nvalue = "1/3"\nsource = "a"\nstatus = "assumed"\n', "energy has no unit"),
        ('[energy]\nvalue = [1.0, 2.0]\nsource = "a"\nstatus = "assumed"\n', "energy has no unit"),
        ('[[cut]]\nlow = {value = "1e-3", source = "a", status = "computed"}\n', "cut[0].low has no unit"),
    ],
)
def test_incomplete_data_are_seen(tmp_path, file, text, complaint):
    complaints = check_data(write(tmp_path / "portico", {file: text}))
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_complete_data_pass(tmp_path):
    text = (
        'name = "some"\n'
        '[energy]\nvalue = "7 GeV"\nsource = "arXiv:1808.10567"\nstatus = "published"\n'
        '[ratio]\nvalue = 0.5\nunit = "1"\nsource = "arXiv:1808.10567"\nstatus = "assumed"\n'
        '[share]\nvalue = "15%"\nsource = "arXiv:1808.10567"\nstatus = "assumed"\n'
        '[shape]\nvalue = "cylinder"\nsource = "arXiv:1808.10567"\nstatus = "inferred"\n'
        '[used]\nvalue = true\nsource = "arXiv:1808.10567"\nstatus = "inferred"\n'
    )
    assert check_data(write(tmp_path / "portico", {"experiments/a.toml": text})) == []


@pytest.mark.parametrize("text", ["# https://py" + "pi.org/simple", "pip --index" + "-url x", "# TO" + "DO: later"])
def test_forbidden_text_is_seen(tmp_path, text):
    write(tmp_path, {"scripts/a": f"fine\n{text}\n", ".venv/a": text, "out/a": text, "b.md": "Todo, autodoc, fixme\n"})
    complaints = check_text(tmp_path)
    assert len(complaints) == 1
    assert complaints[0].startswith(("scripts/a:2: a package index", "scripts/a:2: a loose end"))


def test_slow_imports_are_seen(tmp_path):
    write(
        tmp_path,
        {"jax.py": "", "front.py": "import sys\nimport jax\n\n\ndef main():\n    import pint\n    sys.exit(0)\n"},
    )
    write(tmp_path, {"pint.py": "", "light.py": "def main():\n    raise SystemExit(2)\n"})
    assert heavy_modules_after("import front", folder=tmp_path) == ["jax"]
    assert heavy_modules_after("import front; front.main()", folder=tmp_path) == ["jax", "pint"]
    assert heavy_modules_after("import light", folder=tmp_path) == []
    with pytest.raises(AssertionError):
        heavy_modules_after("import light; light.main()", folder=tmp_path)
