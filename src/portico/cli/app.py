"""The commands. Everything slow is imported inside them, so that ``--help`` answers at once."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

app = typer.Typer(
    name="portico", add_completion=False, invoke_without_command=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="From a dark-sector model and an experiment to expected events, limits and reach.\n\n"
    "Start with: portico searches; portico models; then\n\n"
    "portico reach belle2_disappearing_positron dark_photon --set alpha_dark=0.5 --scan mass=1MeV:1GeV:200 -o out/",
)  # fmt: skip


def _whole(text: str) -> int:
    """Return a whole number given as text; the message of a wrong one repeats what was given."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,400}\s*", str(text)):
        raise typer.BadParameter(f"{str(text)[:60]!r} is not a whole number; expected digits only, such as 1000")
    return int(text)


Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Parameter of the model; 'portico models NAME' lists them. Repeatable."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="KEY=VALUE", help="Option of the search; 'portico searches NAME' lists them. Repeatable."
    ),
]
SearchName = Annotated[
    str, typer.Argument(metavar="SEARCH", help="Name of a search, or path of your own experiment file.")
]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
Level = Annotated[str, typer.Option("--cl", help="Confidence level.")]
Method = Annotated[
    str,
    typer.Option(
        "--method", help="Statistical method: cls, bayes, likelihood_ratio, sqrt_b, ...; an unknown one lists all."
    ),
]
Bands = Annotated[
    str | None,
    typer.Option(
        "--magnetic-moment", metavar="NAME", help="Draw the bands of this data set; 'portico g-2 --list' lists them."
    ),
]
Parameter = Annotated[str, typer.Option("--parameter", help="Parameter on which the limit is set.")]


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"portico {__version__}")
        raise typer.Exit


@app.callback()
def portico(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From a dark-sector model and an experiment to expected events, limits and reach."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Describe this model.")] = None,
    as_json: Json = False,
) -> None:
    """List the models, or describe one: parameters, units, defaults, definitions, sources."""
    from . import show

    show.models(name, as_json=as_json)


@app.command()
def searches(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Describe this search.")] = None,
    as_json: Json = False,
) -> None:
    """List the searches, or describe one: every number with unit, source and status; options with defaults."""
    from . import show

    show.searches(name, as_json=as_json)


@app.command()
def widths(model: ModelName, settings: Set = None, as_json: Json = False) -> None:
    """Partial widths, branching ratios and lifetime of a model's mediator."""
    from . import run

    run.widths(model, settings, as_json=as_json)


@app.command()
def signal(
    search: SearchName, model: ModelName, settings: Set = None, options: Options = None, as_json: Json = False
) -> None:
    """Expected signal events, factor by factor, and the background."""
    from . import run

    run.signal(search, model, settings, options, as_json=as_json)


@app.command()
def limit(
    search: SearchName,
    model: ModelName,
    settings: Set = None,
    options: Options = None,
    parameter: Parameter = "epsilon",
    cl: Level = "0.9",
    method: Method = "cls",
    as_json: Json = False,
) -> None:
    """Excluded intervals of one parameter at one point."""
    from . import exclude

    exclude.limit(search, model, settings, options, parameter=parameter, cl=cl, method=method, as_json=as_json)


@app.command()
def reach(
    search: SearchName,
    model: ModelName,
    scan: Annotated[
        list[str],
        typer.Option(
            "--scan",
            metavar="NAME=LOW:HIGH:COUNT",
            help="Scan, logarithmic; append ':linear' for an even one, or give NAME=A,B,C. Repeatable.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Folder for reach.csv, reach.nc, reach.png, reach.pdf, provenance.json.",
        ),
    ],
    settings: Set = None,
    options: Options = None,
    parameter: Parameter = "epsilon",
    cl: Level = "0.9",
    method: Method = "cls",
    magnetic_moment: Bands = None,
    as_json: Json = False,
) -> int:
    """Excluded intervals over a scan: table, dataset, picture and provenance."""
    from . import exclude

    return exclude.reach(
        search,
        model,
        settings,
        options,
        scan,
        output,
        parameter=parameter,
        cl=cl,
        method=method,
        magnetic_moment=magnetic_moment,
        as_json=as_json,
        command=sys.argv,
    )


@app.command("g-2")
def magnetic_moment(
    mass: Annotated[str | None, typer.Option("--mass", help="Mass of the mediator, such as 1.25GeV.")] = None,
    epsilon: Annotated[str | None, typer.Option("--epsilon", help="Also give the shift at this mixing.")] = None,
    lepton: Annotated[str | None, typer.Option("--lepton", help="mu- (default) or e-.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME", help="Data set; the newest of the lepton by default.")
    ] = None,
    sigma: Annotated[
        list[str] | None, typer.Option("--sigma", metavar="N", help="Band of N sigma; 1 and 2 by default. Repeatable.")
    ] = None,
    every: Annotated[bool, typer.Option("--list", help="List the data sets instead.")] = False,
    as_json: Json = False,
) -> None:
    """Magnetic moment of muon or electron with a dark photon: shift, and mixings within the bands of a data set."""
    from . import magnetic_moment as command

    given = {"--mass": mass, "--epsilon": epsilon, "--lepton": lepton, "--data": data, "--sigma": sigma or None}
    beside = [name for name, value in given.items() if value is not None]
    if every and beside:
        raise typer.BadParameter(f"--list lists all data sets and takes no {beside[0]}; leave out one of them")
    if every:
        command.listed(as_json=as_json)
    elif mass is None:
        raise typer.BadParameter("give --mass, such as --mass 1.25GeV, or --list")
    else:
        command.magnetic_moment(mass, epsilon, lepton, data, sigma or ["1", "2"], as_json=as_json)


@app.command()
def recast(
    published: Annotated[
        str, typer.Argument(metavar="PUBLISHED", help="Name of a published limit whose search portico has.")
    ],
    model: ModelName,
    scan: Annotated[
        list[str] | None,
        typer.Option("--scan", metavar="NAME=LOW:HIGH:COUNT", help="Scan, as for reach; without it one point."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for the results of a scan, as for reach."),
    ] = None,
    settings: Set = None,
    options: Options = None,
    magnetic_moment: Bands = None,
    as_json: Json = False,
) -> int:
    """Carry a published limit on an invisible mediator over to a model whose decays may be seen."""
    from . import exclude

    return exclude.recast(
        published, model, settings, options, scan, output,
        magnetic_moment=magnetic_moment, as_json=as_json, command=sys.argv,
    )  # fmt: skip


@app.command()
def count(
    background: Annotated[str, typer.Option("--background", help="Expected background events.")],
    observed: Annotated[
        str | None, typer.Option("--observed", help="Observed count; left out: the expected limit.")
    ] = None,
    background_uncertainty: Annotated[str, typer.Option(help="Relative, such as 22%.")] = "0",
    efficiency: Annotated[str, typer.Option("--efficiency", help="Efficiency of the signal, such as 3%.")] = "1",
    efficiency_uncertainty: Annotated[str, typer.Option(help="Relative, such as 15%.")] = "0",
    luminosity: Annotated[
        str | None, typer.Option("--luminosity", help="Integrated luminosity, such as 276/pb; gives a cross section.")
    ] = None,
    luminosity_uncertainty: Annotated[str, typer.Option(help="Relative, such as 0.7%.")] = "0",
    constraint: Annotated[
        str, typer.Option(help="Shape of the uncertainties: log_normal, log_normal_sigma, gaussian or gamma.")
    ] = "log_normal",
    cl: Level = "0.9",
    method: Method = "cls",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Also count how often the limit covers a true signal equal to it.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the toys and the coverage.", parser=_whole, metavar="INTEGER")] = 1,
    toys: Annotated[
        int, typer.Option(help="Number of toys of the method cls_toys.", parser=_whole, metavar="INTEGER")
    ] = 200_000,
    prior_ceiling: Annotated[
        str | None, typer.Option(help="End of the flat prior of bayes in events, for Gaussian uncertainties.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Upper limit of a bare counting experiment, by any method, with uncertainties."""
    from . import run

    settings = {
        "background_uncertainty": background_uncertainty, "efficiency": efficiency, "efficiency_uncertainty": efficiency_uncertainty,
        "luminosity": luminosity, "luminosity_uncertainty": luminosity_uncertainty, "constraint": constraint, "cl": cl,
        "method": method, "coverage": coverage, "seed": seed, "toys": toys, "prior_ceiling": prior_ceiling,
    }  # fmt: skip
    run.count(observed, background, settings, as_json=as_json)


@app.command()
def events(
    search: SearchName,
    model: ModelName,
    count: Annotated[int, typer.Option("-n", "--number", metavar="N", help="Number of events.", parser=_whole)],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="FILE.parquet, FILE.hepmc or FILE.lhe: the ending chooses."
        ),
    ],
    settings: Set = None,
    options: Options = None,
    seed: Annotated[
        int, typer.Option("--seed", help="The same seed gives the same events.", parser=_whole, metavar="INTEGER")
    ] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists already.")] = False,
    as_json: Json = False,
) -> None:
    """Unweighted events of a model as a search produces them: particles, parents, momenta, vertices.

    After Ctrl-C or on a full disk the events so far are kept. Formats and particle codes: docs/events.md. Needs the extra 'events'.
    """
    from .events import events as written

    written(
        search,
        model,
        settings,
        options,
        count=count,
        seed=seed,
        output=output,
        overwrite=overwrite,
        as_json=as_json,
    )


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ID ...|all]", help="What to compute; left out: list what there is.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder; DIR/ID gets claims.json, claims.md and the figures."
        ),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the figures, PNG and PDF each.")] = True,
    as_json: Json = False,
) -> int:
    """Compute figures and claims of source documents anew.

    The status is 0 when everything was computed, whether or not each claim holds (that is a result), and 3 when a
    computation failed; the rest is kept.
    """
    from .reproduce import reproduce as computed

    return computed(names, output, figures=figures, as_json=as_json)


@app.command()
def cite(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="A folder of results, a search, or an id of 'portico reproduce'."),
    ],
) -> None:
    """Print BibTeX of the sources that results, searches and reproductions rest on."""
    from .reproduce import cite as cited

    cited(names)


@app.command()
def tables(
    element: Annotated[
        list[str] | None,
        typer.Option("--element", metavar="SYMBOL", help="Make a table for this nucleus, such as Pb. Repeatable."),
    ] = None,
    parton_luminosities: Annotated[
        bool,
        typer.Option(
            "--parton-luminosities", help="Tables of parton luminosities: list them or, with --energy, make one."
        ),
    ] = False,
    energy: Annotated[
        str | None,
        typer.Option(
            "--energy",
            metavar="LOW:HIGH",
            help="Energies of the lepton, such as 50GeV:200GeV; with --parton-luminosities sqrt(s), such as 27TeV.",
        ),
    ] = None,
    pdf: Annotated[
        str | None, typer.Option("--pdf", help="Parton distributions: NNPDF23_lo (default) or NNPDF31_nnlo.")
    ] = None,
    lepton: Annotated[str | None, typer.Option("--lepton", help="e- (default) or mu-; both charges share one.")] = None,
    form_factor: Annotated[
        str | None, typer.Option("--form-factor", help="elastic (default), elastic_inelastic, ...")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="What is emitted: vector (default), scalar, pseudoscalar.")
    ] = None,
    mass: Annotated[
        str | None, typer.Option("--mass", metavar="LOW:HIGH", help="Masses of what is emitted; all by default.")
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(
            "--points", metavar="AxBxC", help="Grid in mass, energy and 1-x; fewer are faster, such as 20x6x10."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the tables of the exact emission cross section and of parton luminosities, or make one for other nuclei, leptons or energies."""
    from . import tables as command

    given = {
        "energy": energy,
        "lepton": lepton,
        "form_factor": form_factor,
        "kind": kind,
        "mass": mass,
        "points": points,
        "pdf": pdf,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if parton_luminosities:
        from .parton_tables import luminosities

        luminosities(chosen | ({"element": ", ".join(element)} if element else {}), as_json=as_json)
    elif element is None:
        command.listed(chosen, as_json=as_json)
    else:
        command.made(element, chosen, as_json=as_json)
