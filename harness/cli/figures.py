"""`bench figures`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import echo


@click.command()
@click.argument("names", nargs=-1)
@options.results_dir
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--suite", default=None, help="quick, paper, extended or recipes  [default: what was recorded]")
@click.option("--models", "-m", multiple=True, help="Only these models.")
@click.option("--baseline", default=None, help="What others are compared with  [default: bert, else minilm]")
@click.option("--format", "formats", default="svg", show_default=True, help="svg, pdf or png; several comma-separated.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("figures"),
    show_default=True,
    help="Directory for the files, one a figure and format, and README.md with the captions.",
)
def figures(
    names: tuple[str, ...],
    results_dir: Path,
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    suite: str | None,
    models: tuple[str, ...],
    baseline: str | None,
    formats: str,
    output: Path,
) -> None:
    """Draw the recorded results.

    NAMES are forest, geometry, pca, plane-emobank, plane-facebook, plane-emotales, confusion-goemotions,
    confusion-sst5, cost, critical-difference; all by default. Nothing is measured. `pca` needs vectors: it takes them
    from the cache once, and keeps their projection beside the records.
    """
    from harness.cli.recorded import read_recorded
    from harness.figures import FORMATS, Drawing, Source, check_matplotlib, draw_all, to_bytes
    from harness.figures.catalogue import captions
    from harness.files import write_bytes, write_text

    wanted = options.split_names((formats,))
    for fmt in wanted:
        if fmt not in FORMATS:
            raise UsageError(f"there is no format {fmt!r}; there are {', '.join(FORMATS)}")
    check_matplotlib()
    options.go_offline(offline)
    recorded = read_recorded(results_dir, suite, models)
    from harness.corpora import CorpusRegistry

    source = Source.of(
        recorded.store,
        recorded.records,
        recorded.tasks,
        library=CorpusRegistry(data_dir, cache_dir, offline=True),
        cache_dir=cache_dir,
        baseline=baseline,
        recommended=recorded.recommended,
    )
    found = []
    for item in draw_all(source, names or None):
        found.append(item)
        if isinstance(item, Drawing):
            for fmt in wanted:
                path = output / f"{item.key}.{fmt}"
                write_bytes(path, to_bytes(item, fmt), "a figure")
                echo(f"{path}")
        else:
            echo(f"{item.key}: not drawn: {item.reason}", err=True)
    if not names:
        write_text(output / "README.md", captions(found, wanted[0]), "captions")
