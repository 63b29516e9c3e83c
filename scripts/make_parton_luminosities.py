"""Makes src/portico/production/parton_luminosities_*.npz: parton luminosities of two sets at four energies.

    pip install 'portico[hadron]'
    python scripts/make_parton_luminosities.py                         # all, under a minute
    python scripts/make_parton_luminosities.py NNPDF23_lo 14           # one of them, TeV

The same code as `portico tables --parton-luminosities`; running it again gives the same bytes. The error written into each file is
measured against the parton distributions themselves.
"""

import json
import sys
from pathlib import Path

from portico.production import parton_distributions, parton_table_maker, parton_tables, table_files

ENERGIES = (8, 13, 13.6, 14)  # TeV
FOLDER = Path(parton_tables.__file__).parent


def main():
    chosen = (
        [(sys.argv[1], float(sys.argv[2]))]
        if len(sys.argv) == 3
        else [(p, e) for p in parton_distributions.SETS for e in ENERGIES]
    )
    for pdf, energy in chosen:
        arrays, provenance = parton_table_maker.compute(1e3 * energy, pdf=pdf)
        path = FOLDER / parton_tables.file_name(pdf, 1e3 * energy)
        table_files.write(path, arrays, {**provenance, "made_by": "scripts/make_parton_luminosities.py"})
        print(json.dumps(provenance, indent=1), path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
