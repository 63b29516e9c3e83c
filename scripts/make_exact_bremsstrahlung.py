"""Makes src/portico/production/exact_bremsstrahlung*.npz: the exact cross section of e N -> e N V over the `ww` one.

    python scripts/make_exact_bremsstrahlung.py                  # all, some minutes
    python scripts/make_exact_bremsstrahlung.py lead             # one of them

The same code as `portico tables`; the error written into each file is measured against direct evaluation.
"""

import json
import sys
from pathlib import Path

from portico.matter.form_factors import FORM_FACTORS
from portico.production import table_files, table_maker

TARGETS = {"": (("I", "Cs"), (2.0, 12.0)), "lead": (("Pb",), (40.0, 120.0))}  # GeV
FOLDER = Path(table_files.__file__).parent


def main():
    for target in sys.argv[1:] or TARGETS:
        made = table_maker.compute(table_maker.question(*TARGETS[target]), FORM_FACTORS)
        for form, (arrays, provenance) in made.items():
            name = "_".join(
                part for part in ("exact_bremsstrahlung", target, "" if form == "elastic" else form) if part
            )
            path = FOLDER / f"{name}.npz"
            table_files.write(path, arrays, {**provenance, "made_by": "scripts/make_exact_bremsstrahlung.py"})
            print(json.dumps(provenance, indent=1), path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
