"""Make src/portico/decays/hadronic_ratio.csv from the model of R(s) and its parameters.

Run from the repository: ``python scripts/make_hadronic_ratio.py [output]``. The grid is refined by bisection until
linear interpolation reproduces the model within TOLERANCE at three points of every interval.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import jax
import numpy as np

from portico.decays import hadronic_ratio

TOLERANCE = 0.8e-4
"""Relative, below the promised 1e-4 because numbers are rounded to 7 digits; ABSOLUTE near threshold, where R -> 0."""
ABSOLUTE = 2e-7
MAXIMUM_SQRT_S = 12.0
FOLDER = Path(__file__).resolve().parents[1] / "src" / "portico" / "decays"


def starting_grid() -> np.ndarray:
    """Return every kink and pole of the model, points around each pole, and a coarse grid."""
    numbers = hadronic_ratio.parameters()
    low = 2 * numbers["pion"]["mass"]["value"]
    points = [np.linspace(low, MAXIMUM_SQRT_S, 400)]
    masses = [*numbers["resonances"]["masses"]["value"], numbers["pion_form_factor"]["omega_mass"]["value"]]
    widths = [*numbers["resonances"]["widths"]["value"], numbers["pion_form_factor"]["omega_width"]["value"]]
    for mass, width in zip(masses, widths, strict=True):
        steps = width * np.sinh(np.linspace(0, 9, 40)) / 4
        points += [mass + steps, mass - steps]
    points += [channel["sqrt_s"]["value"] for channel in numbers["channels"].values()]
    span = numbers["perturbative"]["threshold_range"]["value"]
    for key in ("charm_threshold", "bottom_threshold"):
        edge = numbers["perturbative"][key]["value"]
        points.append([edge, edge + span])
    points += [numbers["blend"]["range"]["value"], numbers["resonances"]["omega_tail_range"]["value"]]
    points.append([3 * numbers["pion"]["mass"]["value"], 2 * numbers["kaon"]["mass"]["value"]])
    grid = rounded(np.unique(np.concatenate(points)))
    return np.unique(np.append(grid[(grid > low) & (grid < MAXIMUM_SQRT_S)], [low, MAXIMUM_SQRT_S]))


def rounded(sqrt_s: np.ndarray) -> np.ndarray:
    """Return the energies as they are written: 1e-9 GeV, 1/20000 of the narrowest width."""
    return np.round(sqrt_s, 9)


def refined_grid() -> tuple[np.ndarray, np.ndarray]:
    """Return the grid and R on it, refined until linear interpolation is good to TOLERANCE."""
    compiled = jax.jit(hadronic_ratio.ratio_model)

    def model(sqrt_s: np.ndarray) -> np.ndarray:
        # one padded shape: a new shape would compile again
        padded = np.full(-(-len(sqrt_s) // 8192) * 8192, 1.0)
        padded[: len(sqrt_s)] = sqrt_s
        return np.concatenate([np.asarray(compiled(block**2)) for block in padded.reshape(-1, 8192)])[: len(sqrt_s)]

    grid = starting_grid()
    ratio = model(grid)
    for _ in range(40):
        left, right = grid[:-1], grid[1:]
        is_bad = np.zeros(len(left), bool)
        for part in (0.25, 0.5, 0.75):
            exact = model(left + part * (right - left))
            linear = ratio[:-1] + part * np.diff(ratio)
            is_bad |= np.abs(linear - exact) > TOLERANCE * exact + ABSOLUTE
        is_bad &= (right - left) > 4e-9
        if not is_bad.any():
            return grid, ratio
        grid = np.unique(np.append(grid, rounded((left + right)[is_bad] / 2)))
        ratio = model(grid)
    raise RuntimeError("the refinement did not end: is there a jump in the model?")


def table_text() -> str:
    """Return the whole file as text."""
    grid, ratio = refined_grid()
    band = np.asarray(hadronic_ratio.hadronic_ratio_uncertainty(grid))
    digest = hashlib.sha256((FOLDER / "hadronic_ratio.toml").read_bytes()).hexdigest()
    header = [
        "# R(s) = sigma(e+e- -> hadrons) over 4 pi alpha^2/3s, table of portico.decays.hadronic_ratio.ratio_model",
        "# made by scripts/make_hadronic_ratio.py; linear interpolation reproduces the model to 1e-4",
        f"# parameters: hadronic_ratio.toml, sha256 {digest}",
        "sqrt_s_gev,ratio,relative_uncertainty",
    ]
    rows = [f"{x:.9f},{y:.7g},{u:.3g}" for x, y, u in zip(grid, ratio, band, strict=True)]
    return "\n".join([*header, *rows]) + "\n"


def main() -> None:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "hadronic_ratio.csv"
    output.write_text(table_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
