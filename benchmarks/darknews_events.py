"""Events per second of DarkNews: run by an interpreter that has it, prints one JSON document.

Its chain is another (a neutrino scatters to a heavy neutral lepton, which decays to a lighter one and an electron pair), yet the
same kind: production, a three-body decay through a mediator, momenta in the laboratory. Its events are weighted.
"""

import json
import tempfile
import time

from DarkNews.GenLauncher import GenLauncher


def main():
    with tempfile.TemporaryDirectory() as folder:
        launcher = GenLauncher(
            mzprime=1.25,
            m4=0.14,
            m5=0.3,
            epsilon=1e-3,
            gD=1.0,
            experiment="miniboone_fhc",
            neval=100_000,
            loglevel="ERROR",
            path=folder,
        )
        start = time.perf_counter()
        launcher.run()
        seconds = time.perf_counter() - start
    print(json.dumps({"per_second": len(launcher.df) / seconds, "events": len(launcher.df)}))


if __name__ == "__main__":
    main()
