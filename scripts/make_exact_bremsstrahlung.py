"""Makes src/portico/production/exact_bremsstrahlung*.npz: the exact cross section of e N -> e N V over the `ww` one.

    python scripts/make_exact_bremsstrahlung.py            # a minute

The same code as `portico tables`; the error written into each file is measured against direct evaluation.
"""

import json
from pathlib import Path

from portico.matter.form_factors import FORM_FACTORS
from portico.production import table_files, table_maker

ELEMENTS, ENERGY = ("I", "Cs"), (2.0, 12.0)  # GeV
FOLDER = Path(table_files.__file__).parent


def main():
    made = table_maker.compute(table_maker.question(ELEMENTS, ENERGY), FORM_FACTORS)
    for form, (arrays, provenance) in made.items():
        path = FOLDER / f"exact_bremsstrahlung{'' if form == 'elastic' else '_' + form}.npz"
        table_files.write(path, arrays, {**provenance, "made_by": "scripts/make_exact_bremsstrahlung.py"})
        print(json.dumps(provenance, indent=1), path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
