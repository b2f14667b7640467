"""The command ``segur-bench``: thin commands over the rooms that do the work."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import __version__
from bench.errors import BenchError, ExitCode, UsageError

app = typer.Typer(
    name="segur-bench",
    help="Banc de répétition du référencement Ségur : simulateurs, contrôles, rapports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console()
err = Console(stderr=True)

Seed = Annotated[int, typer.Option("--graine", help="Graine de la campagne.")]
Folder = Annotated[Path | None, typer.Option("--dossier", help="Dossier de la campagne.")]
StoreUrl = Annotated[
    str | None,
    typer.Option("--store", help="Adresse SQLAlchemy d'un stockage partagé (PostgreSQL)."),
]
Expected = Annotated[
    Path | None,
    typer.Option(
        "--constats-attendus", help="Fichier JSON des écarts connus : [{regle, scenario}]."
    ),
]
Product = Annotated[
    Path | None,
    typer.Option("--produit", help="JSON déclarant le logiciel : nom, version, NIL, IDAM…"),
]
BasePort = Annotated[
    int | None, typer.Option("--port", help="Premier port des simulateurs (sinon libres).")
]


@app.command()
def run(
    features: Annotated[
        list[str] | None, typer.Argument(help="Dossiers de fonctionnalités (défaut : toutes).")
    ] = None,
    driver: Annotated[
        str, typer.Option("--driver", help="reference, http, command ou manual.")
    ] = "reference",
    address: Annotated[
        str | None, typer.Option("--adresse", help="Adresse du pilote HTTP du logiciel.")
    ] = None,
    command: Annotated[
        str | None,
        typer.Option("--commande", help="Exécutable du logiciel (drivers command et reference)."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="Ne jouer que les scénarios dont le nom a ce texte."),
    ] = None,
    seed: Seed = 1,
    folder: Folder = None,
    store: StoreUrl = None,
    expected: Expected = None,
    port: BasePort = None,
    product: Product = None,
) -> None:
    """Joue des fonctionnalités contre un logiciel et rend un verdict."""
    from bench.campaign import Settings
    from bench.campaign import run as play
    from bench.products import read_product
    from bench.screen import CampaignProgress, print_result
    from bench.selection import choose_driver, read_expected

    settings = Settings(
        features=tuple(features or ()),
        scenario=scenario,
        folder=folder,
        seed=seed,
        store_url=store,
        base_port=port,
        product=read_product(product),
        expected=read_expected(expected),
    )
    with CampaignProgress(err) as progress:
        result = play(settings, choose_driver(driver, address, command), progress)
    print_result(out, result)
    raise typer.Exit(result.finished.exit_code)


@app.command()
def serve(
    seed: Seed = 1,
    folder: Folder = None,
    store: StoreUrl = None,
    port: BasePort = None,
    product: Product = None,
    expected: Expected = None,
    vpcd: Annotated[
        str | None,
        typer.Option("--vpcd", help="Met une CPS et une Vitale dans ce vpcd (hôte:port)."),
    ] = None,
) -> None:
    """Démarre les simulateurs et observe ; Ctrl-C termine par le rapport."""
    from bench.campaign import Settings
    from bench.products import read_product
    from bench.screen import print_result
    from bench.selection import read_expected
    from bench.serving import serve_until_interrupted

    settings = Settings(
        folder=folder,
        seed=seed,
        store_url=store,
        base_port=port,
        product=read_product(product),
        expected=read_expected(expected),
        options={"cartes": {"acces": "pcsc", "vpcd": vpcd}} if vpcd else {},
    )
    result = serve_until_interrupted(settings, out)
    print_result(out, result)
    raise typer.Exit(result.finished.exit_code)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Fichiers à juger, ou numéros d'ordonnance.")],
    context: Annotated[
        Path | None,
        typer.Option("--context", help="JSON : instant, certificat TLS, enveloppe, identités…"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Constats en JSON.")] = False,
    wires: Annotated[
        Path | None,
        typer.Option("--adaptateurs", help="Dossier d'adaptateurs d'ordonnance numérique (TOML)."),
    ] = None,
) -> None:
    """Juge des captures : CDA, IHE_XDM.zip, .eml, SOAP, HTTP, PDF, datamatrix, Code 2D, numéro."""
    from bench.inspection import inspect_files
    from bench.screen import print_inspections

    if wires is not None:
        from bench.wires import read_wires

        read_wires(wires)
    inspections = inspect_files(files, context)
    if as_json:
        sys.stdout.write(
            json.dumps([i.to_json() for i in inspections], ensure_ascii=False, indent=2)
        )
        sys.stdout.write("\n")
    else:
        print_inspections(out, inspections)
    failing = any(i.fails for i in inspections)
    raise typer.Exit(ExitCode.NON_CONFORME if failing else ExitCode.CONFORME)


@app.command()
def verdict(
    campaign: Annotated[Path, typer.Argument(help="Dossier d'une campagne.")],
    store: StoreUrl = None,
    expected: Expected = None,
) -> None:
    """Juge de nouveau une campagne, à partir de son seul journal."""
    from bench.campaign import judge_again
    from bench.screen import print_result
    from bench.selection import read_expected

    result = judge_again(campaign, store, read_expected(expected))
    print_result(out, result)
    raise typer.Exit(result.finished.exit_code)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Dossier d'une campagne.")],
    second: Annotated[Path, typer.Argument(help="Dossier d'une autre.")],
    store: StoreUrl = None,
) -> None:
    """Montre ce qui diffère entre deux campagnes, hors des champs déclarés variables."""
    from bench.compare import compare as differences
    from bench.screen import print_differences

    found = differences(first, second, store)
    print_differences(out, found)
    raise typer.Exit(1 if found else 0)


@app.command()
def environment(
    campaign: Annotated[Path, typer.Argument(help="Dossier d'une campagne ou d'un banc démarré.")],
    form: Annotated[str, typer.Option("--format", help="json, env, hotes ou confiance.")] = "json",
) -> None:
    """Donne à un logiciel tout ce qu'il lui faut : adresses, certificats, confiance."""
    names = {"json": "environnement.json", "env": "environnement.env", "hotes": "hotes"}
    if form == "confiance":
        for page in sorted((campaign / "confiance").glob("*")):
            out.print(str(page), soft_wrap=True, highlight=False, markup=False)
        return
    if form not in names:
        raise UsageError(f"Format inconnu : {form}. Choisissez json, env, hotes ou confiance.")
    path = campaign / names[form]
    if not path.is_file():
        raise UsageError(f"{path} n'existe pas : démarrez le banc avec « segur-bench serve ».")
    sys.stdout.write(path.read_text(encoding="utf-8"))


@app.command()
def exigences(
    identifier: Annotated[str | None, typer.Argument(help="Une exigence ou un contrôle.")] = None,
    covered: Annotated[bool, typer.Option("--couvertes", help="Seulement les couvertes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON.")] = False,
) -> None:
    """Dit ce qui est couvert, par quelle fonctionnalité et quel contrôle, dans les deux sens."""
    from bench.coverage import coverage
    from bench.screen import print_coverage

    rows = coverage(identifier, only_covered=covered)
    if not rows:
        raise UsageError(f"Ni exigence ni contrôle ne s'appelle « {identifier} ».")
    if as_json:
        sys.stdout.write(
            json.dumps([r.to_json() for r in rows], ensure_ascii=False, indent=2) + "\n"
        )
    else:
        print_coverage(out, rows)


@app.command()
def checks() -> None:
    """Liste les contrôles : identifiant, poids, objet, source."""
    from rules.checking import sorted_items

    table = Table("Contrôle", "Poids", "Objet", "Ce qui est vérifié", "Source")
    for (name, subject), declared in sorted_items():
        mark = " (hors spécification)" if declared.hors_specification else ""
        table.add_row(
            name, declared.severity.value, subject.__name__, declared.title + mark, declared.source
        )
    out.print(table)


@app.command()
def defects(
    folder: Annotated[Path, typer.Option("--dossier", help="Dossier des LGC défectueux.")] = Path(
        "tests/defects"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="En JSON.")] = False,
    play: Annotated[
        bool, typer.Option("--jouer", help="Joue chaque défaut et compare à ce qui est déclaré.")
    ] = False,
) -> None:
    """Montre quelles erreurs d'éditeur sont plantées, et quels contrôles les attrapent."""
    from bench.defects import load, matrix, print_matrix, print_played

    catalogue = load(folder)
    if not play:
        if as_json:
            sys.stdout.write(json.dumps(matrix(catalogue.DEFECTS), ensure_ascii=False, indent=2))
            sys.stdout.write("\n")
        else:
            print_matrix(out, catalogue.DEFECTS)
        return
    results = []
    for played in catalogue.play(catalogue.DEFECTS):
        results.append(played)
        if not as_json:
            print_played(out, played)
    if as_json:
        shown = [played.to_json() for played in results]
        sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    held = all(played.holds for played in results)
    raise typer.Exit(ExitCode.CONFORME if held else ExitCode.NON_CONFORME)


@app.command()
def schema() -> None:
    """Donne le schéma JSON du flux d'événements des rapports."""
    from reports.events import json_schema

    sys.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")


@app.command()
def benchmark(
    quick: Annotated[bool, typer.Option("--rapide", help="Moins d'essais.")] = False,
    peers: Annotated[
        bool, typer.Option("--temoins", help="Mesure aussi GreenMail et maildev.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON.")] = False,
) -> None:
    """Mesure le banc à côté de serveurs nus : démarrage, mémoire, débits, aller-retours."""
    from bench.benchmark.plan import FULL, QUICK
    from bench.benchmark.running import run as measure
    from bench.benchmark.running import steps
    from bench.benchmark.screen import BenchmarkProgress, print_benchmark

    plan = QUICK if quick else FULL
    with BenchmarkProgress(err, steps(plan, with_peers=peers)) as progress:
        measured = measure(plan, with_peers=peers, step=progress)
    if as_json:
        sys.stdout.write(json.dumps(measured.to_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        print_benchmark(out, measured)


cards = typer.Typer(help="Cartes virtuelles : lecteurs PC/SC, fichiers, API de lecture Vitale.")
app.add_typer(cards, name="cards", no_args_is_help=True)


@cards.command("host")
def cards_host(
    image: Annotated[Path, typer.Argument(help="Image de la carte (voir « cards export »).")],
    vpcd: Annotated[
        str, typer.Option("--vpcd", help="Adresse du lecteur virtuel de vsmartcard.")
    ] = "localhost:35963",
) -> None:
    """Met une carte dans un lecteur de pcscd, jusqu'à Ctrl-C."""
    from bench.cards import host_card

    host_card(image, vpcd, lambda text: out.print(text, highlight=False, soft_wrap=True))


@cards.command("export")
def cards_export(
    campaign: Annotated[Path, typer.Argument(help="Dossier d'une campagne.")],
    target: Annotated[
        Path | None, typer.Option("--vers", help="Dossier à écrire (défaut : cartes/images).")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Écrit les cartes d'une campagne en fichiers, pour un autre hôte."""
    from bench.card_files import export_cards

    for path in export_cards(campaign, target, store):
        out.print(str(path), soft_wrap=True, highlight=False, markup=False)


@cards.command("api")
def cards_api(
    target: Annotated[Path, typer.Argument(help="Dossier où mettre la bibliothèque.")],
    compiler: Annotated[
        str,
        typer.Option("--compilateur", help="cc, ou x86_64-w64-mingw32-gcc pour une DLL Windows."),
    ] = "cc",
) -> None:
    """Bâtit l'API de lecture de la carte Vitale, à charger à la place de api_lec."""
    from bench.cards import build_api

    out.print(str(build_api(target, compiler)), soft_wrap=True, highlight=False, markup=False)


@cards.command("variants")
def cards_variants() -> None:
    """Liste les variantes de cartes : expirée, bloquée, numéro trop court…"""
    from bench.cards import known_variants

    table = Table("Carte", "Variante", "Ce qu'elle a")
    for row in known_variants():
        table.add_row(*row)
    out.print(table)


@app.command()
def version() -> None:
    """Donne la version du banc."""
    out.print(f"segur-bench {__version__}", highlight=False)


def main() -> None:
    """Entry point: a user's mistake prints one French sentence, never a traceback."""
    try:
        app(standalone_mode=True)
    except BenchError as error:
        err.print(f"[bold red]Erreur[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise SystemExit(int(error.exit_code)) from None
    except KeyboardInterrupt:
        raise SystemExit(int(ExitCode.ENVIRONMENT)) from None


if __name__ == "__main__":
    main()
